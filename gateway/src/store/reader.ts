// The reader thread: answers queries on a connection of its own, so that no question holds up the event loop or a
// commit. It sees what was committed, and nothing else.
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { serveThread } from '../lib/thread-side.ts';
import { type BucketsCall, History, type ReadingsCall } from './history.ts';
import { type Db, entryKinds, fileName, openForReading } from './schema.ts';
import { type QueryName, queries } from './statements.ts';

export type ReaderData = { dir: string };
export type QueryCall = { name: QueryName; params: (string | number)[] };
export type LogCall = { after: number; entriesMax: number; bytesMax: number; eventsOnly: boolean };
export type LogRow = { offset: number; kind: number; at: number; body: Uint8Array };

const db: Db = openForReading(join((workerData as ReaderData).dir, fileName));
const history = new History(db);
const readLog = db.prepare<[number, number], LogRow>(
  'SELECT offset, kind, at, body FROM log WHERE offset > ? ORDER BY offset LIMIT ?',
);
const readEvents = db.prepare<[number, number], LogRow>(
  `SELECT offset, kind, at, body FROM log INDEXED BY log_events
   WHERE kind <> ${entryKinds.readings} AND offset > ? ORDER BY offset LIMIT ?`,
);

function log({ after, entriesMax, bytesMax, eventsOnly }: LogCall): LogRow[] {
  const rows: LogRow[] = [];
  let bytes = 0;
  for (const row of (eventsOnly ? readEvents : readLog).iterate(after, entriesMax)) {
    rows.push(row);
    bytes += row.body.byteLength;
    if (bytes >= bytesMax) break;
  }
  return rows;
}

/** Each query is prepared when it is first asked. */
type Query = ReturnType<typeof prepareQuery>;
const prepareQuery = (name: QueryName) => db.prepare<(string | number)[]>(queries[name]);
const statements = new Map<QueryName, Query>();

function statementOf(name: QueryName): Query {
  const statement = statements.get(name) ?? prepareQuery(name);
  statements.set(name, statement);
  return statement;
}

serveThread(
  {
    readings: (call: ReadingsCall) => history.readings(call),
    buckets: (call: BucketsCall) => history.buckets(call),
    query: ({ name, params }: QueryCall) => statementOf(name).all(...params),
    log,
  },
  () => db.close(),
);
