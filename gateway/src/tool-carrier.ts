// What carries a transfer of the command line: a running gateway, over HTTP, or where none runs the store itself.
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeSecret } from './access/index.ts';
import type { ApiPorts } from './api/index.ts';
import type { Config } from './config/index.ts';
import type { Problem, Role } from './contract/index.ts';
import { Devices } from './device/index.ts';
import { systemClock } from './lib/clock.ts';
import { createLogger } from './logger.ts';
import { type Effect, lockFolder, openStore, StoreUnusable, writeBeside } from './store/index.ts';
import { deviceTables, loadDevices, secretEffect } from './tables.ts';
import { toolUser } from './tool-audit.ts';
import { transferPorts } from './transfer-ports.ts';

export type Carrier = ApiPorts['transfer'] & {
  /** Commits a line of the audit trail. */
  note(line: Effect): Promise<void>;
  close(): Promise<void>;
};

/** What went wrong, in a sentence for whoever runs the command. */
export class TransferError extends Error {}

const tokenLifeMs = 24 * 60 * 60 * 1000;

/** True where a gateway holds the folder. */
function isInUse(dir: string): boolean {
  try {
    lockFolder(dir).close();
    return false;
  } catch (error) {
    // A folder that is missing or cannot be read is told of by whoever opens it.
    return error instanceof StoreUnusable;
  }
}

/** Finds out who has the store. `signal` ends what is under way. */
export async function openCarrier(config: Config, role: Role, signal: AbortSignal): Promise<Carrier> {
  return isInUse(config.store.dir) ? throughGateway(config, role, signal) : throughStore(config, signal);
}

async function throughStore(config: Config, signal: AbortSignal): Promise<Carrier> {
  const log = createLogger({ ...config.log, level: 'warn' });
  const broken = (error: Error) => {
    process.stderr.write(`telltale: the database cannot be written: ${error.message}\n`);
    process.exit(1);
  };
  const store = await openStore(config.store, { clock: systemClock, log, broken, committed: () => {} });
  const devices = new Devices(config, {
    clock: systemClock,
    ...deviceTables(store),
    seriesName: series => store.series.nameOf(series),
    makeSeries: (device, metric) => store.series.idOf(device, metric),
    metricsOf: device => store.series.metricsOf(device),
    // A device of a field gateway's name does no harm: it can never sign in.
    isTaken: () => false,
    lastOffset: () => store.lastOffset(),
    tagsChanged: () => {},
    freshnessChanged: () => {},
    sendDesired: () => false,
  });
  await loadDevices(store, devices);
  const importCounters = { imports: 0, readings: 0, refused: 0 };
  const parts = { store, devices, clock: systemClock, importCounters };
  const transfer = transferPorts({
    ...parts,
    get closing() {
      return signal.aborted;
    },
  });
  return { ...transfer, note: line => store.write([line]), close: () => store.close() };
}

const readAll = async (message: IncomingMessage) => Buffer.concat(await message.toArray()).toString();

/** A carrier with a token of its own, which ends with it; the gateway's own lines of what it does have its name. */
function throughGateway(config: Config, role: Role, signal: AbortSignal): Carrier {
  const { dir } = config.store;
  const { secret, record } = makeSecret('token', toolUser(), role, Date.now() + tokenLifeMs);
  writeBeside(dir, [secretEffect(record)]);
  const listening = config.http.host;
  const host = listening === '0.0.0.0' || listening === '::' ? '127.0.0.1' : listening;
  const { port } = config.http;

  const ask = (method: string, path: string, headers = {}) => {
    const options = { host, port, method, signal, path: `/api/v1${path}` };
    const asked = request({ ...options, headers: { ...headers, Authorization: `Bearer ${secret}` } });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      asked.once('response', resolve);
      asked.on('error', error => reject(unreachable(error, `http://${host}:${port}`, dir)));
    });
    return { asked, answered };
  };
  return {
    async import(format, body) {
      const type = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
      const { asked, answered } = ask('POST', '/import', { 'Content-Type': type });
      // Where the gateway answers early, the rest cannot be sent; the answer says why.
      const sent = pipeline(Readable.from(body), asked, { signal }).catch(() => {});
      const answer = await answered;
      const text = await readAll(answer);
      await sent;
      if (answer.statusCode !== 200) throw new TransferError(sentenceIn(text));
      return JSON.parse(text);
    },
    async *export({ format, device, metric, from, to }) {
      const range = { ...(from !== undefined && { from: String(from) }), ...(to !== undefined && { to: String(to) }) };
      const { asked, answered } = ask('GET', `/export?${new URLSearchParams({ format, device, metric, ...range })}`);
      asked.end();
      const answer = await answered;
      if (answer.statusCode !== 200) throw new TransferError(sentenceIn(await readAll(answer)));
      yield* answer as AsyncIterable<Uint8Array>;
    },
    async note(line) {
      writeBeside(dir, [line]);
    },
    async close() {
      writeBeside(dir, [['secret.delete', record.hash]]);
    },
  };
}

function sentenceIn(text: string): string {
  try {
    const { title, detail } = JSON.parse(text) as Problem;
    return detail === undefined ? title : `${title}: ${detail}`;
  } catch {
    return 'what answers there is no gateway (http.host and http.port)';
  }
}

function unreachable(error: NodeJS.ErrnoException, address: string, dir: string): Error {
  if (error.code !== 'ECONNREFUSED') return new TransferError(`the gateway at ${address} broke off: ${error.message}`);
  const keys = 'http.host and http.port have to be those that it was started with';
  return new TransferError(`a gateway runs on the data folder ${dir}, but nothing answers at ${address}: ${keys}`);
}
