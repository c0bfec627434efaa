// What devices sign in with: a name, one or two secrets, and the devices that it may speak for ([ACC-2], [ACC-8]). All
// are in memory, so that a connect costs one hash and one look-up.
import { type Credential, type CredentialKind, devicePatternCovers, type Millis } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { hashSecret, newSecret, sameHash } from './secrets.ts';

/** As it is stored. Records of earlier versions have the first four fields alone. */
export type CredentialRecord = {
  /** The MQTT user name. */
  name: string;
  secretHash: string;
  /** Device ids, or prefixes that end in `*`, for a field gateway. */
  devices: readonly string[];
  createdAt: Millis;
  kind: CredentialKind;
  enabled: boolean;
  rotatedAt: Millis;
  /** The secret before this one, and when it ended or will end. */
  previous: { hash: string; until: Millis } | null;
  lastUsedAt: Millis | null;
};
export type StoredCredential = Pick<CredentialRecord, 'name' | 'secretHash' | 'devices' | 'createdAt'> &
  Partial<CredentialRecord>;

/** Who is at the other end of a device connection, judged anew at each question by the credential as it is then. */
export type DeviceIdentity = {
  readonly name: string;
  /** The one device that this is, or null for a field gateway. */
  readonly device: string | null;
  /** False once what it signed in with is no longer good for what it was: the connection has to end. */
  holds(): boolean;
  covers(device: string): boolean;
};

export type SignInRefusal = 'unknown-name' | 'no-secret' | 'wrong-secret' | 'secret-replaced' | 'disabled';
export type SignIn = DeviceIdentity | { refused: SignInRefusal };

/** `revision` grows when it comes to cover less: connections from before have to end. */
type Entry = { record: CredentialRecord; revision: number };
/** What somebody signed in with: the hash of a secret, or null for a client certificate. */
type Proof = string | null;

/** True where a device of this name can be one that the credential speaks for. */
export function covers({ devices, kind, name }: CredentialRecord, device: string): boolean {
  // Ids are whatever a device is called, so that the one of its own credential is no pattern.
  if (kind === 'device') return device === name;
  return device !== name && devices.some(pattern => devicePatternCovers(pattern, device));
}

/** A credential with a new secret, which is told this once. It does not hold until it is `put`. */
export function makeCredential(kind: CredentialKind, name: string, devices: readonly string[], now: Millis) {
  const secret = newSecret();
  const record: CredentialRecord = {
    name,
    secretHash: hashSecret(secret),
    devices,
    createdAt: now,
    kind,
    enabled: true,
    rotatedAt: now,
    previous: null,
    lastUsedAt: null,
  };
  return { record, secret };
}

export class Credentials {
  private readonly byName = new Map<string, Entry>();
  /** Names in order, for paging; sorted again only after one came or went. */
  private names: string[] | null = null;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  load(stored: readonly StoredCredential[]): void {
    for (const { kind = 'device', enabled = true, previous = null, lastUsedAt = null, ...rest } of stored) {
      this.put({ ...rest, kind, enabled, previous, lastUsedAt, rotatedAt: rest.rotatedAt ?? rest.createdAt });
    }
  }

  get(name: string): CredentialRecord | undefined {
    return this.byName.get(name)?.record;
  }

  put(record: CredentialRecord): void {
    const known = this.byName.get(record.name);
    if (known === undefined) {
      this.names = null;
      this.byName.set(record.name, { record, revision: 0 });
      return;
    }
    const shrank = known.record.devices.some(pattern => !record.devices.includes(pattern));
    known.record = record;
    if (shrank || !record.enabled) known.revision++;
  }

  delete(name: string): void {
    this.byName.delete(name);
    this.names = null;
  }

  *all(): Iterable<CredentialRecord> {
    for (const { record } of this.byName.values()) yield record;
  }

  /** In order of name, those after `after` whose name contains `search`. */
  page(after: string | null, limit: number, search: string, kind: CredentialKind | null): CredentialRecord[] {
    this.names ??= [...this.byName.keys()].sort();
    const wanted = search.toLowerCase();
    const page: CredentialRecord[] = [];
    for (const name of this.names) {
      if ((after !== null && name <= after) || !name.toLowerCase().includes(wanted)) continue;
      const record = this.get(name);
      if (record === undefined || (kind !== null && record.kind !== kind)) continue;
      page.push(record);
      if (page.length >= limit) break;
    }
    return page;
  }

  /** The identity that name and secret prove, or why they do not. */
  signIn(name: string, secret: Uint8Array | undefined): SignIn {
    // The hash is taken for unknown names too, so that the time tells nothing about which names there are.
    const hash = hashSecret(secret ?? '');
    const entry = this.byName.get(name);
    if (entry === undefined) return { refused: 'unknown-name' };
    if (secret === undefined) return { refused: 'no-secret' };
    const { enabled, previous, secretHash } = entry.record;
    const isPresent = sameHash(hash, secretHash);
    const isPrevious = previous !== null && sameHash(hash, previous.hash);
    if (!isPresent && !isPrevious) return { refused: 'wrong-secret' };
    if (!enabled) return { refused: 'disabled' };
    if (!isPresent && !this.previousHolds(entry.record)) return { refused: 'secret-replaced' };
    return this.use(entry, hash);
  }

  /** The identity of a name that a client certificate proved, or why it has none. */
  signInByCertificate(name: string): SignIn {
    const entry = this.byName.get(name);
    if (entry === undefined) return { refused: 'unknown-name' };
    return entry.record.enabled ? this.use(entry, null) : { refused: 'disabled' };
  }

  /** The identity of a name for what was left to be done in it, or null where nobody signs in by it any more. */
  identityNamed(name: string): DeviceIdentity | null {
    const entry = this.byName.get(name);
    return entry?.record.enabled === true ? this.identity(entry, null) : null;
  }

  previousHolds({ previous }: CredentialRecord): boolean {
    return previous !== null && previous.until > this.clock.now();
  }

  /** The credential as people see it. */
  describe(record: CredentialRecord): Credential {
    const { name, kind, devices, enabled, createdAt, rotatedAt, previous, lastUsedAt } = record;
    const previousUntil = this.previousHolds(record) ? (previous?.until ?? null) : null;
    return { name, kind, devices: [...devices], enabled, createdAt, rotatedAt, previousUntil, lastUsedAt };
  }

  private use(entry: Entry, proof: Proof): DeviceIdentity {
    entry.record.lastUsedAt = this.clock.now();
    return this.identity(entry, proof);
  }

  private identity(entry: Entry, proof: Proof): DeviceIdentity {
    const { kind, name } = entry.record;
    const { revision } = entry;
    const holds = () =>
      this.byName.get(name) === entry && entry.revision === revision && this.proves(entry.record, proof);
    return {
      name,
      device: kind === 'device' ? name : null,
      holds,
      covers: device => holds() && covers(entry.record, device),
    };
  }

  private proves(record: CredentialRecord, proof: Proof): boolean {
    if (proof === null || proof === record.secretHash) return true;
    return record.previous?.hash === proof && this.previousHolds(record);
  }
}
