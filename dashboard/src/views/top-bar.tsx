// Name, places to go, the state of the connection, and who is signed in.

import { roleCovers, type Session } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { useApp } from '../ui/app-context.ts';
import { describe } from '../ui/failure.tsx';
import { Lamp } from '../ui/icons.tsx';
import { Link } from '../ui/link.tsx';
import { route } from '../ui/router.ts';
import { ConnectionBadge } from './connection-badge.tsx';

/** Pages of administrators. */
const administration = ['dead-letters', 'device-access', 'people'] as const;

/** Always in sight, on every view. */
export function TopBar({ session }: { session: Session }) {
  const { live } = useApp();
  const name = route.value.name;
  return (
    <header class="topbar">
      <Link to={{ name: 'fleet' }} class="brand" label={text.brandLabel}>
        <Lamp lit={live.confirmed.value} />
        <span class="brand-name">{text.product}</span>
      </Link>
      <nav aria-label={text.nav.label}>
        <Link to={{ name: 'fleet' }} current={name === 'fleet' || name === 'device'}>
          {text.title.fleet}
        </Link>
        <Link to={{ name: 'groups' }} current={name === 'groups' || name === 'group'}>
          {text.title.groups}
        </Link>
        <Link to={{ name: 'storage' }} current={name === 'storage'}>
          {text.title.storage}
        </Link>
        {roleCovers(session.role, 'operator') && (
          <Link to={{ name: 'audit' }} current={name === 'audit'}>
            {text.title.audit}
          </Link>
        )}
        {session.role === 'administrator' &&
          administration.map(each => (
            <Link key={each} to={{ name: each }} current={name === each}>
              {text.title[each]}
            </Link>
          ))}
      </nav>
      <ConnectionBadge />
      <Account session={session} />
    </header>
  );
}

function Account({ session }: { session: Session }) {
  const app = useApp();
  const [error, setError] = useState<unknown>(null);
  const signOut = () => app.session.signOut().catch(setError);
  return (
    <details class="account">
      <summary aria-label={text.account.label(session.user)}>
        <span class="account-initial" aria-hidden="true">
          {session.user.slice(0, 1).toUpperCase()}
        </span>
        <span class="account-name">{session.user}</span>
      </summary>
      <div class="account-menu">
        <p>
          <b>{session.user}</b>
          <span class="muted">{text.role[session.role]}</span>
        </p>
        <Link to={{ name: 'account' }} class="button" current={route.value.name === 'account'}>
          {text.account.open}
        </Link>
        <button type="button" class="button" onClick={signOut}>
          {text.account.signOut}
        </button>
        {error !== null && (
          <p class="bad small" role="alert">
            {text.account.stillSignedIn} {describe(error).title}
          </p>
        )}
      </div>
    </details>
  );
}
