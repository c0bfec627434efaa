// One connection has a client id at a time, and it is the newest (MQTT 3.1.1, 3.1.4). The library takes several turns of
// the event loop to close the one before: where a third connects meanwhile, or the second is gone already, it strikes
// the wrong one off its list, and never says that that one's connection ended.
import type { Aedes } from 'aedes';

type Registered = { id: string; closed: boolean; close(): void };

/** What the library's type leaves out. */
type Registry = {
  id: string;
  clients: Record<string, Registered | undefined>;
  registerClient(client: Registered): void;
  unregisterClient(client: Registered): void;
  _finishRegisterClient(client: Registered): void;
  deleteClient(id: string): void;
  emit(event: 'clientDisconnect', client: Registered): void;
  publish(packet: { topic: string; payload: Buffer }, done: () => void): void;
};

/**
 * Has each client of the broker on its list from the moment it connects, and taken off by its own end alone. Returns what
 * tells the newest client of an id.
 */
export function keepNewestOfEachId(aedes: Aedes): (id: string) => object | undefined {
  const registry = aedes as unknown as Registry;
  registry.registerClient = client => {
    const before = registry.clients[client.id];
    // One that is gone already has ended the one before all the same.
    if (!client.closed) registry._finishRegisterClient(client);
    before?.close();
  };
  registry.unregisterClient = client => {
    registry.emit('clientDisconnect', client);
    // The library asks for no end where nobody has the id; one before this one may still be closing.
    setImmediate(() => {
      if (registry.clients[client.id] === client) registry.deleteClient(client.id);
    });
    const topic = `$SYS/${registry.id}/disconnect/clients`;
    registry.publish({ topic, payload: Buffer.from(client.id) }, () => {});
  };
  return id => registry.clients[id];
}
