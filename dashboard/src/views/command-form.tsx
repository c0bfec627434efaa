// The form that sends a command. One press is one command.

import type { Command, CommandRequest, Device } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatDuration } from '../i18n/format.ts';
import { Failure } from '../ui/failure.tsx';
import { type RememberedCommand, recallCommands, rememberCommand } from './command-memory.ts';
import { isUncertain, useSending } from './use-sending.ts';

const lives = [10_000, limits.commandTtlMsDefault, 120_000, 600_000, 3_600_000] as const;

/** `bad` says why it cannot be sent. An empty text means no parameters. */
function readParams(json: string): { params?: unknown; bad: string | null } {
  if (json.trim() === '') return { bad: null };
  if (new TextEncoder().encode(json).length > limits.commandParamsBytesMax) return { bad: text.command.paramsTooLong };
  try {
    return { params: JSON.parse(json) as unknown, bad: null };
  } catch (error) {
    return { bad: text.command.paramsBad(error instanceof Error ? error.message : '') };
  }
}

type Props = { device: Device; sent(command: Command): void };

/** The form keeps what was typed: the next command is often the same with another number. */
export function CommandForm({ device, sent }: Props) {
  const [name, setName] = useState('');
  const [json, setJson] = useState('');
  const [ttlMs, setTtlMs] = useState<number>(limits.commandTtlMsDefault);
  const [reason, setReason] = useState('');
  const [memory, setMemory] = useState(() => recallCommands(device.id));
  const { busy, error, send } = useSending(device.id, sent);
  const { params, bad } = readParams(json);
  const uncertain = error !== null && isUncertain(error);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const request: CommandRequest = {
      name: name.trim(),
      ttlMs,
      ...(params === undefined ? {} : { params }),
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
    };
    if (await send(request)) setMemory(rememberCommand(device.id, { name: request.name, params: json.trim() }));
  };

  return (
    <form class="card command-form" onSubmit={submit}>
      <h2>{text.command.title}</h2>
      <Remembered
        memory={memory}
        choose={each => {
          setName(each.name);
          setJson(each.params);
        }}
      />
      <label class="field">
        <span class="label">{text.command.name}</span>
        <input
          value={name}
          onInput={event => setName(event.currentTarget.value)}
          required
          maxLength={128}
          autocapitalize="none"
          spellcheck={false}
        />
      </label>
      <label class="field">
        <span class="label">{text.command.params}</span>
        <textarea
          class="code"
          rows={2}
          value={json}
          placeholder='{"on": true}'
          onInput={event => setJson(event.currentTarget.value)}
          autocapitalize="none"
          spellcheck={false}
          aria-invalid={bad !== null}
        />
        {bad !== null && <span class="hint bad">{bad}</span>}
      </label>
      <div class="field-row">
        <label class="field">
          <span class="label">{text.command.ttl}</span>
          <select value={String(ttlMs)} onChange={event => setTtlMs(Number(event.currentTarget.value))}>
            {lives.map(ms => (
              <option key={ms} value={String(ms)}>
                {formatDuration(ms)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span class="label">{text.command.reason}</span>
          <input value={reason} onInput={event => setReason(event.currentTarget.value)} maxLength={500} />
        </label>
      </div>
      {device.presence.state !== 'online' && (
        <p class="notice is-late">{text.command.deviceAway(formatDuration(ttlMs))}</p>
      )}
      {error !== null && <Failure error={error} />}
      {uncertain && <p class="hint">{text.command.uncertain}</p>}
      <div class="actions">
        <button type="submit" class="button is-primary" disabled={busy || bad !== null || name.trim() === ''}>
          {busy ? text.command.sending : uncertain ? text.command.again : text.command.send}
        </button>
      </div>
    </form>
  );
}

type RememberedProps = { memory: readonly RememberedCommand[]; choose(command: RememberedCommand): void };

/** What was sent before, to be sent again with a press or two. */
function Remembered({ memory, choose }: RememberedProps) {
  if (memory.length === 0) return null;
  return (
    <fieldset class="chips">
      <legend class="hidden">{text.command.remembered}</legend>
      {memory.map(each => (
        <button key={`${each.name} ${each.params}`} type="button" class="chip" onClick={() => choose(each)}>
          {each.name} {each.params}
        </button>
      ))}
    </fieldset>
  );
}
