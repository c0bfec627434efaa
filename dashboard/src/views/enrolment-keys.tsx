// Enrolment keys: what devices get their own credential with.
import { type EnrolmentKey, type EnrolmentKeyCreated, limits } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatCount, formatDate } from '../i18n/format.ts';
import { openListing } from '../model/listing.ts';
import { linesOf, linesProblem } from '../model/scope-draft.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton, FormEnd, ToldOnce } from '../ui/dialog.tsx';
import { Check, Choice, EntryProblem, Line, Lines } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';
import { useOpened } from '../ui/use-opened.ts';
import { patternRule } from './field-gateways.tsx';
import { ListPanel } from './list-panel.tsx';

const words = text.deviceAccess.keys;
const dayMs = 86_400_000;
const lives = [1, 7, 30, 365] as const;

/** A shell command with which a device, or whoever tries it out, enrols. */
export function enrolLine(origin: string, key: string, device: string): string {
  const body = JSON.stringify({ key, device }).replaceAll("'", `'\\''`);
  return `curl -H 'Content-Type: application/json' -d '${body}' ${origin}/api/v1/enrol`;
}

/** The newest first, those that are used up or expired too. */
export function EnrolmentKeys() {
  const { api } = useApp();
  const list = useOpened(
    () =>
      openListing<EnrolmentKey>(
        each => each.id,
        cursor => api.enrolmentKeys({ cursor, limit: limits.pageRowsMax }),
      ),
    [],
  );
  if (list === null) return null;
  return (
    <ListPanel
      id="enrolment-keys"
      list={list}
      words={words}
      add={{
        label: words.add,
        of: words.addTitle,
        title: words.addTitle,
        form: close => <NewKey made={list.reload} close={close} />,
      }}
      entry={each => (
        <KeyEntry
          key={each.id}
          of={each}
          revoke={async () => {
            await api.revokeEnrolmentKey(each.id);
            list.remove(each.id);
          }}
        />
      )}
    />
  );
}

function KeyEntry({ of, revoke }: { of: EnrolmentKey; revoke(): Promise<void> }) {
  const { time } = useApp();
  const ended = of.expiresAt <= time.ticking.value ? words.expired : of.uses >= of.usesMax ? words.usedUp : null;
  return (
    <li class="entry" data-key={of.name}>
      <div class="entry-what">
        <p class="entry-name">
          <b>{of.name}</b>
          {ended !== null && <span class="mark is-bad">{ended}</span>}
          {of.again && <span class="mark">{words.againShort}</span>}
        </p>
        <p class="small entry-devices">{text.deviceAccess.speaksFor(of.devices.join(', '))}</p>
        <p class="muted small">
          {words.used(formatCount(of.uses), formatCount(of.usesMax))} · {words.until(formatDate(of.expiresAt))} ·{' '}
          {words.by(of.by)}
          {of.lastUsedAt !== null && (
            <>
              {' '}
              · {words.lastUsed} <Age at={of.lastUsedAt} />
            </>
          )}
        </p>
      </div>
      <div class="entry-acts">
        <ConfirmButton
          class="button is-small is-danger"
          label={words.revoke}
          of={text.credential.of(words.revoke, of.name)}
          title={words.revokeTitle(of.name)}
          warning={words.revokeWarning}
          submit={words.revokeSubmit}
          work={revoke}
        />
      </div>
    </li>
  );
}

function NewKey({ made, close }: { made(): void; close(): void }) {
  const { api, time } = useApp();
  const action = useAction();
  const [name, setName] = useState('');
  const [typed, setTyped] = useState('');
  const [uses, setUses] = useState('100');
  const [days, setDays] = useState<number>(30);
  const [again, setAgain] = useState(false);
  const [created, setCreated] = useState<EnrolmentKeyCreated | null>(null);
  const devices = linesOf(typed);
  const problem = linesProblem(devices, patternRule);
  const usesMax = Number(uses);
  const counted = Number.isInteger(usesMax) && usesMax >= 1 && usesMax <= limits.enrolmentUsesMax;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const request = { name: name.trim(), devices, usesMax, expiresAt: time.now() + days * dayMs, again };
    void action.run(async () => {
      setCreated(await api.createEnrolmentKey(request));
      made();
    });
  };
  if (created !== null) {
    const example = created.devices[0]?.replace(/\*$/, '1') ?? '';
    const values = [
      { label: words.key, value: created.key },
      { label: words.tryIt, value: enrolLine(location.origin, created.key, example) },
    ];
    return <ToldOnce title={words.done(created.name)} values={values} close={close} />;
  }
  return (
    <form onSubmit={submit}>
      <Line label={words.name} value={name} input={setName} hint={words.nameHint} maxLength={128} required />
      <Lines label={text.deviceAccess.devices} hint={text.deviceAccess.devicesHint} value={typed} input={setTyped} />
      <EntryProblem problem={problem} />
      <div class="pair">
        <Line
          label={words.usesMax}
          type="number"
          min={1}
          max={limits.enrolmentUsesMax}
          value={uses}
          input={setUses}
          required
        />
        <Choice
          label={words.expires}
          value={days}
          options={lives.map(each => [each, words.life(each)] as const)}
          choose={setDays}
        />
      </div>
      <Check label={words.again} hint={words.againHint} checked={again} change={setAgain} />
      <FormEnd
        action={action}
        submit={words.submit}
        disabled={name.trim() === '' || problem !== null || !counted}
        cancel={close}
      />
    </form>
  );
}
