// The forms about a user: adding one, changing what one may, and a new password.
import { isUserName, type Role, roles, type User, type UserCreated } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { draftOf, scopeOf, scopeProblem } from '../model/scope-draft.ts';
import { useApp } from '../ui/app-context.ts';
import { FormEnd, ToldOnce } from '../ui/dialog.tsx';
import { Choice, EntryProblem, Line, ScopeFields } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';

const words = text.people;

/** The password is made by the gateway, and shown once. */
export function NewUser({ made, close }: { made(): void; close(): void }) {
  const { api } = useApp();
  const action = useAction();
  const rights = useRights('viewer', null);
  const [name, setName] = useState('');
  const [created, setCreated] = useState<UserCreated | null>(null);
  const named = isUserName(name);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      setCreated(await api.createUser({ name, ...rights.value }));
      made();
    });
  };
  if (created !== null) {
    const values = [
      { label: words.name, value: created.name },
      { label: words.password, value: created.password ?? '' },
    ];
    return <ToldOnce title={words.done(created.name)} values={values} note={words.passwordNext} close={close} />;
  }
  return (
    <form onSubmit={submit}>
      <Line
        label={words.name}
        name="user"
        value={name}
        input={setName}
        hint={words.nameHint}
        bad={name !== '' && !named}
        autocomplete="off"
        required
      />
      {rights.fields}
      <FormEnd action={action} submit={words.addSubmit} disabled={!named || rights.problem} cancel={close} />
    </form>
  );
}

/** Role and scope. What is changed ends the user's sessions, and the form says so. */
export function ChangeUser({ user, changed, close }: { user: User; changed(user: User): void; close(): void }) {
  const { api } = useApp();
  const action = useAction();
  const rights = useRights(user.role, user.scope);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await action.run(async () => changed(await api.changeUser(user.name, rights.value)))) close();
  };
  return (
    <form onSubmit={submit}>
      {rights.fields}
      <p class="notice is-late">{words.changeEnds(user.name)}</p>
      <FormEnd action={action} submit={words.changeSubmit} disabled={rights.problem} cancel={close} />
    </form>
  );
}

/** Asks first; the new password is shown once. */
export function ResetPassword({ name, close }: { name: string; close(): void }) {
  const { api } = useApp();
  const action = useAction();
  const [password, setPassword] = useState<string | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => setPassword((await api.resetPassword(name)).password));
  };
  if (password !== null) {
    const values = [{ label: words.password, value: password }];
    return <ToldOnce title={words.resetDone(name)} values={values} note={words.passwordNext} close={close} />;
  }
  return (
    <form onSubmit={submit}>
      <p>{words.resetWarning}</p>
      <FormEnd action={action} submit={words.resetSubmit} danger cancel={close} />
    </form>
  );
}

/** Role and scope as they are chosen, and the fields that choose them. */
function useRights(firstRole: Role, firstScope: User['scope']) {
  const [role, setRole] = useState<Role>(firstRole);
  const [draft, setDraft] = useState(draftOf(firstScope));
  const limited = role !== 'administrator';
  const problem = limited ? scopeProblem(draft) : null;
  return {
    value: { role, scope: limited ? scopeOf(draft) : null },
    problem: problem !== null,
    fields: (
      <>
        <Choice
          label={text.account.role}
          value={role}
          options={roles.map(each => [each, text.role[each]] as const)}
          hint={words.roleMeans[role]}
          choose={setRole}
        />
        <ScopeFields draft={draft} role={role} change={setDraft} />
        <EntryProblem problem={problem} />
      </>
    ),
  };
}
