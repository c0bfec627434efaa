// All devices: search, presence, and the first few values of each with their age.
import { useEffect, useRef, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatCount } from '../i18n/format.ts';
import { openFleet } from '../model/fleet.ts';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icons.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { AddDevice } from './add-device.tsx';
import { FleetRow } from './fleet-row.tsx';

/** Typing settles before the gateway is asked. */
const searchDelayMs = 250;

/** The page one sees first. */
export function FleetView() {
  const app = useApp();
  const fleet = useOpened(() => openFleet(app), []);
  const [query, setQuery] = useState('');
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    return app.clock.after(searchDelayMs, () => fleet?.search(query.trim()));
  }, [query]);
  if (fleet === null) return null;

  const status = fleet.status.value;
  const devices = fleet.devices.value;
  return (
    <>
      <div class="fleet-head">
        <h1>{text.title.fleet}</h1>
        <FleetCount />
        <label class="search">
          <Icon name="search" />
          <input
            type="search"
            value={query}
            placeholder={text.fleet.search}
            aria-label={text.fleet.search}
            onInput={event => setQuery(event.currentTarget.value)}
          />
        </label>
        {app.session.may('administrator') && <AddDevice created={fleet.reload} />}
      </div>
      {status.name === 'failed' && <Failure error={status.error} retry={fleet.reload} />}
      {status.name === 'loading' && <p class="loading">{text.loading}</p>}
      {status.name === 'ready' && devices.length === 0 && <Nothing query={query} />}
      <ul class="fleet">
        {devices.map(device => (
          <FleetRow key={device.id} device={device} watch={fleet.watchOf(device.id)} />
        ))}
      </ul>
      {fleet.more.value && (
        <button type="button" class="button" onClick={fleet.loadMore}>
          {text.fleet.more}
        </button>
      )}
    </>
  );

  function FleetCount() {
    if (devices.length === 0) return null;
    const online = devices.filter(device => device.presence.state === 'online').length;
    const known = app.live.confirmed.value;
    return (
      <p class="fleet-count muted">
        {fleet?.more.value ? text.fleet.first(formatCount(devices.length)) : text.fleet.count(devices.length)}
        {known && ` · ${text.fleet.online(formatCount(online))}`}
        {known && online < devices.length && ` · ${text.fleet.notOnline(formatCount(devices.length - online))}`}
      </p>
    );
  }
}

function Nothing({ query }: { query: string }) {
  return (
    <div class="empty">
      <p>{query.trim() === '' ? text.fleet.empty : text.fleet.noMatch(query.trim())}</p>
      {query.trim() === '' && <p class="muted">{text.fleet.emptyHint}</p>}
    </div>
  );
}
