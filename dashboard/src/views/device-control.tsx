// The line under a device's head: who else is here, who has the device, and who changed it last; and what stands in the
// way of sending while another has it.
import { type Lease, limits } from '@telltale/gateway/contract';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatTime } from '../i18n/format.ts';
import { type ControlModel, heldByAnother, openDeviceControl } from '../model/device-control.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { DialogButton, FormEnd } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Line } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';
import { useMe } from '../ui/use-me.ts';
import { useOpened } from '../ui/use-opened.ts';

/** Names that are shown; a line of more is not read. */
const namesShown = 6;

/** Follows who is at a device, for as long as its page is open. */
export function useDeviceControl(device: string): ControlModel | null {
  const app = useApp();
  const me = useMe();
  const isLookedAt = () => document.visibilityState === 'visible';
  const model = useOpened(() => openDeviceControl(device, me, { ...app, isLookedAt }), [device, me]);
  useEffect(() => {
    const seen = () => isLookedAt() && model?.wake();
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, [model]);
  return model;
}

/** Nothing before it is known. */
export function DeviceControlLine({ model }: { model: ControlModel | null }) {
  const { live } = useApp();
  const me = useMe();
  const control = model?.control.value ?? null;
  if (model === null || control === null) return null;
  const others = control.watching.filter(name => name !== me);
  const { lastChange } = control;
  return (
    <section class="control-line" aria-label={text.control.label}>
      <div class="control-who">
        {!live.confirmed.value && <span class="muted">{text.control.unconfirmed}</span>}
        {live.confirmed.value && others.length > 0 && (
          <span role="status" data-watching title={others.join(', ')}>
            {text.control.alsoHere(namesOf(others))}
          </span>
        )}
        <Holder model={model} lease={control.lease} me={me} />
      </div>
      {lastChange !== null && (
        <span class="muted small control-last" data-last-change>
          {text.control.last[lastChange.what]} <code>{lastChange.name}</code> {text.control.by(lastChange.by)}{' '}
          <Age at={lastChange.at} />
        </span>
      )}
    </section>
  );
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, namesShown);
  const left = names.length - shown.length;
  // Beyond its limit the gateway tells no names; how many there are is not known then.
  if (names.length >= limits.watchingMax - 1) shown.push(text.control.others);
  else if (left > 0) shown.push(text.control.more(left));
  return shown.join(', ');
}

type HolderProps = { model: ControlModel; lease: Lease | null; me: string };

/** Who has it, and what may be done about that. */
function Holder({ model, lease, me }: HolderProps) {
  const { session, time } = useApp();
  const action = useAction();
  const mayTake = session.may('operator');
  const button = (label: string, work: () => Promise<void>) => (
    <button type="button" class="button is-small" disabled={action.busy} onClick={() => void action.run(work)}>
      {label}
    </button>
  );
  const isMine = lease?.by === me;
  const isKept = isMine && model.keeping.value;
  return (
    <>
      {lease !== null && (
        <span class={`control-held ${isMine ? 'is-mine' : 'is-held'}`} data-lease={lease.by}>
          <b role="status">{wordsOf(lease.by, isMine, model.takenBy.value !== null)}</b>{' '}
          {isKept ? text.control.mineKept : text.control.until(formatTime(lease.until, time.now()))}
          {lease.reason !== null && <span class="muted"> {text.control.because(lease.reason)}</span>}
        </span>
      )}
      {mayTake && !isMine && <TakeButton model={model} from={lease?.by ?? null} />}
      {mayTake && isMine && !isKept && button(text.control.keep, () => model.take())}
      {mayTake && isMine && button(text.control.giveBack, () => model.giveBack())}
      {action.error !== null && <Failure error={action.error} />}
    </>
  );
}

function wordsOf(holder: string, isMine: boolean, wasTaken: boolean): string {
  if (isMine) return text.control.mine;
  return wasTaken ? text.control.takenFrom(holder) : text.control.held(holder);
}

/** `from` has the device; null where nobody has. */
type TakeProps = { model: ControlModel; from: string | null };

function TakeButton({ model, from }: TakeProps) {
  const { take, takeOver, takeTitle, takeOverTitle } = text.control;
  return (
    <DialogButton
      label={from === null ? take : takeOver}
      title={from === null ? takeTitle : takeOverTitle(from)}
      class="button is-small"
    >
      {close => <TakeForm model={model} from={from} close={close} />}
    </DialogButton>
  );
}

/** Taking over needs a reason: whoever had it is told. */
function TakeForm({ model, from, close }: TakeProps & { close(): void }) {
  const action = useAction();
  const [written, setWritten] = useState('');
  const reason = written.trim();
  const isTakeOver = from !== null;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const request = { ...(reason !== '' && { reason }), ...(isTakeOver && { takeOver: true }) };
    if (await action.run(() => model.take(request))) close();
  };
  return (
    <form onSubmit={submit}>
      <p>{isTakeOver ? text.control.takeOverWarning(from) : text.control.takeWarning}</p>
      <Line
        label={isTakeOver ? text.control.reason : text.control.reasonOptional}
        value={written}
        input={setWritten}
        required={isTakeOver}
        autocomplete="off"
        maxLength={limits.commandReasonLengthMax}
      />
      <FormEnd
        action={action}
        submit={isTakeOver ? text.control.takeOver : text.control.take}
        danger={isTakeOver}
        disabled={isTakeOver && reason === ''}
        cancel={close}
      />
    </form>
  );
}

type GateProps = { model: ControlModel | null; quiet?: boolean; children: ComponentChildren };

/** What it holds cannot be used while another has the device, and says why; `quiet` where that is in sight anyway. */
export function ControlGate({ model, quiet = false, children }: GateProps) {
  const { session, time } = useApp();
  const other = heldByAnother(model?.control.value ?? null, useMe());
  // Who may send nothing anyway need not be told why.
  const held = session.may('operator') ? other : null;
  return (
    <fieldset class="control-gate" disabled={held !== null}>
      {held !== null && !quiet && (
        <p class="notice is-late">{text.control.gate(held.by, formatTime(held.until, time.now()))}</p>
      )}
      {children}
    </fieldset>
  );
}
