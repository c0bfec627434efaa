// Users, for administrators: who may sign in, what they may, and which devices they see.
import type { User } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatCount } from '../i18n/format.ts';
import { type Listing, openListing } from '../model/listing.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton, DialogButton } from '../ui/dialog.tsx';
import { Link } from '../ui/link.tsx';
import { AddButton, ListBody } from '../ui/list-body.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { ChangeUser, NewUser, ResetPassword } from './people-forms.tsx';
import { scopeWords } from './scope-words.ts';

const words = text.people;

/** What concerns oneself is on one's own account page: here it would end the session that does it. */
export function PeopleView() {
  const { session } = useApp();
  return session.may('administrator') ? <Users /> : <p class="notice is-bad">{words.forbidden}</p>;
}

function Users() {
  const { api, session } = useApp();
  const list = useOpened(
    () =>
      openListing<User>(
        each => each.name,
        cursor => api.users({ cursor, limit: limits.pageRowsMax }),
      ),
    [],
  );
  if (list === null) return null;
  const items = list.items.value;
  const state = session.state.value;
  const me = state.name === 'signed-in' ? state.session.user : '';
  return (
    <>
      <div class="fleet-head">
        <h1>{text.title.people}</h1>
        {items !== null && <p class="fleet-count muted">{formatCount(items.length)}</p>}
        <AddButton
          label={words.add}
          title={words.addTitle}
          form={close => <NewUser close={close} made={list.reload} />}
        />
      </div>
      <p class="muted lead">{words.intro}</p>
      <ListBody
        list={list}
        none={text.dash}
        entry={each => <UserEntry key={each.name} of={each} isMe={each.name === me} list={list} />}
      />
    </>
  );
}

function UserEntry({ of, isMe, list }: { of: User; isMe: boolean; list: Listing<User> }) {
  return (
    <li class="entry" data-user={of.name}>
      <div class="entry-what">
        <p class="entry-name">
          <b>{of.name}</b>
          <span class="mark">{text.role[of.role]}</span>
          {of.totp && <span class="mark is-good">{words.totp}</span>}
        </p>
        <p class="small">{scopeWords(of.scope)}</p>
        <p class="muted small">
          {words.created} <Age at={of.createdAt} /> ·{' '}
          {of.lastSignInAt === null ? (
            words.neverSignedIn
          ) : (
            <>
              {words.signedIn} <Age at={of.lastSignInAt} />
            </>
          )}
        </p>
      </div>
      {isMe ? (
        <p class="entry-acts muted small">
          {words.yourself} <Link to={{ name: 'account' }}>{text.title.account}</Link>
        </p>
      ) : (
        <UserActions of={of} list={list} />
      )}
    </li>
  );
}

function UserActions({ of, list }: { of: User; list: Listing<User> }) {
  const { api } = useApp();
  const { name } = of;
  const removeTotp = async () => {
    await api.removeTotp(name);
    list.put({ ...of, totp: false });
  };
  const remove = async () => {
    await api.deleteUser(name);
    list.remove(name);
  };
  const small = 'button is-small';
  return (
    <div class="entry-acts">
      <DialogButton class={small} label={words.change} of={words.changeOf(name)} title={words.changeTitle(name)}>
        {close => <ChangeUser user={of} changed={list.put} close={close} />}
      </DialogButton>
      <DialogButton class={small} label={words.reset} of={words.resetOf(name)} title={words.resetTitle(name)}>
        {close => <ResetPassword name={name} close={close} />}
      </DialogButton>
      {of.totp && (
        <ConfirmButton
          class={small}
          label={words.removeTotp}
          of={words.removeTotpOf(name)}
          title={words.removeTotpTitle(name)}
          warning={words.removeTotpWarning}
          submit={words.removeTotpSubmit}
          work={removeTotp}
        />
      )}
      <ConfirmButton
        class={`${small} is-danger`}
        label={words.delete}
        of={words.deleteOf(name)}
        title={words.deleteTitle(name)}
        warning={words.deleteWarning}
        submit={words.deleteSubmit}
        typed={{ value: name, label: words.deleteType(name) }}
        work={remove}
      />
    </div>
  );
}
