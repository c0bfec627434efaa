// All devices: search, presence, and the first few values of each with their age.
import { useEffect, useRef, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatCount } from '../i18n/format.ts';
import { openFleet, tagsOf } from '../model/fleet.ts';
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
  const [tag, setTag] = useState<string | null>(null);
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
  const tags = tagsOf(devices, tag);
  const choose = (next: string | null) => {
    setTag(next);
    fleet.filter(next);
  };
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
      {tags.length > 0 && <TagFilter tags={tags} chosen={tag} choose={choose} />}
      {status.name === 'failed' && <Failure error={status.error} retry={fleet.reload} />}
      {status.name === 'loading' && <p class="loading">{text.loading}</p>}
      {status.name === 'ready' && devices.length === 0 && <Nothing query={query} tag={tag} />}
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

/** Of the tags that are in sight; a second click on the chosen one shows all devices again. */
function TagFilter({
  tags,
  chosen,
  choose,
}: {
  tags: string[];
  chosen: string | null;
  choose(tag: string | null): void;
}) {
  return (
    <fieldset class="chips tag-filter">
      <legend class="hidden">{text.tags.filter}</legend>
      {tags.map(tag => (
        <button
          key={tag}
          type="button"
          class="chip"
          aria-pressed={tag === chosen}
          onClick={() => choose(tag === chosen ? null : tag)}
        >
          {tag}
        </button>
      ))}
    </fieldset>
  );
}

function Nothing({ query, tag }: { query: string; tag: string | null }) {
  const typed = query.trim();
  if (typed !== '') return <p class="empty">{text.fleet.noMatch(typed)}</p>;
  if (tag !== null) return <p class="empty">{text.tags.noMatch(tag)}</p>;
  return (
    <div class="empty">
      <p>{text.fleet.empty}</p>
      <p class="muted">{text.fleet.emptyHint}</p>
    </div>
  );
}
