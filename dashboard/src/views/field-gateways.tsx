// Credentials of field gateways, each of which signs in once and speaks for a set of devices.
import {
  type Credential,
  type CredentialCreated,
  isDeviceId,
  isDevicePattern,
  limits,
} from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatTime } from '../i18n/format.ts';
import { type Listing, openListing } from '../model/listing.ts';
import { linesOf, linesProblem } from '../model/scope-draft.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton, DialogButton, FormEnd, ToldOnce } from '../ui/dialog.tsx';
import { EntryProblem, Line, Lines } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';
import { useOpened } from '../ui/use-opened.ts';
import { ConnectionLogList } from './connection-log.tsx';
import { RotateButton, StateButtons } from './credential-actions.tsx';
import { ListPanel } from './list-panel.tsx';

const words = text.deviceAccess.gateways;
const credential = text.credential;
/** What the devices of a credential or an enrolment key have to be. */
export const patternRule = { fits: isDevicePattern, max: limits.patternsPerCredentialMax, min: 1 };

/** In order of name. */
export function FieldGateways() {
  const { api } = useApp();
  const list = useOpened(
    () =>
      openListing<Credential>(
        each => each.name,
        cursor => api.credentials({ kind: 'field-gateway', cursor, limit: limits.pageRowsMax }),
      ),
    [],
  );
  if (list === null) return null;
  return (
    <ListPanel
      id="field-gateways"
      list={list}
      words={words}
      add={{
        label: words.add,
        of: words.addTitle,
        title: words.addTitle,
        form: close => <NewFieldGateway made={list.reload} close={close} />,
      }}
      entry={each => <FieldGateway key={each.name} of={each} list={list} />}
    />
  );
}

function FieldGateway({ of, list }: { of: Credential; list: Listing<Credential> }) {
  const { api, time } = useApp();
  const { name } = of;
  const revoke = async () => {
    await api.revokeCredential(name);
    list.remove(name);
  };
  return (
    <li class="entry" data-credential={name}>
      <div class="entry-what">
        <p class="entry-name">
          <b>{name}</b>
          {!of.enabled && <span class="mark is-bad">{credential.disabled}</span>}
        </p>
        <p class="small entry-devices">{text.deviceAccess.speaksFor(of.devices.join(', '))}</p>
        <p class="muted small">
          {credential.rotated} <Age at={of.rotatedAt} /> · {credential.used.toLowerCase()}{' '}
          {of.lastUsedAt === null ? credential.unused.toLowerCase() : <Age at={of.lastUsedAt} />}
          {of.previousUntil !== null &&
            ` · ${credential.previous.toLowerCase()} ${credential.previousUntil(formatTime(of.previousUntil, time.now()))}`}
        </p>
      </div>
      <div class="entry-acts">
        <DialogButton
          class="button is-small"
          label={words.change}
          of={credential.of(words.change, name)}
          title={words.changeTitle(name)}
        >
          {close => <ChangeDevices of={of} changed={list.put} close={close} />}
        </DialogButton>
        <DialogButton
          class="button is-small"
          label={words.log}
          of={credential.of(words.log, name)}
          title={words.logTitle(name)}
        >
          {close => (
            <>
              <ConnectionLogList load={() => api.credentialConnections(name)} />
              <div class="actions">
                <button type="button" class="button" onClick={close}>
                  {text.close}
                </button>
              </div>
            </>
          )}
        </DialogButton>
        <RotateButton name={name} rotate={overlapMs => api.newSecret(name, { overlapMs })} changed={list.reload} />
        <StateButtons of={of} changed={list.put} />
        <ConfirmButton
          class="button is-small is-danger"
          label={credential.revoke}
          of={credential.of(credential.revoke, name)}
          title={credential.revokeTitle(name)}
          warning={credential.revokeWarning}
          submit={credential.revokeSubmit}
          typed={{ value: name, label: text.people.deleteType(name) }}
          work={revoke}
        />
      </div>
    </li>
  );
}

function ChangeDevices({ of, changed, close }: { of: Credential; changed(of: Credential): void; close(): void }) {
  const { api } = useApp();
  const action = useAction();
  const [typed, setTyped] = useState(of.devices.join('\n'));
  const devices = linesOf(typed);
  const problem = linesProblem(devices, patternRule);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await action.run(async () => changed(await api.changeCredential(of.name, { devices })))) close();
  };
  return (
    <form onSubmit={submit}>
      <Lines
        label={text.deviceAccess.devices}
        hint={text.deviceAccess.devicesHint}
        value={typed}
        rows={6}
        input={setTyped}
      />
      <EntryProblem problem={problem} />
      <p class="hint">{words.changeHint}</p>
      <FormEnd action={action} submit={words.changeSubmit} disabled={problem !== null} cancel={close} />
    </form>
  );
}

function NewFieldGateway({ made, close }: { made(): void; close(): void }) {
  const { api } = useApp();
  const action = useAction();
  const [name, setName] = useState('');
  const [typed, setTyped] = useState('');
  const [created, setCreated] = useState<CredentialCreated | null>(null);
  const devices = linesOf(typed);
  const problem = linesProblem(devices, patternRule);
  const named = isDeviceId(name);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      setCreated(await api.createCredential({ name, devices }));
      made();
    });
  };
  if (created !== null) {
    const values = [
      { label: credential.user, value: created.name },
      { label: credential.secret, value: created.secret },
    ];
    return <ToldOnce title={words.done(created.name)} values={values} close={close} />;
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
      <Lines label={text.deviceAccess.devices} hint={text.deviceAccess.devicesHint} value={typed} input={setTyped} />
      <EntryProblem problem={problem} />
      <FormEnd action={action} submit={words.submit} disabled={!named || problem !== null} cancel={close} />
    </form>
  );
}
