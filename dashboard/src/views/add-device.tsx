// Registering a device. Its secret is shown once, here, with a line that tries it out.

import type { DeviceCreated } from '@telltale/gateway/contract';
import { isDeviceId } from '@telltale/gateway/contract';
import { useRef, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { useApp } from '../ui/app-context.ts';
import { Copyable } from '../ui/copy.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icons.tsx';

/** A shell command that publishes a first reading as the new device. */
export function publishLine(host: string, id: string, secret: string): string {
  const quoted = (part: string) => `'${part.replaceAll("'", `'\\''`)}'`;
  const topic = quoted(`devices/${id}/telemetry`);
  return `mosquitto_pub -h ${host} -p 1883 -u ${quoted(id)} -P ${quoted(secret)} -q 1 -t ${topic} -m '{"temperature":21.5}'`;
}

/** A button with its dialogue. */
export function AddDevice({ created }: { created(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [device, setDevice] = useState<DeviceCreated | null>(null);
  const open = () => {
    setDevice(null);
    dialog.current?.showModal();
  };
  return (
    <>
      <button type="button" class="button" onClick={open}>
        <Icon name="plus" />
        {text.addDevice.open}
      </button>
      {/* The secret is forgotten with the dialogue, however that is closed. */}
      <dialog ref={dialog} class="card dialog" aria-label={text.addDevice.title} onClose={() => setDevice(null)}>
        {device === null ? (
          <Form
            cancel={() => dialog.current?.close()}
            done={next => {
              setDevice(next);
              created();
            }}
          />
        ) : (
          <Secret device={device} close={() => dialog.current?.close()} />
        )}
      </dialog>
    </>
  );
}

function Form({ done, cancel }: { done(device: DeviceCreated): void; cancel(): void }) {
  const { api } = useApp();
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const valid = isDeviceId(id);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      done(await api.createDevice(name === '' ? { id } : { id, name }));
    } catch (reason) {
      setError(reason);
    }
    setBusy(false);
  };

  return (
    <form onSubmit={submit}>
      <h2>{text.addDevice.title}</h2>
      <label class="field">
        <span class="label">{text.addDevice.id}</span>
        <input
          value={id}
          onInput={event => setId(event.currentTarget.value)}
          required
          autocapitalize="none"
          spellcheck={false}
        />
        <span class={id === '' || valid ? 'hint' : 'hint bad'}>{text.addDevice.idHint}</span>
      </label>
      <label class="field">
        <span class="label">{text.addDevice.name}</span>
        <input value={name} onInput={event => setName(event.currentTarget.value)} />
      </label>
      {error !== null && <Failure error={error} />}
      <div class="actions">
        <button type="button" class="button" onClick={cancel}>
          {text.cancel}
        </button>
        <button type="submit" class="button is-primary" disabled={!valid || busy}>
          {text.addDevice.submit}
        </button>
      </div>
    </form>
  );
}

function Secret({ device, close }: { device: DeviceCreated; close(): void }) {
  return (
    <div>
      <h2>{text.addDevice.done(device.id)}</h2>
      <p class="notice is-late">{text.addDevice.once}</p>
      <Copyable label={text.addDevice.user} value={device.id} />
      <Copyable label={text.addDevice.secret} value={device.secret} />
      <Copyable label={text.addDevice.tryIt} value={publishLine(location.hostname, device.id, device.secret)} />
      <div class="actions">
        <button type="button" class="button is-primary" onClick={close}>
          {text.addDevice.close}
        </button>
      </div>
    </div>
  );
}
