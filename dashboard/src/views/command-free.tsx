// The form that sends any command, with its parameters as JSON. One press is one command.

import type { Command, CommandRequest, Device } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatDuration } from '../i18n/format.ts';
import { Failure } from '../ui/failure.tsx';
import { CommandChips } from './command-chips.tsx';
import { LifeChoice, ReasonField } from './command-life.tsx';
import { recallCommands, rememberCommand } from './command-memory.ts';
import { readParams } from './command-params.ts';
import { offeredCommands } from './offered-commands.ts';
import { ParamsField } from './params-field.tsx';
import { isUncertain, useSending } from './use-sending.ts';

type Props = {
  device: Device;
  /** Names that have a form of their own. */
  typed: readonly string[];
  head: ComponentChildren;
  sent(command: Command): void;
};

/** The form keeps what was typed: the next command is often the same with another number. */
export function FreeCommand({ device, typed, head, sent }: Props) {
  const [name, setName] = useState('');
  const [json, setJson] = useState('');
  const [ttlMs, setTtlMs] = useState<number>(limits.commandTtlMsDefault);
  const [reason, setReason] = useState('');
  const [memory, setMemory] = useState(() => recallCommands(device.id));
  const [chosen, setChosen] = useState(0);
  const { busy, error, send } = useSending(device.id, sent);
  const offered = offeredCommands(device.attributes).filter(each => !typed.includes(each.name));
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
      {head}
      <CommandChips
        offered={offered}
        remembered={memory.filter(each => !typed.includes(each.name))}
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
        <LifeChoice ttlMs={ttlMs} choose={setTtlMs} />
        <ReasonField reason={reason} input={setReason} />
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
