// One group of commands: what was asked of which devices, how far it has come, and what did not work.
import type { CommandGroup } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatCount } from '../i18n/format.ts';
import { type GroupModel, openGroup } from '../model/group.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton, DialogButton, FormEnd } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Line } from '../ui/fields.tsx';
import { Icon } from '../ui/icons.tsx';
import { Link } from '../ui/link.tsx';
import { useAction } from '../ui/use-action.ts';
import { useIsMine } from '../ui/use-me.ts';
import { useOpened } from '../ui/use-opened.ts';
import { plainWords } from './command-words.ts';
import { GroupBar, GroupState } from './group-bar.tsx';
import { GroupFailed } from './group-failed.tsx';

const words = text.groups;

export function GroupView({ id }: { id: string }) {
  const app = useApp();
  const model = useOpened(() => openGroup(id, app), [id]);
  if (model === null) return null;
  const group = model.group.value;
  return (
    <>
      <Link to={{ name: 'groups' }} class="back">
        <Icon name="back" />
        {text.title.groups}
      </Link>
      {model.error.value !== null && <Failure error={model.error.value} retry={model.reload} />}
      {group === null && model.error.value === null && <p class="loading">{text.loading}</p>}
      {group !== null && (
        <div class="panels">
          <GroupCard group={group} model={model} />
          <GroupFailed group={group} failed={model.failed} />
        </div>
      )}
    </>
  );
}

function GroupCard({ group, model }: { group: CommandGroup; model: GroupModel }) {
  const { live } = useApp();
  const params = plainWords(group.params);
  return (
    <section class="card panel is-wide" aria-labelledby="group-name" data-group={group.id}>
      <div class="panel-head">
        <h1 id="group-name" class="group-name">
          {group.name}
        </h1>
        <GroupState group={group} />
        <GroupActions group={group} model={model} />
      </div>
      {params !== '' && <code class="command-params">{params}</code>}
      <p class="group-target">
        {words.target(group.target.devices, group.target.tags)}: <b>{words.devices(formatCount(group.total))}</b>
      </p>
      <p class="muted small">
        {words.asked} <Age at={group.createdAt} /> {words.by(group.by)}
        {group.approvedBy !== null && `, ${words.approvedBy(group.approvedBy)}`}
        {group.reason !== null && `: ${group.reason}`}
      </p>
      <Notice group={group} />
      {!live.confirmed.value && <p class="notice is-late">{text.command.notLive}</p>}
      <GroupBar group={group} />
      <p class="muted small">{words.limitsAre(formatCount(group.concurrency), formatCount(group.failuresMax))}</p>
    </section>
  );
}

function Notice({ group }: { group: CommandGroup }) {
  const isMine = useIsMine(group);
  if (group.stopped !== null) return <p class="notice is-bad">{words.stopped[group.stopped]}</p>;
  if (group.state === 'waiting') return <p class="notice is-late">{isMine ? words.waitsOwn : words.waits}</p>;
  return null;
}

function GroupActions({ group, model }: { group: CommandGroup; model: GroupModel }) {
  const { api, session } = useApp();
  const isMine = useIsMine(group);
  const isOver = group.state === 'finished' || group.state === 'stopped';
  if (isOver || !session.may('operator')) return null;
  return (
    <div class="entry-acts push">
      {group.state === 'waiting' && !isMine && (
        <ConfirmButton
          class="button is-primary"
          label={words.approve}
          title={words.approveTitle}
          warning={words.approveWarning(group.name, formatCount(group.total))}
          submit={words.approveSubmit}
          work={async () => model.put(await api.approveGroup(group.id))}
        />
      )}
      <DialogButton class="button is-danger" label={words.stop} title={words.stopTitle}>
        {close => <StopForm group={group} model={model} close={close} />}
      </DialogButton>
    </div>
  );
}

function StopForm({ group, model, close }: { group: CommandGroup; model: GroupModel; close(): void }) {
  const { api } = useApp();
  const action = useAction();
  const [reason, setReason] = useState('');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await action.run(async () => model.put(await api.stopGroup(group.id, reason.trim())))) close();
  };
  return (
    <form onSubmit={submit}>
      <p>{words.stopWarning}</p>
      <Line label={words.stopReason} value={reason} input={setReason} maxLength={500} autocomplete="off" />
      <FormEnd action={action} submit={words.stopSubmit} danger cancel={close} />
    </form>
  );
}
