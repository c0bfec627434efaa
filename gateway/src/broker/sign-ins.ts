// Who is at the other end of a device connection: what its CONNECT said, whether that signs it in, and who is signed in
// under which name. Keeps the connection logs ([ACC-8]).
import type { ConnectionLog } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { limitedWarnings } from '../lib/limited-log.ts';
import type { Logger } from '../lib/logger.ts';
import { type ConnectionFacts, ConnectionLogs, clientLengthMax, type NewEntry } from './connection-log.ts';
import type { Identity } from './permissions.ts';

export type SignIn = Omit<Identity, 'open' | 'denied'> | { refused: string };

export type SignInConfig = { open: boolean; deniedFilters: readonly string[] };

export type SignInPorts = {
  clock: Clock;
  log: Logger;
  /** Who proves to be of this name; `secret` is undefined where none came. */
  signIn(name: string, secret: Uint8Array | undefined): SignIn;
  /** Who has the name that a client certificate proved. */
  signInByCertificate(name: string): SignIn;
  /** Who has this name, for what was left to be done in it; null where nobody has. */
  identityNamed(name: string): Omit<Identity, 'open' | 'denied'> | null;
};

/** What a client brings to show who it is: what stands in its CONNECT, and the name that its certificate proved. */
export type Proof = { name: string | undefined; secret: Uint8Array | undefined; certified?: string };

type SignedIn = { identity: Identity; facts: ConnectionFacts; endedBy: string | null };

/** A connection of the broker, as far as its log tells of it. */
type Client = { id: string; clean: boolean; version: number; conn: { keepAliveS: number } };

export class SignIns<Connection extends Client> {
  /** Sign-ins refused of names that nobody has: a list of them would be the stranger's to fill. */
  unknownNames = 0;
  private readonly signedIn = new WeakMap<Connection, SignedIn>();
  /** Connections that are signed in, by the name that they signed in under, until they are closed. */
  private readonly byName = new Map<string, Set<Connection>>();
  private readonly logs: ConnectionLogs;
  /** Says what strangers set off, which is not more than people read. */
  readonly warn: Logger['warn'];
  private readonly config: SignInConfig;
  private readonly ports: SignInPorts;

  constructor(config: SignInConfig, ports: SignInPorts) {
    this.config = config;
    this.ports = ports;
    this.logs = new ConnectionLogs(ports.clock);
    this.warn = limitedWarnings(ports.log, ports.clock);
  }

  /** The identity that is proved, or null; says and notes why not. */
  admit(connection: Connection, facts: ConnectionFacts, proof: Proof): Identity | null {
    const { open, deniedFilters: denied } = this.config;
    const name = proof.certified ?? proof.name;
    const found: SignIn = open
      ? { name: proof.name ?? facts.client, device: null, holds: () => true, covers: () => true }
      : name === undefined
        ? { refused: 'no-name' }
        : this.judge(name, proof);
    if ('refused' in found) {
      this.refuse(name, facts, found.refused);
      return null;
    }
    const identity = { ...found, open, denied };
    this.signedIn.set(connection, { identity, facts, endedBy: null });
    const others = this.byName.get(identity.name);
    if (others === undefined) this.byName.set(identity.name, new Set([connection]));
    else others.add(connection);
    return identity;
  }

  /** Who has this name now, for what was left to be done in it; null where nobody has. */
  named(name: string): Identity | null {
    const { open, deniedFilters: denied } = this.config;
    if (open) return { name, device: null, holds: () => true, covers: () => true, open, denied };
    const found = this.ports.identityNamed(name);
    return found === null ? null : { ...found, open, denied };
  }

  /** Forgets a connection that is closed. */
  forget(connection: Connection): void {
    const name = this.signedIn.get(connection)?.identity.name;
    if (name === undefined) return;
    const mine = this.byName.get(name);
    mine?.delete(connection);
    if (mine?.size === 0) this.byName.delete(name);
  }

  /** Adds to the log of whoever signed in on this connection. */
  note(connection: object, entry: NewEntry): void {
    const known = this.signedIn.get(connection as Connection);
    if (known !== undefined) this.logs.add(known.identity.name, known.facts, entry);
  }

  /** Keeps why the gateway ends a connection; the first reason counts. Returns false where one was known. */
  ends(connection: object, why: string): boolean {
    const known = this.signedIn.get(connection as Connection);
    if (known === undefined || known.endedBy !== null) return false;
    known.endedBy = why;
    return true;
  }

  /** Notes that a connection is through, and how. */
  connected(connection: Connection): void {
    const protocol = connection.version === 3 ? 'MQTT 3.1' : 'MQTT 3.1.1';
    const { keepAliveS } = connection.conn;
    this.note(connection, { kind: 'connected', protocol, clean: connection.clean, keepAliveS });
  }

  /** Notes that a connection is over; `cause` where the gateway did not end it, nor another that took its place. */
  disconnected(connection: Connection, cause: string): void {
    const known = this.signedIn.get(connection);
    if (known === undefined) return;
    const reason = known.endedBy ?? (this.isTakenOver(connection, known.identity.name) ? 'taken-over' : cause);
    this.note(connection, { kind: 'disconnected', reason });
  }

  /** Connections that are signed in under a name. */
  of(name: string): Iterable<Connection> {
    return [...(this.byName.get(name) ?? [])];
  }

  /** Those of them that what they signed in with does not hold for any more, and that are not being ended. */
  *lapsed(name: string): Iterable<Connection> {
    for (const connection of this.of(name)) {
      const known = this.signedIn.get(connection);
      if (known?.endedBy === null && !known.identity.holds()) yield connection;
    }
  }

  log(name: string): ConnectionLog {
    return { name, connected: this.byName.get(name)?.size ?? 0, entries: this.logs.of(name) };
  }

  /** A certificate stands in for name and secret; a name that is sent beside it has to be its own. */
  private judge(name: string, { certified, name: sent = name, secret }: Proof): SignIn {
    if (certified === undefined) return this.ports.signIn(name, secret);
    return sent === certified ? this.ports.signInByCertificate(certified) : { refused: 'another-name' };
  }

  /** A connection ends where another with its client id begins (MQTT 3.1.1, 3.1.4). */
  private isTakenOver(connection: Connection, name: string): boolean {
    for (const other of this.of(name)) if (other !== connection && other.id === connection.id) return true;
    return false;
  }

  private refuse(name: string | undefined, facts: ConnectionFacts, reason: string): void {
    // A name that nobody has may be anything, also a secret in the wrong place: it is counted, and not told.
    const known = reason === 'unknown-name' ? undefined : name;
    if (known !== undefined) this.logs.add(known, facts, { kind: 'sign-in-refused', reason });
    else if (name !== undefined) this.unknownNames++;
    const client = facts.client.slice(0, clientLengthMax);
    this.warn({ name: known, client, address: facts.address, reason }, 'a device could not sign in');
  }
}
