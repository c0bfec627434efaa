// The form of one command type, made from the schema of its parameters. One press is one command; what is dangerous is
// asked about once more.
import type { Command, CommandRequest, CommandType, Device } from '@telltale/gateway/contract';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../history/rest.ts';
import { text } from '../i18n/en.ts';
import { formatDuration } from '../i18n/format.ts';
import { DialogButton } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { CommandConfirm } from './command-confirm.tsx';
import { readTypeDraft, typeProblems } from './type-draft.ts';
import { beginTyped, sendWords, TypeFields } from './type-fields.tsx';
import { isUncertain, type Sending, useSending } from './use-sending.ts';

type Props = { type: CommandType; device: Device; head: ComponentChildren; sent(command: Command): void };

export function TypedCommand({ type, device, head, sent }: Props) {
  const sending = useSending(device.id, sent);
  const [typed, setTyped] = useState(() => beginTyped(type));
  const { ttlMs } = typed;
  const reason = typed.reason.trim();
  const params = readTypeDraft(type, typed.draft);
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
    await sending.send(request(reason === '' ? {} : { reason }));
  };
  return (
    <div class="card command-form">
      {head}
      <form class="command-fields" onSubmit={submit}>
        <TypeFields
          type={type}
          typed={typed}
          error={sending.error}
          change={change => setTyped({ ...typed, ...change })}
        />
        {device.presence.state !== 'online' && (
          <p class="notice is-late">{text.command.deviceAway(formatDuration(ttlMs))}</p>
        )}
        <Problem sending={sending} isShown={typeProblems(type, sending.error) === null} />
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

function submitWords(type: CommandType, { busy, error }: Sending): string {
  if (busy) return text.command.sending;
  if (error !== null && isUncertain(error)) return text.command.again;
  return sendWords(type);
}
