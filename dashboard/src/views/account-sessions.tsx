// Where I am signed in, and the end of it.
import type { SessionInfo } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { openListing } from '../model/listing.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { agentWords } from './agent-words.ts';

const words = text.account.sessions;

/** The present one is marked; signing out ends that. */
export function AccountSessions() {
  const { api } = useApp();
  const list = useOpened(
    () =>
      openListing<SessionInfo>(
        each => each.id,
        async () => ({ ...(await api.sessions()), next: null }),
      ),
    [],
  );
  if (list === null) return null;
  const items = list.items.value;
  const endOthers = async () => {
    await api.endOtherSessions();
    list.reload();
  };
  return (
    <section class="card panel is-wide" aria-labelledby="account-sessions">
      <div class="panel-head">
        <h2 id="account-sessions">{words.title}</h2>
        {items !== null && items.length > 1 && (
          <ConfirmButton
            class="button is-small push"
            label={words.endOthers}
            title={words.endOthersTitle}
            warning={words.endOthersWarning}
            submit={words.endOthersSubmit}
            work={endOthers}
          />
        )}
      </div>
      {list.error.value !== null && <Failure error={list.error.value} retry={list.reload} />}
      {items === null && list.error.value === null && <p class="muted">{text.loading}</p>}
      <ul class="entries">
        {items?.map(each => (
          <SessionEntry
            key={each.id}
            of={each}
            end={async () => {
              await api.endSession(each.id);
              list.remove(each.id);
            }}
          />
        ))}
      </ul>
    </section>
  );
}

function SessionEntry({ of, end }: { of: SessionInfo; end(): Promise<void> }) {
  const agent = agentWords(of.agent);
  const address = of.address ?? text.dash;
  return (
    <li class="entry" data-session={of.current ? 'current' : 'other'}>
      <div class="entry-what">
        <p class="entry-name">
          <b title={of.agent ?? undefined}>{agent}</b>
          {of.current && <span class="mark is-good">{words.current}</span>}
        </p>
        <p class="muted small">
          {words.from(address)} · {words.began} <Age at={of.createdAt} /> · {words.used} <Age at={of.lastUsedAt} />
        </p>
      </div>
      {!of.current && (
        <div class="entry-acts">
          <ConfirmButton
            class="button is-small"
            label={words.end}
            of={words.endOf(agent, address)}
            title={words.endTitle}
            warning={`${agent}, ${words.from(address)}. ${words.endWarning}`}
            submit={words.end}
            work={end}
          />
        </div>
      )}
    </li>
  );
}
