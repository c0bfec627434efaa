// Commands of one device: the form for those who may send, and what became of the recent ones.
import { type Device, isOpen } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import type { ControlModel } from '../model/device-control.ts';
import { openLedger } from '../model/ledger.ts';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { CommandForm } from './command-form.tsx';
import { CommandItem } from './command-item.tsx';
import { ControlGate } from './device-control.tsx';
import { useCommandTypes } from './use-command-types.ts';

/** Shown to begin with, besides those that are still under way: on a phone the charts come after them. */
const commandsAtFirst = 5;

/** A viewer sees what was sent, and no form. */
export function CommandPanel({ device, control }: { device: Device; control: ControlModel | null }) {
  const app = useApp();
  const offer = useCommandTypes(device);
  const [all, setAll] = useState(false);
  const ledger = useOpened(() => openLedger(device.id, app), [device.id]);
  if (ledger === null) return null;
  const status = ledger.status.value;
  const commands = ledger.commands.value;
  const shown = commands.filter((command, at) => all || at < commandsAtFirst || isOpen(command));
  return (
    <>
      {app.session.may('operator') && (
        <ControlGate model={control}>
          <CommandForm device={device} offer={offer} sent={ledger.put} />
        </ControlGate>
      )}
      <h2>{text.command.recent}</h2>
      {!app.live.confirmed.value && <p class="notice is-late">{text.command.notLive}</p>}
      {status.name === 'failed' && <Failure error={status.error} retry={ledger.reload} />}
      {commands.length === 0 && status.name !== 'failed' && (
        <p class="muted">{status.name === 'loading' ? text.loading : text.command.none}</p>
      )}
      <ol class="commands">
        {shown.map(command => (
          <CommandItem
            key={command.id}
            command={command}
            title={offer.types?.items.find(({ id }) => id === command.type)?.title ?? null}
            changed={ledger.put}
          />
        ))}
      </ol>
      {shown.length < commands.length && (
        <button type="button" class="button is-small" onClick={() => setAll(true)}>
          {text.command.earlier(commands.length - shown.length)}
        </button>
      )}
      {shown.length === commands.length && ledger.older.value && (
        <button
          type="button"
          class="button is-small"
          onClick={() => {
            setAll(true);
            ledger.loadOlder();
          }}
        >
          {text.command.older}
        </button>
      )}
    </>
  );
}
