// The devices of a group whose command did not work, each with why.
import { type Command, type CommandGroup, failuresOf } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatCount } from '../i18n/format.ts';
import type { Listing } from '../model/listing.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { Link } from '../ui/link.tsx';
import { findingsOf } from './expectation-words.ts';

const words = text.groups;

/** Those that the gateway refused come first: no command of them is in the ledger. */
export function GroupFailed({ group, failed }: { group: CommandGroup; failed: Listing<Command> }) {
  const { time } = useApp();
  const count = failuresOf(group.counts);
  const hidden = (group.counts.refused ?? 0) - group.refusals.length;
  const isOver = group.state === 'finished' || group.state === 'stopped';
  return (
    <section class="card panel is-wide" aria-labelledby="group-failed">
      <div class="panel-head">
        <h2 id="group-failed">{words.failed}</h2>
        {count > 0 && <span class="muted">{formatCount(count)}</span>}
      </div>
      {failed.error.value !== null && <Failure error={failed.error.value} retry={failed.reload} />}
      {count === 0 && <p class="muted">{isOver ? words.failedAllWorked : words.failedNone}</p>}
      <ul class="entries">
        {group.refusals.map(({ device, error }) => (
          <li key={device} class="entry" data-failed={device}>
            <Why device={device} title={words.refused} detail={error} />
          </li>
        ))}
        {failed.items.value?.map(command => (
          <li key={command.id} class="entry" data-failed={command.device}>
            <Why
              device={command.device}
              title={`${text.command.state[command.state]}.`}
              detail={command.error ?? proofWords(command, time.now()) ?? text.command.meaning[command.state]}
            />
            <span class="muted small">
              <Age at={command.updatedAt} />
            </span>
          </li>
        ))}
      </ul>
      {hidden > 0 && <p class="muted small">{words.refusedMore(formatCount(hidden))}</p>}
      {failed.more.value && (
        <button type="button" class="button" onClick={failed.loadMore}>
          {text.fleet.more}
        </button>
      )}
    </section>
  );
}

function Why({ device, title, detail }: { device: string; title: string; detail: string }) {
  return (
    <div class="entry-what">
      <Link to={{ name: 'device', id: device }}>{device}</Link>
      <p class="small">
        <b>{title}</b> {detail}
      </p>
    </div>
  );
}

/** What the device's own readings said instead; null where there is nothing to say. */
function proofWords(command: Command, now: number): string | null {
  const unmet = findingsOf(command, now).filter(({ verdict }) => verdict !== 'met');
  return unmet.length === 0 ? null : unmet.map(({ expected, said }) => text.command.finding(expected, said)).join(' ');
}
