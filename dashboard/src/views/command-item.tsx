// One command and what became of it. The words say what is proved: a command that was sent has not happened yet.

import type { Command, CommandState } from '@telltale/gateway/contract';
import { isOpen } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatDuration, formatFull, formatTime } from '../i18n/format.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { describe } from '../ui/failure.tsx';
import { Icon, type IconName } from '../ui/icons.tsx';

const signs: Record<CommandState, { icon: IconName; tone: 'open' | 'good' | 'bad' | 'unsure' | 'none' }> = {
  queued: { icon: 'hourglass', tone: 'open' },
  sent: { icon: 'arrow', tone: 'open' },
  acknowledged: { icon: 'check', tone: 'good' },
  verified: { icon: 'check', tone: 'good' },
  contradicted: { icon: 'cross', tone: 'bad' },
  rejected: { icon: 'cross', tone: 'bad' },
  failed: { icon: 'cross', tone: 'bad' },
  expired: { icon: 'clock', tone: 'none' },
  'timed-out': { icon: 'question', tone: 'unsure' },
  cancelled: { icon: 'stale', tone: 'none' },
  superseded: { icon: 'stale', tone: 'none' },
  unknown: { icon: 'question', tone: 'unsure' },
};

type Props = { command: Command; changed(command: Command): void };

/** State first, then who and why; every step with its time on demand. */
export function CommandItem({ command, changed }: Props) {
  const { session } = useApp();
  const { icon, tone } = signs[command.state];
  const params = command.params === null || command.params === undefined ? '' : JSON.stringify(command.params);
  return (
    <li class={`command is-${tone}`} data-command={command.id} data-state={command.state}>
      <div class="command-head">
        <b class="command-name">{command.name}</b>
        <span class="muted small">
          <Age at={command.createdAt} />
        </span>
      </div>
      {params !== '' && <code class="command-params">{params}</code>}
      <p class="command-state">
        <Icon name={icon} />
        <span>
          <b>{text.command.state[command.state]}.</b> {text.command.meaning[command.state]}
          <Countdown command={command} />
        </span>
      </p>
      {command.error !== null && <p class="command-answer bad">{command.error}</p>}
      {command.result !== null && command.result !== undefined && (
        <p class="command-answer">
          {text.command.result} <code>{JSON.stringify(command.result)}</code>
        </p>
      )}
      {command.state === 'queued' && session.may('operator') && <Cancel command={command} changed={changed} />}
      <Steps command={command} />
    </li>
  );
}

function Countdown({ command }: { command: Command }) {
  const { time } = useApp();
  if (command.state !== 'queued') return null;
  const left = command.expiresAt - time.ticking.value;
  return <span class="muted"> {text.command.expires(formatDuration(Math.max(0, left)))}</span>;
}

function Steps({ command }: { command: Command }) {
  const { time } = useApp();
  return (
    <details class="steps" open={isOpen(command)}>
      <summary>
        {text.command.by(command.by)}
        {command.reason !== null && `: ${command.reason}`}
      </summary>
      <ol>
        {command.transitions.map(step => (
          <li key={`${step.state}${step.at}`}>
            <time title={formatFull(step.at)}>{formatTime(step.at, time.now())}</time>
            <span>{text.command.state[step.state]}</span>
            <span class="muted">{text.command.cause[step.cause]}</span>
          </li>
        ))}
      </ol>
      <p class="muted small">{text.command.identity(command.id, command.from)}</p>
    </details>
  );
}

function Cancel({ command, changed }: Props) {
  const { api } = useApp();
  const [error, setError] = useState<unknown>(null);
  const cancel = async () => {
    try {
      changed(await api.cancelCommand(command.id));
    } catch (reason) {
      setError(reason);
    }
  };
  return (
    <p class="actions">
      {error !== null && <span class="bad small">{describe(error).title}</span>}
      <button type="button" class="button is-small" onClick={cancel}>
        {text.command.withdraw}
      </button>
    </p>
  );
}
