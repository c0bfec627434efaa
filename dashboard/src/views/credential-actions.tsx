// What an administrator does to a credential: a new secret with an overlap, the end of the old one, disabling, revoking.
import { type Credential, limits, type NewSecret } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton, DialogButton, FormEnd, ToldOnce } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';

const words = text.credential;
const overlaps = Object.keys(words.overlaps)
  .map(Number)
  .filter(ms => ms <= limits.secretOverlapMsMax);

type RotateProps = {
  name: string;
  rotate(overlapMs: number): Promise<NewSecret>;
  changed(): void;
};

/** The new secret is shown once. */
export function RotateButton({ name, rotate, changed }: RotateProps) {
  return (
    <DialogButton
      class="button is-small"
      label={words.rotate}
      of={words.of(words.rotate, name)}
      title={words.rotateTitle(name)}
    >
      {close => <RotateForm name={name} rotate={rotate} changed={changed} close={close} />}
    </DialogButton>
  );
}

function RotateForm({ name, rotate, changed, close }: RotateProps & { close(): void }) {
  const action = useAction();
  const [overlapMs, setOverlapMs] = useState(overlaps[2] ?? 0);
  const [made, setMade] = useState<NewSecret | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      setMade(await rotate(overlapMs));
      changed();
    });
  };
  if (made !== null) {
    const values = [
      { label: words.user, value: name },
      { label: words.secret, value: made.secret },
    ];
    return <ToldOnce title={words.done(name)} values={values} close={close} />;
  }
  return (
    <form onSubmit={submit}>
      <Choice
        label={words.overlap}
        value={overlapMs}
        options={overlaps.map(ms => [ms, words.overlaps[ms] as string] as const)}
        choose={setOverlapMs}
      />
      <p class="hint">{words.overlapHint}</p>
      <FormEnd action={action} submit={words.rotateSubmit} cancel={close} />
    </form>
  );
}

/** The end of the old secret, and enabling or disabling, for every kind of credential. */
export function StateButtons({ of, changed }: { of: Credential; changed(credential: Credential): void }) {
  const { api } = useApp();
  const enable = useAction();
  const { name } = of;
  const set = async (enabled: boolean) => changed(await api.changeCredential(name, { enabled }));
  const endPrevious = async () => {
    await api.endPreviousSecret(name);
    changed({ ...of, previousUntil: null });
  };
  return (
    <>
      {of.previousUntil !== null && (
        <ConfirmButton
          class="button is-small"
          label={words.endPrevious}
          of={words.of(words.endPrevious, name)}
          title={words.endPreviousTitle}
          warning={words.endPreviousWarning}
          submit={words.endPreviousSubmit}
          work={endPrevious}
        />
      )}
      {of.enabled ? (
        <ConfirmButton
          class="button is-small"
          label={words.disable}
          of={words.of(words.disable, name)}
          title={words.disableTitle(name)}
          warning={words.disableWarning}
          submit={words.disableSubmit}
          work={() => set(false)}
        />
      ) : (
        <button
          type="button"
          class="button is-small"
          aria-label={words.of(words.enable, name)}
          disabled={enable.busy}
          onClick={() => void enable.run(() => set(true))}
        >
          {words.enable}
        </button>
      )}
      {enable.error !== null && <Failure error={enable.error} />}
    </>
  );
}
