// The question before a dangerous command: the device's id is typed, and a reason given.
import { type CommandRequest, limits } from '@telltale/gateway/contract';
import { useLayoutEffect, useState } from 'preact/hooks';
import { ApiError } from '../history/rest.ts';
import { text } from '../i18n/en.ts';
import { FormEnd } from '../ui/dialog.tsx';
import { Line } from '../ui/fields.tsx';
import type { Sending } from './use-sending.ts';

type Props = {
  device: string;
  params: unknown;
  submit: string;
  sending: Sending;
  send(more: Required<Pick<CommandRequest, 'confirm' | 'reason'>>): Promise<boolean>;
  close(): void;
};

/** Closes where the gateway took it, and where it refuses the parameters: those are mended behind it. */
export function CommandConfirm({ device, params, submit, sending, send, close }: Props) {
  const [confirm, setConfirm] = useState('');
  const [reason, setReason] = useState('');
  const { error } = sending;
  const [before] = useState(error);
  const isOfParams = error !== before && error instanceof ApiError && error.code === 'params_refused';
  useLayoutEffect(() => {
    if (isOfParams) close();
  }, [isOfParams]);
  const ask = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await send({ confirm, reason: reason.trim() })) close();
  };
  return (
    <form class="command-confirm" onSubmit={ask}>
      {params !== undefined && <code class="command-params">{JSON.stringify(params)}</code>}
      <Line label={text.command.confirmId(device)} value={confirm} input={setConfirm} autocomplete="off" />
      <Line
        label={text.command.confirmReason}
        value={reason}
        input={setReason}
        maxLength={limits.commandReasonLengthMax}
        autocomplete="off"
      />
      <FormEnd
        // What went wrong before this was opened is no answer to it.
        action={{ busy: sending.busy, error: error === before ? null : error }}
        submit={submit}
        danger
        disabled={confirm !== device || reason.trim() === ''}
        cancel={close}
      />
    </form>
  );
}
