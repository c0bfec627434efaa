// API tokens: what programs sign in with. Everybody has their own; administrators see all.
import {
  isUserName,
  type Role,
  roleCovers,
  roles,
  type Session,
  type Token,
  type TokenCreated,
} from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatDate } from '../i18n/format.ts';
import { openListing } from '../model/listing.ts';
import { draftOf, scopeOf, scopeProblem } from '../model/scope-draft.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton, FormEnd, ToldOnce } from '../ui/dialog.tsx';
import { Choice, EntryProblem, Line, ScopeFields } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';
import { useOpened } from '../ui/use-opened.ts';
import { ListPanel } from './list-panel.tsx';
import { scopeWords } from './scope-words.ts';

const words = text.account.tokens;
const dayMs = 86_400_000;
/** Zero stands for never. */
const lives = [30, 90, 365, 0] as const;

/** The secret of a token is shown once, in the dialogue that makes it. */
export function AccountTokens({ session }: { session: Session }) {
  const { api } = useApp();
  const list = useOpened(
    () =>
      openListing<Token>(
        each => each.id,
        async () => ({ ...(await api.tokens()), next: null }),
      ),
    [],
  );
  if (list === null) return null;
  return (
    <ListPanel
      id="account-tokens"
      list={list}
      words={words}
      add={{
        label: words.create,
        title: words.createTitle,
        form: close => <NewToken session={session} close={close} made={list.reload} />,
      }}
      entry={each => (
        <TokenEntry
          key={each.id}
          of={each}
          mine={each.owner === session.user}
          revoke={async () => {
            await api.endToken(each.id);
            list.remove(each.id);
          }}
        />
      )}
    />
  );
}

function TokenEntry({ of, mine, revoke }: { of: Token; mine: boolean; revoke(): Promise<void> }) {
  const { time } = useApp();
  const expired = of.expiresAt !== null && of.expiresAt <= time.ticking.value;
  return (
    <li class="entry" data-token={of.name}>
      <div class="entry-what">
        <p class="entry-name">
          <b>{of.name}</b>
          <span class="mark">{text.role[of.role]}</span>
          {expired && <span class="mark is-bad">{words.expired}</span>}
          {!mine && <span class="muted small">{of.owner === null ? words.noOwner : words.owner(of.owner)}</span>}
        </p>
        <p class="muted small">
          {scopeWords(of.scope)} ·{' '}
          {of.lastUsedAt === null ? (
            words.unused
          ) : (
            <>
              {words.used} <Age at={of.lastUsedAt} />
            </>
          )}
          {!expired && ` · ${of.expiresAt === null ? words.forEver : words.expiresOn(formatDate(of.expiresAt))}`}
        </p>
      </div>
      <div class="entry-acts">
        <ConfirmButton
          class="button is-small is-danger"
          label={words.revoke}
          of={words.revokeOf(of.name)}
          title={words.revokeTitle(of.name)}
          warning={words.revokeWarning}
          submit={words.revokeSubmit}
          work={revoke}
        />
      </div>
    </li>
  );
}

function NewToken({ session, made, close }: { session: Session; made(): void; close(): void }) {
  const { api, time } = useApp();
  const action = useAction();
  const [token, setToken] = useState<TokenCreated | null>(null);
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [draft, setDraft] = useState(draftOf(null));
  const [days, setDays] = useState<number>(90);
  const limited = role !== 'administrator';
  const problem = limited ? scopeProblem(draft) : null;
  const named = isUserName(name);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const expiresAt = days === 0 ? null : time.now() + days * dayMs;
    // Left out, it is the scope of whoever asks.
    const scope = limited && !draft.all ? { scope: scopeOf(draft) } : {};
    await action.run(async () => {
      setToken(await api.createToken({ name, role, expiresAt, ...scope }));
      made();
    });
  };
  if (token !== null) {
    const values = [{ label: words.secret, value: token.secret }];
    return <ToldOnce title={words.done(token.name)} values={values} close={close} />;
  }
  return (
    <form onSubmit={submit}>
      <Line
        label={words.name}
        value={name}
        input={setName}
        hint={words.nameHint}
        bad={name !== '' && !named}
        required
      />
      <div class="pair">
        <Choice
          label={text.account.role}
          value={role}
          options={roles.filter(each => roleCovers(session.role, each)).map(each => [each, text.role[each]] as const)}
          choose={setRole}
        />
        <Choice
          label={words.expires}
          value={days}
          options={lives.map(each => [each, each === 0 ? words.never : words.life(each)] as const)}
          choose={setDays}
        />
      </div>
      <ScopeFields draft={draft} role={role} all={words.ownScope} change={setDraft} />
      <EntryProblem problem={problem} />
      <FormEnd action={action} submit={words.submit} disabled={!named || problem !== null} cancel={close} />
    </form>
  );
}
