// The head of a device's page: name, presence and since when, its attributes, and for administrators the way out.

import type { Device } from '@telltale/gateway/contract';
import { useRef, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatValue } from '../i18n/format.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icons.tsx';
import { Link } from '../ui/link.tsx';
import { PresenceMark } from '../ui/presence.tsx';
import { go } from '../ui/router.ts';
import { DeviceTags } from './device-tags.tsx';

/** What is known of the device itself. */
export function DeviceHead({ device, changed }: { device: Device; changed(device: Device): void }) {
  const { session } = useApp();
  const attributes = Object.entries(device.attributes);
  const name = device.name === '' ? device.id : device.name;
  return (
    <header class="device-head">
      <Link to={{ name: 'fleet' }} class="back">
        <Icon name="back" />
        {text.title.fleet}
      </Link>
      <div class="device-title">
        <h1>{name}</h1>
        {name !== device.id && <code class="muted">{device.id}</code>}
        <PresenceMark presence={device.presence} since />
      </div>
      <DeviceTags device={device} changed={changed} />
      <details class="about">
        <summary>{text.device.about}</summary>
        <dl>
          <div>
            <dt>{text.device.created}</dt>
            <dd>
              <Age at={device.createdAt} />
            </dd>
          </div>
          {attributes.map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{formatValue(value)}</dd>
            </div>
          ))}
        </dl>
        {attributes.length === 0 && <p class="muted small">{text.device.noAttributes}</p>}
        {session.may('administrator') && <DeleteDevice id={device.id} />}
      </details>
    </header>
  );
}

/** Asks for the id to be typed: what is deleted here cannot be brought back. */
function DeleteDevice({ id }: { id: string }) {
  const { api } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      await api.deleteDevice(id);
      go({ name: 'fleet' });
    } catch (reason) {
      setError(reason);
    }
  };
  return (
    <>
      <button type="button" class="button is-danger" onClick={() => dialog.current?.showModal()}>
        {text.deleteDevice.open}
      </button>
      <dialog ref={dialog} class="card dialog" aria-label={text.deleteDevice.title(id)} onClose={() => setTyped('')}>
        <form onSubmit={submit}>
          <h2>{text.deleteDevice.title(id)}</h2>
          <p>{text.deleteDevice.warning}</p>
          <label class="field">
            <span class="label">{text.deleteDevice.type(id)}</span>
            <input
              value={typed}
              onInput={event => setTyped(event.currentTarget.value)}
              autocapitalize="none"
              spellcheck={false}
            />
          </label>
          {error !== null && <Failure error={error} />}
          <div class="actions">
            <button type="button" class="button" onClick={() => dialog.current?.close()}>
              {text.cancel}
            </button>
            <button type="submit" class="button is-danger" disabled={typed !== id}>
              {text.deleteDevice.submit}
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
