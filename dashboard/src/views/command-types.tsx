// Command types in order of id: what may be sent to which devices. Administrators make more of them.
import type { CommandType, UntypedRule } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatCount, formatDuration } from '../i18n/format.ts';
import { fieldsOf } from '../model/command-fields.ts';
import { openListing } from '../model/listing.ts';
import { useApp } from '../ui/app-context.ts';
import { Icon } from '../ui/icons.tsx';
import { Link } from '../ui/link.tsx';
import { ListBody } from '../ui/list-body.tsx';
import { useOpened } from '../ui/use-opened.ts';

const words = text.commandTypes;

/** Whoever does not see all devices sees the types of those that he does. */
export function CommandTypesView() {
  const { api, session } = useApp();
  const [untyped, setUntyped] = useState<UntypedRule | null>(null);
  const list = useOpened(
    () =>
      openListing<CommandType>(
        each => each.id,
        async cursor => {
          const page = await api.commandTypes({ cursor, limit: limits.pageRowsMax });
          setUntyped(page.untyped);
          return page;
        },
      ),
    [],
  );
  if (list === null) return null;
  const items = list.items.value;
  const mayChange = session.may('administrator');
  return (
    <>
      <div class="fleet-head">
        <h1>{text.title['command-types']}</h1>
        {items !== null && <p class="fleet-count muted">{formatCount(items.length)}</p>}
        {mayChange && (
          <Link to={{ name: 'new-command-type' }} class="button push">
            <Icon name="plus" />
            {words.add}
          </Link>
        )}
      </div>
      <p class="muted lead">
        {words.intro} {untyped !== null && words.untyped[untyped]}
      </p>
      <ListBody
        list={list}
        none={mayChange ? words.none : words.noneSeen}
        entry={type => <TypeEntry key={type.id} type={type} />}
      />
    </>
  );
}

function TypeEntry({ type }: { type: CommandType }) {
  const { id, name, title } = type;
  return (
    <li class="entry" data-command-type={id}>
      <div class="entry-what">
        <p class="entry-name">
          <Link to={{ name: 'command-type', id }}>
            <b>{title ?? name}</b>
          </Link>
          <code class="muted small">{id}</code>
          <TypeMarks type={type} />
        </p>
        <p class="small">
          <code>{name}</code> {takesWords(type)} · {words.life(formatDuration(type.ttlMs))}
        </p>
        <p class="muted small entry-devices">{words.target(type.devices, type.tags, type.models)}</p>
      </div>
    </li>
  );
}

/** How dangerous it is, that it needs another person, and where it comes from. */
export function TypeMarks({ type: { danger, secondPerson, source } }: { type: CommandType }) {
  return (
    <>
      {danger !== 'none' && (
        <span class={danger === 'danger' ? 'mark is-bad' : 'mark is-late'}>{words.dangers[danger]}</span>
      )}
      {secondPerson && <span class="mark is-late">{words.secondPerson}</span>}
      {source === 'config' && <span class="mark">{words.configured}</span>}
    </>
  );
}

function takesWords({ params }: CommandType): string {
  const fields = fieldsOf(params);
  if (fields === null) return words.takesAny;
  const labels = fields.map(({ label, unit }) => (unit === null ? label : `${label} (${unit})`));
  return labels.join(', ') || words.takesNone;
}
