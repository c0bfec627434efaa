// What was asked of the device and what it said, the newest first; loaded where somebody wants to see it.
import type { DeviceState, StateChange } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatValue } from '../i18n/format.ts';
import { openListing } from '../model/listing.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { useOpened } from '../ui/use-opened.ts';

const words = text.state;
const pageRows = 20;

/** Loads again with each new state. */
export function StateHistory({ device, state }: { device: string; state: DeviceState }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="state-more" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{words.history}</summary>
      {isOpen && <Changes device={device} state={state} />}
    </details>
  );
}

function Changes({ device, state }: { device: string; state: DeviceState }) {
  const { api } = useApp();
  const list = useOpened(
    () =>
      openListing<StateChange>(
        ({ id }) => String(id),
        cursor => api.stateHistory(device, { limit: pageRows, cursor }),
      ),
    [device],
  );
  useEffect(() => list?.reload(), [state]);
  if (list === null) return null;
  const items = list.items.value;
  return (
    <>
      {list.error.value !== null && <Failure error={list.error.value} retry={list.reload} />}
      {items?.length === 0 && <p class="muted">{words.historyNone}</p>}
      <ol class="entries is-log">
        {items?.map(each => (
          <Change key={each.id} of={each} />
        ))}
      </ol>
      {list.more.value && (
        <button type="button" class="button is-small" onClick={list.loadMore}>
          {text.fleet.more}
        </button>
      )}
    </>
  );
}

function Change({ of: { at, side, version, fields, by, reason } }: { of: StateChange }) {
  const parts = Object.entries(fields).map(([name, value]) =>
    value === null ? words.tookBack(name) : words.set(name, formatValue(value)),
  );
  return (
    <li class="entry" data-side={side}>
      <div class="entry-what">
        <p>
          <b>{parts.join(', ')}</b>
        </p>
        <p class="muted small">
          {side === 'desired' ? words.asked : words.reported}
          {by !== null && ` ${words.by(by)}`}
          {version !== null && `, ${words.version(version)}`}
          {reason !== null && `: ${reason}`}
        </p>
      </div>
      <span class="muted small">
        <Age at={at} />
      </span>
    </li>
  );
}
