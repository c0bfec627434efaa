// The voided ranges of one metric: by whom, why, and the way back for those who may.
import type { Void } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatSpan } from '../i18n/format.ts';
import { reasonLengthMax } from '../model/void-form.ts';
import { openVoidList } from '../model/void-list.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { useOpened } from '../ui/use-opened.ts';

type Props = {
  device: string;
  metric: string;
  /** Grows when a range was voided here. */
  turn: number;
  /** The readings of a range are back. */
  restored(): void;
};

/** Restored ones stay in the list: who voided what, and who took it back, is part of the record. */
export function VoidedRanges({ device, metric, turn, restored }: Props) {
  const { api } = useApp();
  const list = useOpened(() => openVoidList({ device, metric }, api), [device, metric]);
  useEffect(() => {
    if (turn > 0) list?.reload();
  }, [turn]);
  if (list === null) return null;
  const status = list.status.value;
  const items = list.items.value;
  const restore = async (id: string, reason: string) => {
    await list.restore(id, reason);
    restored();
  };
  return (
    <>
      {status === 'failed' && <Failure error={list.error.value} retry={list.reload} />}
      {items.length === 0 && status !== 'failed' && (
        <p class="muted small">{status === 'loading' ? text.loading : text.voids.none}</p>
      )}
      <ul class="voids">
        {items.map(each => (
          <VoidedRange key={each.id} of={each} restore={reason => restore(each.id, reason)} />
        ))}
      </ul>
      {list.more.value && (
        <button type="button" class="button is-small" onClick={list.loadMore}>
          {text.fleet.more}
        </button>
      )}
    </>
  );
}

function VoidedRange({ of, restore }: { of: Void; restore(reason: string): Promise<void> }) {
  const { session, time } = useApp();
  const [asking, setAsking] = useState(false);
  const span = formatSpan(of.from, of.to, time.now());
  return (
    <li class={of.restored === null ? 'voided' : 'voided is-restored'} data-void={of.id}>
      <div class="voided-head">
        <b>{span}</b>
        <span class="muted">
          <Age at={of.at} />
        </span>
        {of.restored === null && !asking && session.may('operator') && (
          <button
            type="button"
            class="button is-small push"
            aria-label={text.voids.restoreOf(span)}
            onClick={() => setAsking(true)}
          >
            {text.voids.restore}
          </button>
        )}
      </div>
      <p>{text.voids.by(of.by, of.reason)}</p>
      {of.restored !== null && <p class="muted">{text.voids.restored(of.restored.by, of.restored.reason)}</p>}
      {asking && of.restored === null && <RestoreForm restore={restore} cancel={() => setAsking(false)} />}
    </li>
  );
}

function RestoreForm({ restore, cancel }: { restore(reason: string): Promise<void>; cancel(): void }) {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await restore(reason.trim());
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  return (
    <form class="void-form" onSubmit={submit}>
      <label class="field">
        <span class="label">{text.voids.restoreReason}</span>
        <input
          value={reason}
          onInput={event => setReason(event.currentTarget.value)}
          maxLength={reasonLengthMax}
          required
        />
      </label>
      {error !== null && <Failure error={error} />}
      <div class="actions">
        <button type="button" class="button is-small" onClick={cancel}>
          {text.cancel}
        </button>
        <button type="submit" class="button is-small is-primary" disabled={busy || reason.trim() === ''}>
          {text.voids.restoreSubmit}
        </button>
      </div>
    </form>
  );
}
