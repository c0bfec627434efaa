// How the device should be, beside how it says that it is, and what is between the two.
import type { Device, DeviceState } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatValue } from '../i18n/format.ts';
import { openDeviceState, rowsOf, type StateModel, type StateRow } from '../model/device-state.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { DialogButton } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icons.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { StateForm } from './state-form.tsx';
import { StateHistory } from './state-history.tsx';

const words = text.state;

/** A viewer sees the same, and no buttons. */
export function StatePanel({ device }: { device: Device }) {
  const app = useApp();
  const model = useOpened(() => openDeviceState(device.id, app), [device.id]);
  const state = model?.state.value ?? null;
  if (model === null) return null;
  const error = model.error.value;
  return (
    <>
      <div class="panel-head">
        <h2>{words.title}</h2>
        {state !== null && state.version > 0 && <span class="muted small">{words.version(state.version)}</span>}
        {state !== null && app.session.may('operator') && (
          <DialogButton
            class="button is-small push"
            label={
              <>
                <Icon name="plus" />
                {words.add}
              </>
            }
            title={words.addTitle}
          >
            {close => <StateForm model={model} opened={state} close={close} />}
          </DialogButton>
        )}
      </div>
      {error !== null && <Failure error={error} retry={model.reload} />}
      {state === null ? error === null && <p class="muted">{text.loading}</p> : <Fields state={state} model={model} />}
      {state !== null && device.presence.state !== 'online' && Object.keys(state.difference).length > 0 && (
        <p class="hint">{words.away}</p>
      )}
      {!app.live.confirmed.value && <p class="notice is-late">{words.notLive}</p>}
      {state !== null && <StateHistory device={device.id} state={state} />}
    </>
  );
}

function Fields({ state, model }: { state: DeviceState; model: StateModel }) {
  const { asked, others } = rowsOf(state);
  return (
    <>
      {asked.length === 0 ? <p class="muted">{words.none}</p> : <FieldTable rows={asked} state={state} model={model} />}
      {others.length > 0 && (
        <details class="state-more">
          <summary>{words.others(others.length)}</summary>
          <FieldTable rows={others} state={state} model={model} />
        </details>
      )}
    </>
  );
}

type TableProps = { rows: readonly StateRow[]; state: DeviceState; model: StateModel };

function FieldTable({ rows, state, model }: TableProps) {
  const { column } = words;
  const may = useApp().session.may('operator');
  return (
    <table class="state-table">
      <thead>
        <tr>
          <th scope="col">{column.field}</th>
          <th scope="col">{column.desired}</th>
          <th scope="col">{column.reported}</th>
          {may && <td />}
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <FieldRow key={row.name} of={row} state={state} model={may ? model : null} />
        ))}
      </tbody>
    </table>
  );
}

function FieldRow({ of: row, state, model }: { of: StateRow; state: DeviceState; model: StateModel | null }) {
  const { name, desired, reported, differs } = row;
  return (
    <tr data-field={name} data-differs={differs}>
      <th scope="row">{name}</th>
      <td data-label={words.column.desired}>
        {desired === null ? (
          <span class="muted">{text.dash}</span>
        ) : (
          <>
            <b>{formatValue(desired.value)}</b>{' '}
            <span class="muted small">
              {words.by(desired.by)} · <Age at={desired.at} />
            </span>
          </>
        )}
      </td>
      <td data-label={words.column.reported}>
        {reported === null ? (
          !differs && <span class="muted">{words.unsaid}</span>
        ) : (
          <>
            <b>{formatValue(reported.value)}</b>{' '}
            <span class="muted small">
              <Age at={reported.at} />
            </span>
          </>
        )}
        <Mark of={row} />
      </td>
      {model !== null && (
        <td class="state-actions">
          <DialogButton
            class="button is-small is-quiet"
            label={words.change}
            of={words.changeOf(name)}
            title={words.changeOf(name)}
          >
            {close => <StateForm model={model} opened={state} name={name} close={close} />}
          </DialogButton>
          {desired !== null && (
            <DialogButton
              class="button is-small is-quiet"
              label={words.takeBack}
              of={words.takeBackOf(name)}
              title={words.takeBackOf(name)}
            >
              {close => <StateForm model={model} opened={state} name={name} takesBack close={close} />}
            </DialogButton>
          )}
        </td>
      )}
    </tr>
  );
}

/** Says in words and by a sign what colour alone would not. */
function Mark({ of: { desired, reported, differs } }: { of: StateRow }) {
  if (desired === null) return null;
  if (!differs) {
    return (
      <span class="state-mark is-good">
        <Icon name="check" />
        {words.agrees}
      </span>
    );
  }
  const wanted = formatValue(desired.value);
  return (
    <span class="state-mark is-bad">
      <Icon name="cross" />
      {reported === null ? words.asksUnsaid(wanted) : words.asks(wanted, formatValue(reported.value))}
    </span>
  );
}
