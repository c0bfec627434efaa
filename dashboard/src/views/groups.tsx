// Groups of commands, the newest first, each with how far it has come.
import type { CommandGroup } from '@telltale/gateway/contract';
import { useEffect } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatCount } from '../i18n/format.ts';
import { openGroupWatch } from '../model/group-watch.ts';
import { openListing } from '../model/listing.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Link } from '../ui/link.tsx';
import { AddButton, ListBody } from '../ui/list-body.tsx';
import { go } from '../ui/router.ts';
import { useOpened } from '../ui/use-opened.ts';
import { GroupBar, GroupState } from './group-bar.tsx';
import { GroupForm } from './group-form.tsx';

const words = text.groups;
const pageRows = 20;

/** A viewer sees what was asked, and no form. */
export function GroupsView() {
  const app = useApp();
  const list = useOpened(
    () =>
      openListing<CommandGroup>(
        each => each.id,
        cursor => app.api.groups({ cursor, limit: pageRows }),
      ),
    [],
  );
  useEffect(() => {
    if (list === null) return;
    const watch = openGroupWatch(null, list.reload, app);
    return () => watch.close();
  }, [list]);
  if (list === null) return null;
  return (
    <>
      <div class="fleet-head">
        <h1>{text.title.groups}</h1>
        {app.session.may('operator') && (
          <AddButton
            label={words.add}
            title={words.addTitle}
            form={close => (
              <GroupForm
                close={close}
                made={group => {
                  close();
                  go({ name: 'group', id: group.id });
                }}
              />
            )}
          />
        )}
      </div>
      <p class="muted lead">{words.intro}</p>
      <ListBody list={list} none={words.none} entry={each => <GroupEntry key={each.id} group={each} />} />
    </>
  );
}

function GroupEntry({ group }: { group: CommandGroup }) {
  return (
    <li class="group-entry" data-group={group.id}>
      <p class="entry-name">
        <Link to={{ name: 'group', id: group.id }}>
          <b>{group.name}</b>
        </Link>
        <GroupState group={group} />
        <span class="muted small push">
          {words.by(group.by)}, <Age at={group.createdAt} />
        </span>
      </p>
      <p class="small group-target">
        {words.target(group.target.devices, group.target.tags)}: {words.devices(formatCount(group.total))}
      </p>
      <GroupBar group={group} />
    </li>
  );
}
