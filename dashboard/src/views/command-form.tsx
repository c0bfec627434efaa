// The form that sends a command. One press is one command.

import type { Command, CommandRequest, Device } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatDuration } from '../i18n/format.ts';
import { Failure } from '../ui/failure.tsx';
import { CommandChips } from './command-chips.tsx';
import { recallCommands, rememberCommand } from './command-memory.ts';
import { readParams } from './command-params.ts';
import { offeredCommands } from './offered-commands.ts';
import { ParamsField } from './params-field.tsx';
import { isUncertain, useSending } from './use-sending.ts';

const lives = [10_000, limits.commandTtlMsDefault, 120_000, 600_000, 3_600_000] as const;

type Props = { device: Device; sent(command: Command): void };

/** The form keeps what was typed: the next command is often the same with another number. */
export function CommandForm({ device, sent }: Props) {
  const [name, setName] = useState('');
  const [json, setJson] = useState('');
  const [ttlMs, setTtlMs] = useState<number>(limits.commandTtlMsDefault);
  const [reason, setReason] = useState('');
  const [memory, setMemory] = useState(() => recallCommands(device.id));
  const [chosen, setChosen] = useState(0);
  const { busy, error, send } = useSending(device.id, sent);
  const offered = offeredCommands(device.attributes);
  const read = readParams(json);
  // Where the device says what a command takes, an example would only mislead.
  const example = offered.some(each => each.name === name.trim()) ? '' : text.command.paramsExample;
  const uncertain = error !== null && isUncertain(error);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!read.ok) return;
    const request: CommandRequest = {
      name: name.trim(),
      ttlMs,
      ...(read.params === undefined ? {} : { params: read.params }),
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
    };
    if (await send(request)) setMemory(rememberCommand(device.id, { name: request.name, params: json.trim() }));
  };

  return (
    <form class="card command-form" onSubmit={submit}>
      <h2>{text.command.title}</h2>
      <CommandChips
        offered={offered}
        remembered={memory}
        name={name}
        choose={each => {
          setName(each.name);
          setJson(each.params);
          setChosen(chosen + 1);
        }}
      />
      <label class="field">
        <span class="label">{text.command.name}</span>
        <input
          value={name}
          onInput={event => setName(event.currentTarget.value)}
          required
          maxLength={limits.commandNameLengthMax}
          autocapitalize="none"
          spellcheck={false}
        />
      </label>
      <ParamsField json={json} read={read} chosen={chosen} example={example} input={setJson} />
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
          <input
            value={reason}
            onInput={event => setReason(event.currentTarget.value)}
            maxLength={limits.commandReasonLengthMax}
          />
        </label>
      </div>
      {device.presence.state !== 'online' && (
        <p class="notice is-late">{text.command.deviceAway(formatDuration(ttlMs))}</p>
      )}
      {error !== null && <Failure error={error} />}
      {uncertain && <p class="hint">{text.command.uncertain}</p>}
      <div class="actions">
        <button type="submit" class="button is-primary" disabled={busy || !read.ok || name.trim() === ''}>
          {busy ? text.command.sending : uncertain ? text.command.again : text.command.send}
        </button>
      </div>
    </form>
  );
}
