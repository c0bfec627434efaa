// The form that asks for a field's value or takes it back. What others changed since it was opened is shown first.
import { type DeviceState, limits, valueTypeOf } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatValue } from '../i18n/format.ts';
import { changedSince, type Meanwhile, type StateModel } from '../model/device-state.ts';
import { readField, writeField } from '../model/field-text.ts';
import { Age } from '../ui/age.tsx';
import { FormEnd } from '../ui/dialog.tsx';
import { Line } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';

const words = text.state;

type Props = {
  model: StateModel;
  /** The state as it was when the form was opened. */
  opened: DeviceState;
  /** Left out where the field is to be named. */
  name?: string;
  takesBack?: boolean;
  close(): void;
};

export function StateForm({ model, opened, name: given, takesBack = false, close }: Props) {
  // What somebody has seen when he presses the button: only that may be changed by it.
  const [seen, setSeen] = useState(opened);
  const [meanwhile, setMeanwhile] = useState<readonly Meanwhile[] | null>(null);
  const [name, setName] = useState(given ?? '');
  const [typed, setTyped] = useState(() => startOf(opened, given));
  const [reason, setReason] = useState('');
  const action = useAction();
  const value = readField(typed);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    await action.run(async () => {
      const isDone = await model.change({ [name.trim()]: takesBack ? null : value }, reason.trim(), seen.version);
      if (isDone) return close();
      const now = model.state.peek() ?? seen;
      setMeanwhile(changedSince(seen, now));
      setSeen(now);
    });
  };

  return (
    <form onSubmit={submit}>
      {given === undefined && (
        <Line label={words.field} hint={words.fieldHint} value={name} input={setName} required maxLength={128} />
      )}
      {takesBack && <p>{words.takeBackWarning(name)}</p>}
      {!takesBack && (
        <Line
          label={words.value}
          hint={typed.trim() === '' ? words.empty : words.kind[valueTypeOf(value)]}
          value={typed}
          input={setTyped}
          autocomplete="off"
        />
      )}
      <Line label={words.reason} value={reason} input={setReason} maxLength={limits.commandReasonLengthMax} />
      {meanwhile !== null && <ChangedMeanwhile changes={meanwhile} />}
      <FormEnd
        action={action}
        submit={meanwhile !== null ? words.again : takesBack ? words.takeBack : words.submit}
        disabled={name.trim() === ''}
        cancel={close}
      />
    </form>
  );
}

/** What is asked for now, or else what the device says: most changes begin there. */
function startOf({ desired, reported }: DeviceState, name: string | undefined): string {
  if (name === undefined) return '';
  const field = Object.hasOwn(desired, name) ? desired[name] : Object.hasOwn(reported, name) ? reported[name] : null;
  return field == null ? '' : writeField(field.value);
}

function ChangedMeanwhile({ changes }: { changes: readonly Meanwhile[] }) {
  return (
    <div class="notice is-late" role="alert" data-meanwhile>
      <p>
        <b>{words.meanwhile}</b>
      </p>
      <ul>
        {changes.map(({ name, was, now }) => (
          <li key={name}>
            {words.was(
              name,
              now === null ? words.nothing : formatValue(now.value),
              was === null ? words.nothing : formatValue(was),
            )}
            {now !== null && (
              <>
                {' '}
                ({words.by(now.by)}, <Age at={now.at} />)
              </>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
