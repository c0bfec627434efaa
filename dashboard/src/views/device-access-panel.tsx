// How one device signs in, on its page: its credential for administrators, the log of its connections for operators.
import type { Credential } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../history/rest.ts';
import { text } from '../i18n/en.ts';
import { formatTime } from '../i18n/format.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { ConnectionLogList } from './connection-log.tsx';
import { RotateButton, StateButtons } from './credential-actions.tsx';

const words = text.credential;

/** A viewer has neither. `presence` changes with the connections, and loads the log again. */
export function DeviceAccessPanel({ id, presence }: { id: string; presence: unknown }) {
  const { api, session } = useApp();
  if (!session.may('operator')) return null;
  return (
    <>
      {session.may('administrator') && <CredentialPanel id={id} />}
      <section class="card panel" aria-labelledby="device-connections">
        <h2 id="device-connections">{text.connections.title}</h2>
        <ConnectionLogList load={() => api.connectionsOf(id)} turn={presence} />
      </section>
    </>
  );
}

function CredentialPanel({ id }: { id: string }) {
  const { api } = useApp();
  const [of, setOf] = useState<Credential | null>(null);
  const [missing, setMissing] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const load = async () => {
    setError(null);
    try {
      setOf(await api.credential(id));
      setMissing(false);
    } catch (reason) {
      if (reason instanceof ApiError && reason.code === 'not_found') setMissing(true);
      else setError(reason);
    }
  };
  useEffect(() => void load(), [id]);
  return (
    <section class="card panel" aria-labelledby="device-credential">
      <h2 id="device-credential">{words.title}</h2>
      {error !== null && <Failure error={error} retry={() => void load()} />}
      {missing && <p class="notice is-late">{words.none}</p>}
      {of !== null && !missing && <CredentialFacts of={of} />}
      {(of !== null || missing) && (
        <div class="actions is-start">
          <RotateButton
            name={id}
            rotate={overlapMs => api.newDeviceSecret(id, { overlapMs })}
            changed={() => void load()}
          />
          {of !== null && !missing && <StateButtons of={of} changed={setOf} />}
        </div>
      )}
    </section>
  );
}

function CredentialFacts({ of }: { of: Credential }) {
  const { time } = useApp();
  const old =
    of.previousUntil === null ? words.noPrevious : words.previousUntil(formatTime(of.previousUntil, time.now()));
  return (
    <dl class="facts">
      <div class="fact">
        <dt>{words.state}</dt>
        <dd class={of.enabled ? undefined : 'bad'}>{of.enabled ? words.enabled : words.disabled}</dd>
      </div>
      <div class="fact">
        <dt>{words.created}</dt>
        <dd>
          <Age at={of.createdAt} />
        </dd>
      </div>
      <div class="fact">
        <dt>{words.rotated}</dt>
        <dd>
          <Age at={of.rotatedAt} />
        </dd>
      </div>
      <div class="fact">
        <dt>{words.previous}</dt>
        <dd>{old}</dd>
      </div>
      <div class="fact">
        <dt>{words.used}</dt>
        <dd>{of.lastUsedAt === null ? words.unused : <Age at={of.lastUsedAt} />}</dd>
      </div>
    </dl>
  );
}
