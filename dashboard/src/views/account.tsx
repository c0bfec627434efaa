// My own account: who I am, my password, where I am signed in, one-time passwords, and the tokens of my programs.
import type { Session } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatDate } from '../i18n/format.ts';
import { useApp } from '../ui/app-context.ts';
import { FormEnd } from '../ui/dialog.tsx';
import { Line } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';
import { AccountSessions } from './account-sessions.tsx';
import { AccountTokens } from './account-tokens.tsx';
import { AccountTotp } from './account-totp.tsx';
import { scopeWords } from './scope-words.ts';

/** For everybody. */
export function AccountView() {
  const { session } = useApp();
  const state = session.state.value;
  if (state.name !== 'signed-in') return null;
  return (
    <>
      <div class="fleet-head">
        <h1>{text.title.account}</h1>
      </div>
      <div class="panels">
        <div class="panel-stack">
          <Who session={state.session} />
          <AccountTotp />
        </div>
        <Password session={state.session} />
        <AccountSessions />
        <AccountTokens session={state.session} />
      </div>
    </>
  );
}

function Who({ session: { user, role, scope, expiresAt } }: { session: Session }) {
  const facts = [
    [text.account.name, user],
    [text.account.role, text.role[role]],
    [text.account.sees, scopeWords(scope)],
    [text.account.until, formatDate(expiresAt)],
  ] as const;
  return (
    <section class="card panel" aria-labelledby="account-who">
      <h2 id="account-who">{text.account.who}</h2>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name} class="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Password({ session }: { session: Session }) {
  const { api } = useApp();
  const words = text.account.password;
  const action = useAction();
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [done, setDone] = useState(false);
  const differs = again !== '' && again !== next;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setDone(false);
    if (!(await action.run(() => api.changePassword({ old, new: next })))) return;
    for (const set of [setOld, setNext, setAgain]) set('');
    setDone(true);
  };
  const secret = { type: 'password', required: true, maxLength: limits.passwordLengthMax } as const;
  return (
    <section class="card panel" aria-labelledby="account-password">
      <h2 id="account-password">{words.title}</h2>
      <form class="panel-form" onSubmit={submit}>
        {/* For password managers, which want to know whose password it is. */}
        <input
          class="hidden"
          name="username"
          autocomplete="username"
          value={session.user}
          readOnly
          tabIndex={-1}
          aria-hidden
        />
        <Line {...secret} label={words.old} value={old} input={setOld} autocomplete="current-password" />
        <Line
          {...secret}
          label={words.next}
          value={next}
          input={setNext}
          autocomplete="new-password"
          minLength={limits.passwordLengthMin}
          hint={words.hint(limits.passwordLengthMin)}
        />
        <Line
          {...secret}
          label={words.again}
          value={again}
          input={setAgain}
          autocomplete="new-password"
          hint={differs ? words.differs : words.ends}
          bad={differs}
        />
        {done && (
          <p class="notice" role="status">
            {words.done}
          </p>
        )}
        <FormEnd action={action} submit={words.submit} disabled={old === '' || next === '' || again !== next} />
      </form>
    </section>
  );
}
