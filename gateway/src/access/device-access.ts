// The door for devices: their credentials, how these come, change and go, and who is told of it.
// Invariant: a credential is on disk before it holds; what ended lets nobody in, and its connections are cut at once
// ([ACC-8]). Changes of one credential come one after the other.
// Full: as many credentials as devices, and `limits.fieldGatewaysMax`.
import {
  type Credential,
  type CredentialChange,
  type CredentialCreated,
  type CredentialKind,
  type CredentialRequest,
  limits,
  type NewSecret,
  Refusal,
} from '../contract/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { KeyTurns } from '../lib/key-turns.ts';
import type { Logger } from '../lib/logger.ts';
import {
  type CredentialRecord,
  Credentials,
  type DeviceIdentity,
  makeCredential,
  type SignIn,
  type StoredCredential,
} from './credentials.ts';
import { Enrolment, type EnrolmentKeyRecord, type EnrolmentRefused } from './enrolment.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** What is committed at once. */
export type DeviceAccessChange = {
  put?: CredentialRecord[];
  remove?: string[];
  putKeys?: EnrolmentKeyRecord[];
  removeKeys?: EnrolmentKeyRecord[];
  /** Who got the credential by which key, for the audit trail. */
  enrolled?: { at: number; device: string; from: string; key: EnrolmentKeyRecord; isAgain: boolean };
};

export type DeviceAccessPorts = {
  clock: Clock;
  log: Logger;
  saveCredentials(change: DeviceAccessChange): Promise<void>;
  deviceExists(id: string): boolean;
  /** Makes the device where there is none; resolves with its name once it is on disk. */
  ensureDevice(id: string, name: string): Promise<string>;
  enrolmentRefused(refused: EnrolmentRefused): void;
  /** Called where what signed in under this name may no longer hold. */
  credentialChanged(name: string): void;
};

export type DeviceAccessCounters = Record<
  'secretsMade' | 'credentialsRevoked' | 'enrolments' | 'enrolmentsRefused',
  number
>;

/** How often secrets that ran out are looked for: their connections have to be cut within 5 s. */
const sweepIntervalMs = 1_000;
/** A time of last use is worth a write of its own this seldom; in memory it is exact. */
const useWrittenEveryMs = 60 * 60 * 1000;
const useCheckIntervalMs = 60_000;
/** Times of last use in one commit; the rest come with the next round. */
const usesPerWriteMax = 1_000;

export class DeviceAccess {
  readonly counters: DeviceAccessCounters = {
    secretsMade: 0,
    credentialsRevoked: 0,
    enrolments: 0,
    enrolmentsRefused: 0,
  };
  readonly enrolment: Enrolment;
  private readonly credentials: Credentials;
  private readonly turns = new KeyTurns();
  /** Names whose first credential is being written. */
  private readonly reserved = new Map<string, CredentialKind>();
  private fieldGateways = 0;
  /** Credentials that have two secrets which hold. */
  private readonly overlapping = new Set<string>();
  /** By name, the last use as it is on disk. */
  private readonly useWritten = new Map<string, number | null>();
  private timers: Timer[] = [];
  private readonly ports: DeviceAccessPorts;

  constructor(ports: DeviceAccessPorts) {
    this.ports = ports;
    this.credentials = new Credentials(ports.clock);
    this.enrolment = new Enrolment(
      { ...ports, give: (device, name, key, from) => this.enrolDevice(device, name, key, from) },
      this.counters,
    );
  }

  load(credentials: readonly StoredCredential[], keys: readonly EnrolmentKeyRecord[]): void {
    this.credentials.load(credentials);
    for (const record of this.credentials.all()) this.note(record);
    this.enrolment.load(keys);
  }

  /** Begins to look after secrets that run out and times of last use. */
  open(): void {
    const { clock } = this.ports;
    this.timers = [
      clock.every(sweepIntervalMs, () => this.sweep()),
      clock.every(useCheckIntervalMs, () => void this.writeUses()),
    ];
  }

  close(): void {
    for (const timer of this.timers) timer.cancel();
  }

  /** Who a device is, by what it sent in CONNECT. */
  signIn(name: string, secret: Uint8Array | undefined): SignIn {
    return this.credentials.signIn(name, secret);
  }

  /** Who a device is, by the name that its client certificate proved. */
  signInByCertificate(name: string): SignIn {
    return this.credentials.signInByCertificate(name);
  }

  /** The identity of a name for what was left to be done in it, such as a will; null where it is nobody's any more. */
  identityNamed(name: string): DeviceIdentity | null {
    return this.credentials.identityNamed(name);
  }

  /** True where a device has a credential of its own. */
  isKnown(device: string): boolean {
    return this.credentials.get(device)?.kind === 'device';
  }

  /** True where a field gateway has the name, so that no device can have it. */
  isFieldGateway(name: string): boolean {
    return (this.credentials.get(name)?.kind ?? this.reserved.get(name)) === 'field-gateway';
  }

  page(after: string | null, limit: number, search: string, kind: CredentialKind | null): Credential[] {
    return this.credentials.page(after, limit, search, kind).map(record => this.credentials.describe(record));
  }

  /** Throws Refusal('not_found'). */
  get(name: string): Credential {
    return this.credentials.describe(this.need(name));
  }

  /** The first credential of each of these devices, which are new; all at once. Resolves with the secrets by id. */
  async issueAll(devices: readonly string[]): Promise<Map<string, string>> {
    const now = this.ports.clock.now();
    const made = devices.map(device => makeCredential('device', device, [device], now));
    for (const device of devices) this.reserved.set(device, 'device');
    try {
      await this.save({ put: made.map(({ record }) => record) });
    } finally {
      for (const device of devices) this.reserved.delete(device);
    }
    return new Map(made.map(({ record, secret }) => [record.name, secret]));
  }

  /** A credential for a field gateway. Throws Refusal('conflict') where the name is taken. */
  async create({ name, devices }: CredentialRequest): Promise<CredentialCreated> {
    if (this.isFieldGateway(name) || this.credentials.get(name) !== undefined) {
      throw new Refusal('conflict', `a credential is called ${JSON.stringify(name)}`);
    }
    if (this.ports.deviceExists(name)) {
      throw new Refusal('conflict', `a device is called ${JSON.stringify(name)}, and both sign in by name`);
    }
    if (this.fieldGateways >= limits.fieldGatewaysMax) {
      throw new Refusal('too_many', `at most ${limits.fieldGatewaysMax} field gateways`);
    }
    const patterns = patternsOf(name, devices);
    this.reserved.set(name, 'field-gateway');
    try {
      const { record, secret } = makeCredential('field-gateway', name, patterns, this.ports.clock.now());
      await this.save({ put: [record] });
      return { ...this.credentials.describe(record), secret };
    } finally {
      this.reserved.delete(name);
    }
  }

  /** Throws Refusal('not_found'), or 'unprocessable' for the devices of a device's own credential. */
  change(name: string, { devices, enabled }: CredentialChange): Promise<Credential> {
    return this.turns.take(name, async () => {
      const record = this.need(name);
      if (devices !== undefined && record.kind === 'device') {
        throw new Refusal('unprocessable', `the credential of the device ${JSON.stringify(name)} speaks for it alone`);
      }
      const changed = {
        ...record,
        devices: devices === undefined ? record.devices : patternsOf(name, devices),
        enabled: enabled ?? record.enabled,
      };
      await this.save({ put: [changed] });
      return this.credentials.describe(changed);
    });
  }

  /** A new secret, told this once; the one before holds beside it for `overlapMs`. Throws Refusal('not_found'). */
  rotate(name: string, overlapMs: number): Promise<NewSecret> {
    return this.turns.take(name, () => this.renew(this.need(name), overlapMs));
  }

  /** The same for a device that is there; its first secret, where it has none. */
  rotateDevice(device: string, overlapMs: number): Promise<NewSecret> {
    return this.turns.take(device, async () => {
      const known = this.credentials.get(device);
      if (known?.kind === 'field-gateway') throw taken(device);
      if (known !== undefined) return this.renew(known, overlapMs);
      const secrets = await this.issueAll([device]);
      return { secret: secrets.get(device) as string, previousUntil: null };
    });
  }

  /** Ends the secret before the present one. Throws Refusal('not_found'). */
  endPrevious(name: string): Promise<void> {
    return this.turns.take(name, async () => {
      const record = this.need(name);
      if (record.previous === null || !this.credentials.previousHolds(record)) return;
      await this.save({ put: [{ ...record, previous: { ...record.previous, until: this.ports.clock.now() } }] });
    });
  }

  /** Throws Refusal('not_found'). */
  revoke(name: string): Promise<void> {
    return this.turns.take(name, async () => {
      this.need(name);
      await this.save({ remove: [name] });
      this.counters.credentialsRevoked++;
    });
  }

  /** Revokes what a device that was deleted signed in with, if there is anything. */
  async revokeDevice(device: string): Promise<void> {
    if (this.isKnown(device)) await this.revoke(device);
  }

  private async renew(record: CredentialRecord, overlapMs: number): Promise<NewSecret> {
    const secret = newSecret();
    const now = this.ports.clock.now();
    const previous = { hash: record.secretHash, until: now + overlapMs };
    await this.save({ put: [{ ...record, secretHash: hashSecret(secret), rotatedAt: now, previous }] });
    return { secret, previousUntil: overlapMs > 0 ? previous.until : null };
  }

  /** Gives a device its credential, and commits it with the use of the key. Throws Refusal. */
  private enrolDevice(device: string, name: string, key: EnrolmentKeyRecord, from: string) {
    return this.turns.take(device, async () => {
      const known = this.credentials.get(device);
      if (this.isFieldGateway(device)) throw taken(device);
      if ((known !== undefined && !key.again) || this.reserved.has(device)) {
        throw new Refusal('conflict', `the device ${JSON.stringify(device)} has a credential already`);
      }
      if (known?.enabled === false) throw new Refusal('forbidden', 'the credential of this device is disabled');
      const called = await this.ports.ensureDevice(device, name);
      if (!this.enrolment.holds(key)) throw new Refusal('forbidden', 'the enrolment key was revoked');
      const now = this.ports.clock.now();
      const { record, secret } = makeCredential('device', device, [device], now);
      const previous = known === undefined ? null : { hash: known.secretHash, until: now };
      await this.save({
        put: [{ ...record, createdAt: known?.createdAt ?? now, previous }],
        putKeys: [key],
        enrolled: { at: now, device, from, key, isAgain: known !== undefined },
      });
      return { id: device, name: called, secret };
    });
  }

  private need(name: string): CredentialRecord {
    const record = this.credentials.get(name);
    if (record === undefined) throw new Refusal('not_found', `no credential is called ${JSON.stringify(name)}`);
    return record;
  }

  /** Commits, then lets it hold, then has the connections looked at. */
  private async save(change: DeviceAccessChange): Promise<void> {
    const { put = [], remove = [] } = change;
    await this.ports.saveCredentials(change);
    for (const record of put) {
      const known = this.credentials.get(record.name);
      if (known?.secretHash !== record.secretHash) this.counters.secretsMade++;
      if (known?.kind === 'field-gateway') this.fieldGateways--;
      // Somebody may have signed in while it was written.
      this.credentials.put({ ...record, lastUsedAt: known?.lastUsedAt ?? record.lastUsedAt });
      this.note(record);
    }
    for (const name of remove) {
      if (this.credentials.get(name)?.kind === 'field-gateway') this.fieldGateways--;
      this.credentials.delete(name);
      this.overlapping.delete(name);
      this.useWritten.delete(name);
    }
    for (const { name } of put) this.ports.credentialChanged(name);
    for (const name of remove) this.ports.credentialChanged(name);
  }

  /** Keeps account of a record that holds from now on, and is on disk as it is. */
  private note(record: CredentialRecord): void {
    if (record.kind === 'field-gateway') this.fieldGateways++;
    if (this.credentials.previousHolds(record)) this.overlapping.add(record.name);
    else this.overlapping.delete(record.name);
    this.useWritten.set(record.name, record.lastUsedAt);
  }

  /** Has the connections cut whose secret has run out. */
  private sweep(): void {
    for (const name of this.overlapping) {
      const record = this.credentials.get(name);
      if (record !== undefined && this.credentials.previousHolds(record)) continue;
      this.overlapping.delete(name);
      this.ports.credentialChanged(name);
    }
  }

  /** Writes times of last use that are an hour newer than what is on disk. */
  private async writeUses(): Promise<void> {
    const due: CredentialRecord[] = [];
    for (const record of this.credentials.all()) {
      const written = this.useWritten.get(record.name) ?? Number.NEGATIVE_INFINITY;
      // What is being changed is written by that, and must not be written over with what it was.
      if (record.lastUsedAt === null || this.turns.isTaken(record.name)) continue;
      if (record.lastUsedAt - written >= useWrittenEveryMs) due.push({ ...record });
      if (due.length >= usesPerWriteMax) break;
    }
    if (due.length === 0) return;
    try {
      await this.ports.saveCredentials({ put: due });
      for (const { name, lastUsedAt } of due) if (this.useWritten.has(name)) this.useWritten.set(name, lastUsedAt);
    } catch {
      // A full disk; the next round tries again.
    }
  }
}

/** Without repeats. Throws Refusal('unprocessable') where one is the field gateway's own name. */
function patternsOf(name: string, devices: readonly string[]): string[] {
  if (devices.includes(name)) {
    throw new Refusal('unprocessable', `${JSON.stringify(name)} is the field gateway, and cannot be a device as well`);
  }
  return [...new Set(devices)];
}

const taken = (name: string) => new Refusal('conflict', `a field gateway is called ${JSON.stringify(name)}`);
