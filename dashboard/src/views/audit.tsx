// The audit trail: who did what, from where and why. It does not follow live: it is read with care.
import { type AuditAction, type AuditEntry, type AuditFilter, auditActions } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatFull, formatTime } from '../i18n/format.ts';
import { openListing } from '../model/listing.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { Choice, Line } from '../ui/fields.tsx';
import { Link } from '../ui/link.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { whatOf, whoOf } from './audit-words.ts';

const words = text.audit;
const pageRows = 100;

export function AuditView() {
  const { session } = useApp();
  return session.may('operator') ? <Trail /> : <p class="notice is-bad">{words.forbidden}</p>;
}

function Trail() {
  const { api } = useApp();
  const [filter, setFilter] = useState<AuditFilter>({});
  const list = useOpened(
    () =>
      openListing<AuditEntry>(
        line => String(line.id),
        cursor => api.audit({ ...filter, cursor, limit: pageRows }),
      ),
    [filter],
  );
  const items = list?.items.value ?? null;
  const error = list?.error.value ?? null;
  const more = list?.more.value ?? false;
  return (
    <>
      <div class="fleet-head">
        <h1>{text.title.audit}</h1>
        <button type="button" class="button push" onClick={() => list?.reload()}>
          {words.reload}
        </button>
        <a class="button" href={api.auditCsv(filter)} download title={words.csvOf}>
          {words.csv}
        </a>
      </div>
      <p class="muted lead">{words.intro}</p>
      <Filter show={setFilter} />
      {error !== null && <Failure error={error} retry={() => list?.reload()} />}
      {items === null && error === null && <p class="loading">{text.loading}</p>}
      {items?.length === 0 && <p class="empty muted">{more ? words.notYet : words.none}</p>}
      {items !== null && items.length > 0 && <Lines items={items} />}
      {more && (
        <button type="button" class="button" onClick={() => list?.loadMore()}>
          {words.older}
        </button>
      )}
    </>
  );
}

type Draft = { device: string; by: string; action: AuditAction | ''; from: string; to: string };
const empty: Draft = { device: '', by: '', action: '', from: '', to: '' };
const actions: readonly (readonly [AuditAction | '', string])[] = [
  ['', words.filter.anything],
  ...auditActions.map(action => [action, words.action[action]] as const),
];

/** The browser's own time zone; what is not filled in is left out. */
function filterOf({ device, by, action, from, to }: Draft): AuditFilter {
  const time = (local: string) => (local === '' ? undefined : new Date(local).getTime());
  return {
    device: device.trim() || undefined,
    by: by.trim() || undefined,
    action: action || undefined,
    from: time(from),
    to: time(to),
  };
}

function Filter({ show }: { show(filter: AuditFilter): void }) {
  const [draft, setDraft] = useState(empty);
  const put = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    show(filterOf(draft));
  };
  const clear = () => {
    setDraft(empty);
    show({});
  };
  const { filter } = words;
  return (
    <form class="card audit-filter" aria-label={filter.label} onSubmit={submit}>
      <Line label={filter.device} name="device" value={draft.device} input={device => put({ device })} />
      <Line label={filter.by} name="by" value={draft.by} input={by => put({ by })} />
      <Choice label={filter.action} value={draft.action} options={actions} choose={action => put({ action })} />
      <Line label={filter.from} name="from" type="datetime-local" value={draft.from} input={from => put({ from })} />
      <Line
        label={filter.to}
        name="to"
        type="datetime-local"
        value={draft.to}
        input={to => put({ to })}
        problem={draft.to !== '' && draft.to < draft.from ? filter.backwards : undefined}
      />
      <div class="actions">
        <button type="button" class="button" onClick={clear}>
          {filter.clear}
        </button>
        <button type="submit" class="button is-primary">
          {filter.show}
        </button>
      </div>
    </form>
  );
}

function Lines({ items }: { items: readonly AuditEntry[] }) {
  const { column } = words;
  return (
    <div class="card audit-lines">
      <table>
        <thead>
          <tr>
            <th scope="col">{column.when}</th>
            <th scope="col">{column.who}</th>
            <th scope="col">{column.what}</th>
            <th scope="col">{column.why}</th>
          </tr>
        </thead>
        <tbody>
          {items.map(line => (
            <Row key={line.id} line={line} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ line }: { line: AuditEntry }) {
  const { time } = useApp();
  return (
    <tr data-audit={line.id}>
      <td class="audit-when">
        <time dateTime={new Date(line.at).toISOString()} title={formatFull(line.at)}>
          {formatTime(line.at, time.now())}
        </time>
        <span class="muted small">
          <Age at={line.at} />
        </span>
      </td>
      <td class="audit-who">
        <b>{whoOf(line)}</b>
        {line.from !== null && <span class="muted small">{line.from}</span>}
      </td>
      <td class="audit-what">
        <Details line={line} />
      </td>
      <td class="audit-why">{line.reason}</td>
    </tr>
  );
}

/** What was done; opened, all of the line as it is kept. */
function Details({ line }: { line: AuditEntry }) {
  const { device, by, subject, detail } = line;
  return (
    <details>
      <summary>{whatOf(line)}</summary>
      <p class="audit-facts small">
        <time dateTime={new Date(line.at).toISOString()}>{formatFull(line.at)}</time>
        {device !== null && <Link to={{ name: 'device', id: device }}>{device}</Link>}
        {by !== null && by !== whoOf(line) && <span>{words.as(by)}</span>}
        {subject !== null && <span>{words.subject(subject)}</span>}
        {line.action === 'rest' && <span>{words.route(line.what)}</span>}
      </p>
      {detail !== null && <pre>{JSON.stringify(detail, null, 2)}</pre>}
    </details>
  );
}
