// The form of one command type, made from the schema of its parameters. One press is one command; what is dangerous is
// asked about once more.
import type { Command, CommandRequest, CommandType, Device } from '@telltale/gateway/contract';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../history/rest.ts';
import { text } from '../i18n/en.ts';
import { formatDuration } from '../i18n/format.ts';
import { beginDraft, fieldsOf, type ParamField, problemsByField, readDraft } from '../model/command-fields.ts';
import { DialogButton } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { CommandConfirm } from './command-confirm.tsx';
import { LifeChoice, ReasonField } from './command-life.tsx';
import { CommandParam } from './command-param.tsx';
import { readParams } from './command-params.ts';
import { typeEffectWords } from './command-words.ts';
import { ParamsField } from './params-field.tsx';
import { isUncertain, type Sending, useSending } from './use-sending.ts';

type Props = { type: CommandType; device: Device; head: ComponentChildren; sent(command: Command): void };

export function TypedCommand({ type, device, head, sent }: Props) {
  const sending = useSending(device.id, sent);
  const [ttlMs, setTtlMs] = useState(type.ttlMs);
  const [reason, setReason] = useState('');
  const { fields, params, whole } = useParams(type, sending.error);
  const isDangerous = type.danger === 'danger';
  const request = (more: Pick<CommandRequest, 'confirm' | 'reason'>): CommandRequest => ({
    name: type.name,
    ttlMs,
    ...(params === null || params.value === undefined ? {} : { params: params.value }),
    ...more,
  });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (params === null || isDangerous) return;
    await sending.send(request(reason.trim() === '' ? {} : { reason: reason.trim() }));
  };
  return (
    <div class="card command-form">
      {head}
      <form class="command-fields" onSubmit={submit}>
        {type.description !== null && <p>{type.description}</p>}
        {fields}
        <div class="field-row">
          <LifeChoice ttlMs={ttlMs} choose={setTtlMs} />
          {!isDangerous && <ReasonField reason={reason} input={setReason} />}
        </div>
        <Notices type={type} device={device} ttlMs={ttlMs} params={params?.value} />
        <Problem sending={sending} isShown={whole} />
        {!isDangerous && (
          <div class="actions">
            <button type="submit" class="button is-primary" disabled={sending.busy || params === null}>
              {submitWords(type, sending)}
            </button>
          </div>
        )}
      </form>
      {isDangerous && (
        <div class="actions">
          <DialogButton
            label={text.command.confirm}
            title={text.command.confirmTitle(type.title ?? type.name)}
            class="button is-danger"
            disabled={params === null}
          >
            {close => (
              <CommandConfirm
                device={device.id}
                params={params?.value}
                submit={submitWords(type, sending)}
                sending={sending}
                send={more => sending.send(request(more))}
                close={close}
              />
            )}
          </DialogButton>
        </div>
      )}
    </div>
  );
}

/**
 * The fields, and what would be sent: null while that cannot be. `whole` is false where the gateway's refusal is shown at
 * the fields.
 */
function useParams(
  type: CommandType,
  error: unknown,
): { fields: ComponentChildren; params: { value?: unknown } | null; whole: boolean } {
  const made = fieldsOf(type.params);
  const [draft, setDraft] = useState(() => beginDraft(made ?? []));
  const [json, setJson] = useState('');
  if (made === null) {
    const read = readParams(json);
    const example = type.params === null ? text.command.paramsExample : '';
    const fields = <ParamsField json={json} read={read} chosen={0} example={example} input={setJson} />;
    return { fields, params: read.ok ? { value: read.params } : null, whole: true };
  }
  const read = readDraft(made, draft);
  const problems = error instanceof ApiError ? problemsByField(made, error.fields) : null;
  const fields = made.map((field: ParamField) => (
    <CommandParam
      key={field.name}
      field={field}
      value={draft[field.name] ?? ''}
      wrong={!read.ok && read.wrong.includes(field.name)}
      problem={problems?.get(field.name)}
      input={value => setDraft(before => ({ ...before, [field.name]: value }))}
    />
  ));
  return { fields, params: read.ok ? { value: read.params } : null, whole: problems === null };
}

type NoticeProps = { type: CommandType; device: Device; ttlMs: number; params: unknown };

function Notices({ type, device, ttlMs, params }: NoticeProps) {
  const known = params !== null && typeof params === 'object' ? (params as Record<string, unknown>) : {};
  const labelOf = (name: string) => type.params?.properties?.[name]?.title ?? name;
  return (
    <>
      <p class="hint" data-effect>
        {typeEffectWords(type, known, labelOf)}
      </p>
      {type.danger === 'caution' && <p class="notice is-late">{text.command.caution}</p>}
      {type.danger === 'danger' && <p class="notice is-bad">{text.command.danger}</p>}
      {type.secondPerson && <p class="notice is-late">{text.command.secondPerson}</p>}
      {device.presence.state !== 'online' && (
        <p class="notice is-late">{text.command.deviceAway(formatDuration(ttlMs))}</p>
      )}
    </>
  );
}

/** What went wrong; where the fields show it only that something did. */
function Problem({ sending: { error }, isShown }: { sending: Sending; isShown: boolean }) {
  if (error === null) return null;
  if (!isShown && error instanceof ApiError) {
    return (
      <p class="notice is-bad" role="alert">
        <b>{error.message}</b>
      </p>
    );
  }
  return (
    <>
      <Failure error={error} />
      {isUncertain(error) && <p class="hint">{text.command.uncertain}</p>}
    </>
  );
}

function submitWords({ secondPerson }: CommandType, { busy, error }: Sending): string {
  if (busy) return text.command.sending;
  if (error !== null && isUncertain(error)) return text.command.again;
  return secondPerson ? text.command.ask : text.command.send;
}
