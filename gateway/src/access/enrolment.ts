// Keys with which devices get their own credential ([ACC-9]). All keys are in memory.
// Invariant: a use is counted before anything waits, so that two at once do not exceed the limit; it is committed with
// the credential that it brought.
// Full: at most `limits.enrolmentKeysMax` keys; failures are limited for each address.
import {
  type Code,
  devicePatternCovers,
  type EnrolledDevice,
  type EnrolmentKey,
  type EnrolmentKeyCreated,
  type EnrolmentKeyRequest,
  type EnrolRequest,
  limits,
  Refusal,
} from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { networkOf } from '../lib/forwarded.ts';
import type { Logger } from '../lib/logger.ts';
import { TokenBuckets } from '../lib/token-bucket.ts';
import { ulid } from '../lib/ulid.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** As it is stored: the key itself is not. */
export type EnrolmentKeyRecord = EnrolmentKey & { hash: string };

export type EnrolmentPorts = {
  clock: Clock;
  log: Logger;
  saveCredentials(change: { putKeys?: EnrolmentKeyRecord[]; removeKeys?: EnrolmentKeyRecord[] }): Promise<void>;
  /** Gives the device its credential and commits both. Throws Refusal. */
  give(device: string, name: string, key: EnrolmentKeyRecord, address: string): Promise<EnrolledDevice>;
  /** Keeps that a device was refused. */
  enrolmentRefused(refused: EnrolmentRefused): void;
};

/** A device that got no credential; `key` is the id of the key that it showed, null where there is no such key. */
export type EnrolmentRefused = { device: string; key: string | null; from: string; code: Code };

/** Enough for a site behind one address to try again; whoever guesses has 192 bits before them. */
const failuresPerMinute = 60;
/** Refusals of one address that are kept in the audit trail; all of them are counted. */
const keptPerMinute = 10;
/** Addresses whose failures are remembered; each costs some hundred bytes. */
const addressesMax = 10_000;

export class Enrolment {
  private readonly byHash = new Map<string, EnrolmentKeyRecord>();
  private readonly failures = new TokenBuckets(
    { perSecond: failuresPerMinute / 60, burst: failuresPerMinute },
    addressesMax,
  );
  private readonly kept = new TokenBuckets({ perSecond: keptPerMinute / 60, burst: keptPerMinute }, addressesMax);
  private readonly counters: { enrolments: number; enrolmentsRefused: number };
  private readonly ports: EnrolmentPorts;

  constructor(ports: EnrolmentPorts, counters: Enrolment['counters']) {
    this.ports = ports;
    this.counters = counters;
  }

  load(keys: readonly EnrolmentKeyRecord[]): void {
    for (const key of keys) this.byHash.set(key.hash, key);
  }

  /** The newest first, those before the id `before`. */
  page(before: string | null, limit: number): EnrolmentKey[] {
    return [...this.byHash.values()]
      .filter(({ id }) => before === null || id < before)
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit)
      .map(describe);
  }

  async create(request: EnrolmentKeyRequest, by: string): Promise<EnrolmentKeyCreated> {
    const { name, devices, usesMax, expiresAt, again = false } = request;
    const now = this.ports.clock.now();
    if (expiresAt <= now) throw new Refusal('bad_request', `expiresAt: expected a time to come, got ${expiresAt}`);
    if (this.byHash.size >= limits.enrolmentKeysMax) {
      throw new Refusal('too_many', `at most ${limits.enrolmentKeysMax} enrolment keys: revoke those that are over`);
    }
    const key = newSecret('te_');
    const record: EnrolmentKeyRecord = {
      id: ulid(now),
      hash: hashSecret(key),
      name,
      devices: [...new Set(devices)],
      uses: 0,
      usesMax,
      expiresAt,
      again,
      createdAt: now,
      by,
      lastUsedAt: null,
    };
    await this.ports.saveCredentials({ putKeys: [record] });
    this.byHash.set(record.hash, record);
    return { ...describe(record), key };
  }

  /** Throws Refusal('not_found'). */
  async revoke(id: string): Promise<void> {
    const record = [...this.byHash.values()].find(key => key.id === id);
    if (record === undefined) throw new Refusal('not_found', `no enrolment key has the id ${JSON.stringify(id)}`);
    // It ends before it is gone from the disk: a use that is under way must not write it again.
    this.byHash.delete(record.hash);
    try {
      await this.ports.saveCredentials({ removeKeys: [record] });
    } catch (error) {
      this.byHash.set(record.hash, record);
      throw error;
    }
  }

  /** True while the key may be used: neither revoked nor expired. */
  holds(key: EnrolmentKeyRecord): boolean {
    return this.byHash.get(key.hash) === key && key.expiresAt > this.ports.clock.now();
  }

  /** Exchanges a key for a credential. Throws Refusal. */
  async enrol(request: EnrolRequest, address: string): Promise<EnrolledDevice> {
    const now = this.ports.clock.elapsed();
    const failures = this.failures.of(networkOf(address), now);
    if (failures.untilNext(now) > 0) {
      this.counters.enrolmentsRefused++;
      throw new Refusal('too_many', `at most ${failuresPerMinute} failures a minute to enrol`);
    }
    try {
      const { enrolled, key } = await this.exchange(request, address);
      this.counters.enrolments++;
      this.ports.log.info({ device: enrolled.id, key: key.name, address }, 'a device enrolled');
      return enrolled;
    } catch (error) {
      this.counters.enrolmentsRefused++;
      failures.spend(1, now);
      if (error instanceof Refusal) this.keepRefused(request, address, error.code);
      throw error;
    }
  }

  private keepRefused({ device, key }: EnrolRequest, from: string, code: Code): void {
    const now = this.ports.clock.elapsed();
    const kept = this.kept.of(networkOf(from), now);
    if (kept.untilNext(now) > 0) return;
    kept.spend(1, now);
    this.ports.enrolmentRefused({ device, key: this.byHash.get(hashSecret(key))?.id ?? null, from, code });
  }

  private async exchange({ device, key, name = device }: EnrolRequest, address: string) {
    const record = this.byHash.get(hashSecret(key));
    if (record === undefined) throw new Refusal('forbidden', 'there is no such enrolment key');
    const { devices, usesMax } = record;
    if (!this.holds(record)) throw new Refusal('forbidden', 'the enrolment key has expired');
    if (!devices.some(pattern => devicePatternCovers(pattern, device))) {
      throw new Refusal('forbidden', `the enrolment key is not for a device called ${JSON.stringify(device)}`);
    }
    if (record.uses >= usesMax) throw new Refusal('forbidden', 'the enrolment key is used up');
    const before = record.lastUsedAt;
    record.uses++;
    record.lastUsedAt = this.ports.clock.now();
    try {
      return { enrolled: await this.ports.give(device, name, record, address), key: record };
    } catch (error) {
      record.uses--;
      record.lastUsedAt = before;
      throw error;
    }
  }
}

const describe = ({ hash: _, ...key }: EnrolmentKeyRecord): EnrolmentKey => ({ ...key });
