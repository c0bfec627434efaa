// Who is at the other end of a device connection: what its CONNECT said, whether that signs it in, and who is signed in
// under which name. Keeps the connection logs ([ACC-8]).
import type { ConnectionEntry, ConnectionLog } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { limitedWarnings } from '../lib/limited-log.ts';
import type { Logger } from '../lib/logger.ts';
import { type ConnectionFacts, ConnectionLogs, clientLengthMax } from './connection-log.ts';
import type { Identity } from './permissions.ts';

export type SignIn = Omit<Identity, 'open' | 'denied'> | { refused: string };

export type AdmissionPorts = {
  clock: Clock;
  log: Logger;
  /** Who proves to be of this name; `secret` is undefined where none came. */
  signIn(name: string, secret: Uint8Array | undefined): SignIn;
};

/** What a connection's CONNECT packet says of it. */
export type ConnectWords = { clientId: string; clean?: boolean; keepalive?: number; protocolVersion?: number };

type Admitted = { identity: Identity; facts: ConnectionFacts; endedBy: string | null };

const addressLengthMax = 64;
const nobody: ConnectionFacts = { address: '', client: '', protocol: null, clean: null, keepAliveS: null };

export class Admission<Connection extends object> {
  /** Signs-in refused of names that nobody has. They are counted, for a list of them would be the stranger's to fill. */
  unknownNames = 0;
  private readonly facts = new WeakMap<Connection, ConnectionFacts>();
  private readonly admitted = new WeakMap<Connection, Admitted>();
  /** Connections that are signed in, by the name that they signed in under, until they are closed. */
  private readonly byName = new Map<string, Set<Connection>>();
  private readonly logs: ConnectionLogs;
  /** Says what strangers set off, which is not more than people read. */
  readonly warn: Logger['warn'];
  private readonly config: { open: boolean; deniedFilters: readonly string[] };
  private readonly ports: AdmissionPorts;

  constructor(config: Admission<Connection>['config'], ports: AdmissionPorts) {
    this.config = config;
    this.ports = ports;
    this.logs = new ConnectionLogs(ports.clock);
    this.warn = limitedWarnings(ports.log, ports.clock);
  }

  /** Keeps what CONNECT says, before it is judged. */
  heard(connection: Connection, words: ConnectWords, address: string): void {
    this.facts.set(connection, {
      address: address.slice(0, addressLengthMax),
      client: words.clientId.slice(0, clientLengthMax),
      protocol: words.protocolVersion === 3 ? 'MQTT 3.1' : 'MQTT 3.1.1',
      clean: words.clean ?? true,
      keepAliveS: words.keepalive ?? 0,
    });
  }

  /** The identity that name and secret prove, or null; says and notes why not. */
  admit(connection: Connection, name: string | undefined, secret: Uint8Array | undefined): Identity | null {
    const facts = this.facts.get(connection) ?? nobody;
    const { open, deniedFilters: denied } = this.config;
    const found: SignIn = open
      ? { name: name ?? facts.client, device: null, holds: () => true, covers: () => true }
      : name === undefined
        ? { refused: 'no-name' }
        : this.ports.signIn(name, secret);
    if ('refused' in found) {
      this.refuse(name, facts, found.refused);
      return null;
    }
    const identity = { ...found, open, denied };
    this.admitted.set(connection, { identity, facts, endedBy: null });
    const others = this.byName.get(identity.name);
    if (others === undefined) this.byName.set(identity.name, new Set([connection]));
    else others.add(connection);
    return identity;
  }

  /** Forgets a connection that is closed. */
  forget(connection: Connection): void {
    const name = this.admitted.get(connection)?.identity.name;
    if (name === undefined) return;
    const mine = this.byName.get(name);
    mine?.delete(connection);
    if (mine?.size === 0) this.byName.delete(name);
  }

  /** Adds to the log of whoever signed in on this connection. */
  note(
    connection: object,
    kind: ConnectionEntry['kind'],
    reason: string | null = null,
    topic: string | null = null,
  ): void {
    const known = this.admitted.get(connection as Connection);
    if (known !== undefined) this.logs.add(known.identity.name, known.facts, { kind, reason, topic });
  }

  /** Keeps why the gateway ends a connection; the first reason counts. Returns false where one was known. */
  ends(connection: object, why: string): boolean {
    const known = this.admitted.get(connection as Connection);
    if (known === undefined || known.endedBy !== null) return false;
    known.endedBy = why;
    return true;
  }

  /** Why the gateway ended a connection, or null where it did not. */
  endedBy(connection: object): string | null {
    return this.admitted.get(connection as Connection)?.endedBy ?? null;
  }

  /** Connections that are signed in under a name. */
  of(name: string): Iterable<Connection> {
    return [...(this.byName.get(name) ?? [])];
  }

  /** Those of them that what they signed in with does not hold for any more. */
  *lapsed(name: string): Iterable<Connection> {
    for (const connection of this.of(name)) {
      if (this.admitted.get(connection)?.identity.holds() === false) yield connection;
    }
  }

  log(name: string): ConnectionLog {
    return { name, connected: this.byName.get(name)?.size ?? 0, entries: this.logs.of(name) };
  }

  private refuse(name: string | undefined, facts: ConnectionFacts, reason: string): void {
    if (reason === 'unknown-name') this.unknownNames++;
    else if (name !== undefined) this.logs.add(name, facts, { kind: 'sign-in-refused', reason });
    const { address, client } = facts;
    this.warn({ name: name?.slice(0, clientLengthMax), client, address, reason }, 'a device could not sign in');
  }
}
