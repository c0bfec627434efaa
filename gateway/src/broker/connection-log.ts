// What became of the connections of each credential, for whoever asks why a device does not get in.
// Invariant: a log is there only of names that somebody has; who has none is counted, and leaves nothing here.
// Full: the oldest entry of a log goes, and of the logs the one that was silent for longest. In memory alone, so that a
// hostile network does not wear out the disk.
import { type ConnectionEntry, limits } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';

/** What is known of a connection before it is signed in. */
export type ConnectionFacts = Pick<ConnectionEntry, 'address' | 'client'>;

/** Something that happened; what is left out is null, and texts are cut. */
export type NewEntry = Pick<ConnectionEntry, 'kind'> &
  Partial<Pick<ConnectionEntry, 'protocol' | 'clean' | 'keepAliveS' | 'topic' | 'reason'>>;

/** The same again is counted where the one before is not older. */
const sameWithinMs = 60_000;
/** Among so many entries, the newest: a device that comes and goes makes two kinds in turn. */
const sameAmong = 8;
/** Refused sign-ins in one log: strangers set them off, and must not push out what the device itself did. */
const signInsRefusedMax = 15;
const topicLengthMax = 256;
const addressLengthMax = 64;
const reasonLengthMax = 128;
export const clientLengthMax = 128;

const cut = (text: string | null | undefined, lengthMax: number) => text?.slice(0, lengthMax) ?? null;

export class ConnectionLogs {
  /** By name, in the order of their newest entries; each log has its newest entry last. */
  private readonly logs = new Map<string, ConnectionEntry[]>();
  private total = 0;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  add(name: string, { address, client }: ConnectionFacts, happened: NewEntry): void {
    const at = this.clock.now();
    const { kind, protocol = null, clean = null, keepAliveS = null } = happened;
    const entry: ConnectionEntry = {
      kind,
      at,
      lastAt: at,
      count: 1,
      address: address.slice(0, addressLengthMax),
      client: client.slice(0, clientLengthMax),
      protocol,
      clean,
      keepAliveS,
      topic: cut(happened.topic, topicLengthMax),
      reason: cut(happened.reason, reasonLengthMax),
    };
    const log = this.logs.get(name) ?? [];
    this.logs.delete(name);
    this.logs.set(name, log);
    if (this.countSame(log, entry)) return;
    log.push(entry);
    this.total++;
    this.makeRoom(log, entry.kind);
  }

  /** The entries of a name, the newest first. */
  of(name: string): ConnectionEntry[] {
    return [...(this.logs.get(name) ?? [])].sort((a, b) => b.lastAt - a.lastAt).map(entry => ({ ...entry }));
  }

  private delete(name: string): void {
    this.total -= this.logs.get(name)?.length ?? 0;
    this.logs.delete(name);
  }

  private countSame(log: ConnectionEntry[], entry: ConnectionEntry): boolean {
    const newest = log.slice(-sameAmong).findLast(known => isSame(known, entry));
    if (newest === undefined || entry.at - newest.lastAt > sameWithinMs) return false;
    newest.count++;
    newest.lastAt = entry.at;
    newest.client = entry.client;
    return true;
  }

  private makeRoom(log: ConnectionEntry[], kind: ConnectionEntry['kind']): void {
    const alike = kind === 'sign-in-refused' ? log.filter(known => known.kind === kind).length : 0;
    const isFull = log.length > limits.connectionEntriesMax;
    if (alike > signInsRefusedMax)
      log.splice(
        log.findIndex(known => known.kind === kind),
        1,
      );
    else if (isFull) log.shift();
    if (alike > signInsRefusedMax || isFull) this.total--;
    while (this.logs.size > limits.connectionLogsMax || this.total > limits.connectionEntriesTotalMax) {
      const [silent] = this.logs.keys();
      this.delete(silent as string);
    }
  }
}

/** A stranger's client ids differ as he likes, so that those of refused sign-ins do not count. */
function isSame(a: ConnectionEntry, b: ConnectionEntry): boolean {
  return (
    a.kind === b.kind &&
    a.address === b.address &&
    a.topic === b.topic &&
    a.reason === b.reason &&
    (a.kind === 'sign-in-refused' || a.client === b.client) &&
    a.protocol === b.protocol &&
    a.clean === b.clean &&
    a.keepAliveS === b.keepAliveS
  );
}
