// How the broker's sessions lie in the store: the counterpart of tables.ts for what MQTT clients asked to be kept.
import type { SavedSessions, SessionChange, SessionRecord } from './broker/index.ts';
import type { Effect, Store } from './store/index.ts';

/** Minutes that the gateway has run, and the epoch in which that was written. */
const ageKey = 'mqtt_age';
const rowsPerPage = 1_000;

export function saveSessions(store: Store, changes: SessionChange[]): Promise<void> {
  return store.write(changes.flatMap(change => effectsOf(store, change)));
}

function effectsOf(store: Store, change: SessionChange): Effect[] {
  switch (change.kind) {
    case 'session': {
      const { client, record } = change;
      if (record !== null) return [['mqttSession.put', client, JSON.stringify(record)]];
      const tables = ['mqttSession.delete', 'mqttQueued.deleteOf', 'mqttReceived.deleteOf'] as const;
      return tables.map((table): Effect => [table, client]);
    }
    case 'queued': {
      const { topic, qos, payload } = change.message;
      return [['mqttQueued.put', change.id, change.client, change.at, topic, qos, payload]];
    }
    case 'sent':
      return [['mqttQueued.sent', change.messageId, Number(change.released), change.id]];
    case 'unqueued':
      return [['mqttQueued.delete', change.id]];
    case 'received':
      return [[change.open ? 'mqttReceived.put' : 'mqttReceived.delete', change.client, change.messageId]];
    case 'retained': {
      const { topic, message } = change;
      if (message === null) return [['mqttRetained.delete', topic]];
      return [['mqttRetained.put', topic, message.qos, message.payload]];
    }
    case 'will': {
      const { client, will } = change;
      if (will === null) return [['mqttWill.delete', client]];
      return [['mqttWill.put', client, will.owner, will.topic, will.qos, Number(will.retain), will.payload]];
    }
    case 'age':
      return [['meta.put', ageKey, JSON.stringify({ minutes: change.minutes, epoch: store.epoch })]];
    case 'renewed':
      return [
        ['mqttQueued.deleteReleased'],
        ['mqttQueued.forgetIds'],
        ['mqttReceived.clear'],
        ...effectsOf(store, { kind: 'age', minutes: change.minutes }),
      ];
  }
}

type MessageRow = { topic: string; qos: number; body: Uint8Array };
type QueuedRow = MessageRow & { id: number; client: string; at: number; messageId: number | null; released: number };
type WillRow = MessageRow & { client: string; owner: string; retain: number };

const messageOf = ({ topic, qos, body }: MessageRow) => ({ topic, qos, payload: body });

/** Everything that sessions have in the database. What a limit let in is what is there, so that the pages end. */
export async function loadSessions(store: Store): Promise<SavedSessions> {
  const [saved] = await store.query<{ value: string }>('meta.get', ageKey);
  const age = saved === undefined ? null : (JSON.parse(saved.value) as { minutes: number; epoch: string });
  const all = async <Row>(first: Row, page: (after: Row) => Promise<Row[]>) => {
    const rows: Row[] = [];
    for (let more = await page(first); ; more = await page(rows.at(-1) as Row)) {
      rows.push(...more);
      if (more.length < rowsPerPage) return rows;
    }
  };
  const first = { id: 0, client: '', messageId: 0 };
  const sessions = await all(first as unknown as { client: string; body: string }, ({ client }) =>
    store.query('mqttSession.page', client, rowsPerPage),
  );
  const queued = await all(first as unknown as QueuedRow, ({ id }) => store.query('mqttQueued.page', id, rowsPerPage));
  const received = await all(first, ({ client, messageId }) =>
    store.query('mqttReceived.page', client, messageId, rowsPerPage),
  );
  const retained = await all(first as unknown as MessageRow & { id: number }, ({ id }) =>
    store.query('mqttRetained.page', id, rowsPerPage),
  );
  const wills = await all(first as unknown as WillRow, ({ client }) =>
    store.query('mqttWill.page', client, rowsPerPage),
  );
  return {
    minutes: age?.minutes ?? 0,
    sameEpoch: age?.epoch === store.epoch,
    sessions: sessions.map(({ client, body }) => ({ client, record: JSON.parse(body) as SessionRecord })),
    queued: queued.map(row => ({ ...row, released: row.released === 1, message: messageOf(row) })),
    received,
    retained: retained.map(messageOf),
    wills: wills.map(row => {
      const will = { ...messageOf(row), owner: row.owner, retain: row.retain === 1 };
      return { client: row.client, will };
    }),
  };
}
