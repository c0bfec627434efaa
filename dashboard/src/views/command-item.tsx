// One command and what became of it. The words say what is proved: a command that was sent, or that the device says it
// has done, has not happened yet.
import type { Command, Transition } from '@telltale/gateway/contract';
import { isOpen } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatDuration, formatElapsed, formatFull, formatTime } from '../i18n/format.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon, type IconName } from '../ui/icons.tsx';
import { Link } from '../ui/link.tsx';
import { useAction } from '../ui/use-action.ts';
import { useIsMine } from '../ui/use-me.ts';
import { plainWords } from './command-words.ts';
import { effectWords, type Finding, findingsOf } from './expectation-words.ts';
import { deliveryWords, outcomeSigns, outcomeWords } from './outcome-words.ts';

const words = text.command;

type Props = { command: Command; changed(command: Command): void };

/** `title` is that of the command's type, where it has one. */
type ItemProps = Props & { title: string | null };

/** What was asked, what came of it and what proves that; then who and why, and every step with its time on demand. */
export function CommandItem({ command, title: typeTitle, changed }: ItemProps) {
  const { session } = useApp();
  const { icon, tone } = outcomeSigns[command.state];
  const { title, meaning } = outcomeWords(command);
  const params = plainWords(command.params);
  return (
    <li class={`command is-${tone}`} data-command={command.id} data-state={command.state}>
      <div class="command-head">
        <b class="command-name">{typeTitle ?? command.name}</b>
        {params !== '' && <code class="command-params">{params}</code>}
        <span class="muted small push">
          <Age at={command.createdAt} />
        </span>
      </div>
      <p class="command-state">
        <Icon name={icon} />
        <span>
          <b>{title}.</b> {meaning}
          <Countdown command={command} />
        </span>
      </p>
      <Proof command={command} />
      {command.error !== null && <p class="command-answer bad">{words.refusal(command.error)}</p>}
      {command.result !== null && command.result !== undefined && (
        <p class="command-answer">
          {words.result} <code>{plainWords(command.result) || JSON.stringify(command.result)}</code>
        </p>
      )}
      <Facts command={command} />
      {command.state === 'queued' && session.may('operator') && <Actions command={command} changed={changed} />}
      <Steps command={command} />
    </li>
  );
}

function Countdown({ command }: { command: Command }) {
  const { time } = useApp();
  if (command.state !== 'queued') return null;
  const left = command.expiresAt - time.ticking.value;
  return <span class="muted"> {words.expires(formatDuration(Math.max(0, left)))}</span>;
}

const verdictIcon: Record<Finding['verdict'], IconName> = { met: 'check', unmet: 'cross', nothing: 'question' };

/** Before anything is judged what will prove it, afterwards the readings that decided. */
function Proof({ command }: { command: Command }) {
  const { time } = useApp();
  const findings = findingsOf(command, time.now());
  if (findings.length > 0) {
    return (
      <ul class="command-proof" aria-label={words.proof}>
        {findings.map(({ expected, said, verdict }) => (
          <li key={expected} class={`is-${verdict}`} data-proof={verdict}>
            <Icon name={verdictIcon[verdict]} />
            <span>
              <b>{expected}:</b> {said}
            </span>
          </li>
        ))}
      </ul>
    );
  }
  if (!isOpen(command)) return null;
  return (
    <p class="command-effect" data-effect>
      {effectWords(command.expect)}
    </p>
  );
}

/** How often it was sent, who agreed to it, and the group that it belongs to. */
function Facts({ command }: { command: Command }) {
  const { approval, group } = command;
  const delivery = deliveryWords(command);
  if (delivery === '' && approval === null && group === null) return null;
  return (
    <ul class="command-facts muted small">
      {delivery !== '' && <li data-attempts={command.attempts}>{delivery}</li>}
      {approval !== null && (
        <li data-approved-by={approval.by} title={formatFull(approval.at)}>
          {words.approvedBy(approval.by)}
        </li>
      )}
      {group !== null && (
        <li>
          <Link to={{ name: 'group', id: group }}>{words.group}</Link>
        </li>
      )}
    </ul>
  );
}

function Steps({ command }: { command: Command }) {
  const { time } = useApp();
  return (
    <details class="steps">
      <summary>
        {words.by(command.by)}
        {command.reason !== null && `: ${command.reason}`}
      </summary>
      <ol>
        {command.transitions.map((step, i) => {
          const at = timeOf(step, command);
          return (
            <li key={`${step.state}${step.at}${step.cause}`}>
              <time title={formatFull(at)}>{formatTime(at, time.now())}</time>
              <span class="muted">{i === 0 ? '' : words.after(formatElapsed(at - command.createdAt))}</span>
              <span>
                {words.state[step.state]} <span class="muted">{causeWords(step)}</span>
              </span>
            </li>
          );
        })}
      </ol>
      <p class="muted small">{words.identity(command.name, command.id, command.from)}</p>
    </details>
  );
}

/** When it came about: that the device has it is written down some time after it said so, where no answer comes. */
function timeOf(step: Transition, { transitions, deliveredAt }: Command): number {
  const isTaken = step === transitions.findLast(({ cause }) => cause === 'delivered');
  return isTaken ? (deliveredAt ?? step.at) : step.at;
}

/** Why and by whom; that it was asked for the first step says. */
function causeWords({ state, cause, by }: Transition): string {
  if (cause === 'requested') return state === 'queued' ? words.cause.requested : '';
  return by === undefined ? words.cause[cause] : `${words.cause[cause]} ${words.stepBy(by)}`;
}

/** What may be done about one that waits: withdraw it, and for somebody else than who asked agree to it. */
function Actions({ command, changed }: Props) {
  const { api } = useApp();
  const isMine = useIsMine(command);
  const action = useAction();
  const asked = [command.name, plainWords(command.params)].join(' ').trim();
  const withdraw = async (item: Element | null) => {
    changed(await api.cancelCommand(command.id));
    // The button goes; who works without a mouse stays at the command.
    item?.querySelector('summary')?.focus();
  };
  return (
    <>
      {command.needsApproval && isMine && <p class="hint">{words.waitsOwn}</p>}
      {action.error !== null && <Failure error={action.error} />}
      <div class="actions">
        <button
          type="button"
          class="button is-small"
          disabled={action.busy}
          onClick={({ currentTarget }) => {
            const item = currentTarget.closest('[data-command]');
            void action.run(() => withdraw(item));
          }}
        >
          {words.withdraw}
        </button>
        {command.needsApproval && !isMine && (
          <ConfirmButton
            class="button is-small is-primary"
            label={words.approve}
            title={words.approveTitle(command.name)}
            warning={words.approveWarning(command.by, asked, command.reason, command.device)}
            submit={words.approveSubmit}
            work={async () => changed(await api.approveCommand(command.id))}
          />
        )}
      </div>
    </>
  );
}
