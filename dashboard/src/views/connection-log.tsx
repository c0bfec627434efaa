// What became of the connections of a device or field gateway, for whoever asks why it does not get in.
import type { ConnectionEntry, ConnectionLog } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatFull } from '../i18n/format.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { detailWords, reasonWords, repeatWords } from './connection-words.ts';

const words = text.connections;
type Loaded = { log: ConnectionLog; at: number };

/** Does not follow live: it is read with care, and says when it was loaded. `turn` loads it again. */
export function ConnectionLogList({ load, turn }: { load(): Promise<ConnectionLog>; turn?: unknown }) {
  const { time } = useApp();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [error, setError] = useState<unknown>(null);
  const reload = () => {
    setError(null);
    load().then(log => setLoaded({ log, at: time.now() }), setError);
  };
  useEffect(reload, [turn]);
  return (
    <>
      {error !== null && <Failure error={error} retry={reload} />}
      {loaded !== null && (
        <div class="panel-head muted small">
          <span>
            {words.now(loaded.log.connected)} · {words.loaded} <Age at={loaded.at} />
          </span>
          <button type="button" class="button is-small push" onClick={reload}>
            {words.reload}
          </button>
        </div>
      )}
      {loaded?.log.entries.length === 0 && <p class="muted">{words.none}</p>}
      <ol class="entries is-log">
        {loaded?.log.entries.map((each, index) => (
          <LogEntry key={`${each.at} ${each.kind} ${index}`} of={each} />
        ))}
      </ol>
    </>
  );
}

function LogEntry({ of }: { of: ConnectionEntry }) {
  const reason = reasonWords(of.reason);
  const repeats = repeatWords(of);
  const refused = of.kind !== 'connected' && of.kind !== 'disconnected';
  return (
    <li class="entry" data-entry={of.kind}>
      <div class="entry-what">
        <p>
          <b class={refused ? 'bad' : undefined}>{words.kind[of.kind]}</b>
          {reason !== null && `: ${reason}`}
          {repeats !== null && <span class="mark">{repeats}</span>}
        </p>
        <p class="muted small">{detailWords(of)}</p>
      </div>
      <span class="muted small" title={formatFull(of.lastAt)}>
        <Age at={of.lastAt} />
      </span>
    </li>
  );
}
