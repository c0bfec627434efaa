// The shell: top bar, the strip that says when nothing on the screen is current, and the view of the address.
import { useEffect } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { Link } from '../ui/link.tsx';
import { route } from '../ui/router.ts';
import { AccountView } from './account.tsx';
import { AuditView } from './audit.tsx';
import { CommandTypeView, NewCommandTypeView } from './command-type.tsx';
import { CommandTypesView } from './command-types.tsx';
import { DeadLettersView } from './dead-letters.tsx';
import { DeviceView } from './device.tsx';
import { DeviceAccessView } from './device-access.tsx';
import { FleetView } from './fleet.tsx';
import { GroupView } from './group.tsx';
import { GroupsView } from './groups.tsx';
import { NotLiveStrip } from './not-live-strip.tsx';
import { OpenProfileStrip } from './open-profile-strip.tsx';
import { PeopleView } from './people.tsx';
import { SignInView } from './sign-in.tsx';
import { StorageView } from './storage.tsx';
import { TopBar } from './top-bar.tsx';

/** The whole page. */
export function App() {
  const { session } = useApp();
  const state = session.state.value;
  if (state.name === 'unknown') return <p class="loading page">{text.loading}</p>;
  if (state.name === 'unreachable') {
    return (
      <main class="page">
        <Failure error={state.error} retry={() => void session.check()} />
      </main>
    );
  }
  if (state.name === 'signed-out') return <SignInView ended={state.ended} failed={state.error} />;
  return (
    <>
      <a class="skip" href="#main">
        {text.skip}
      </a>
      <TopBar session={state.session} />
      <NotLiveStrip />
      <OpenProfileStrip />
      <main class="page" id="main" tabIndex={-1}>
        <CurrentView />
      </main>
    </>
  );
}

function CurrentView() {
  const current = route.value;
  const title = current.name === 'device' ? current.id : text.title[current.name];
  useEffect(() => {
    document.title = `${title} – ${text.product}`;
  }, [title]);
  switch (current.name) {
    case 'fleet':
      return <FleetView />;
    case 'device':
      return <DeviceView key={current.id} id={current.id} />;
    case 'dead-letters':
      return <DeadLettersView />;
    case 'groups':
      return <GroupsView />;
    case 'group':
      return <GroupView key={current.id} id={current.id} />;
    case 'command-types':
      return <CommandTypesView />;
    case 'command-type':
      return <CommandTypeView key={current.id} id={current.id} />;
    case 'new-command-type':
      return <NewCommandTypeView />;
    case 'storage':
      return <StorageView />;
    case 'audit':
      return <AuditView />;
    case 'device-access':
      return <DeviceAccessView />;
    case 'people':
      return <PeopleView />;
    case 'account':
      return <AccountView />;
    case 'not-found':
      return (
        <div class="empty">
          <h1>{text.title['not-found']}</h1>
          <Link to={{ name: 'fleet' }}>{text.toFleet}</Link>
        </div>
      );
  }
}
