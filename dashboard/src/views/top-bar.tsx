// Name, places to go, the state of the connection, and who is signed in.

import { type Role, roleCovers, type Session } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { useApp } from '../ui/app-context.ts';
import { describe } from '../ui/failure.tsx';
import { Icon, Lamp } from '../ui/icons.tsx';
import { Link } from '../ui/link.tsx';
import { Menu } from '../ui/menu.tsx';
import { type Route, route } from '../ui/router.ts';
import { ConnectionBadge } from './connection-badge.tsx';

/** So many links fit beside each other on a phone; of more the last ones are behind a button there. */
const linksInRowMax = 5;

/** The pages that somebody may see, and which others of the dashboard belong to each. */
function pagesFor(role: Role) {
  const pages: { name: keyof typeof text.title; also?: Route['name'] }[] = [
    { name: 'fleet', also: 'device' },
    { name: 'groups', also: 'group' },
    { name: 'storage' },
  ];
  if (roleCovers(role, 'operator')) pages.push({ name: 'audit' });
  pages.push({ name: 'command-types', also: 'command-type' });
  if (roleCovers(role, 'administrator')) {
    pages.push({ name: 'dead-letters' }, { name: 'device-access' }, { name: 'people' });
  }
  return pages;
}

/** Always in sight, on every view. */
export function TopBar({ session }: { session: Session }) {
  const { live } = useApp();
  const { name } = route.value;
  const links = pagesFor(session.role).map(page => ({
    page,
    isCurrent: name === page.name || name === page.also,
  }));
  const inRow = links.length > linksInRowMax ? linksInRowMax - 1 : linksInRowMax;
  const others = links.slice(inRow);
  const link = ({ page, isCurrent }: (typeof links)[number]) => (
    <Link key={page.name} to={{ name: page.name } as Route} current={isCurrent}>
      {text.title[page.name]}
    </Link>
  );
  return (
    <header class="topbar">
      <Link to={{ name: 'fleet' }} class="brand" label={text.brandLabel}>
        <Lamp lit={live.confirmed.value} />
        <span class="brand-name">{text.product}</span>
      </Link>
      <nav aria-label={text.nav.label}>
        {links.slice(0, inRow).map(link)}
        {others.length > 0 && (
          <Menu
            class="more"
            current={others.some(({ isCurrent }) => isCurrent)}
            button={
              <>
                {text.nav.more}
                <Icon name="down" />
              </>
            }
          >
            {others.map(link)}
          </Menu>
        )}
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
    <Menu
      class="account"
      label={text.account.label(session.user)}
      button={
        <>
          <span class="account-initial" aria-hidden="true">
            {session.user.slice(0, 1).toUpperCase()}
          </span>
          <span class="account-name">{session.user}</span>
        </>
      }
    >
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
    </Menu>
  );
}
