// A database and a write-ahead log that were damaged, cut, exchanged and deleted, the ways that SQLite says nothing about
// included: it is noticed, said, nothing is deleted, and a viewer who comes back is told.
import {
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from 'vitest';
import { type Breakage, brokenBuild } from './instruments/broken-build.ts';
import { compareAll } from './instruments/crash-cycles.ts';
import { type GatewayProgram, gatewayProgram, newFolder } from './instruments/gateway.ts';
import { RecordingPublisher } from './instruments/recording-publisher.ts';
import { TestViewer } from './instruments/viewer.ts';

const messages = 400;

const database = (dir: string) => join(dir, 'telltale.db');
const wal = (dir: string) => join(dir, 'telltale.db-wal');

/** Overwrites bytes of a file in place; `change` says with what. */
function overwrite(path: string, from: number, bytes: number, change: (byte: number) => number): void {
  const file = openSync(path, 'r+');
  const held = Buffer.alloc(bytes);
  readSync(file, held, 0, bytes, from);
  writeSync(file, held.map(change), 0, bytes, from);
  closeSync(file);
}

const half = (path: string) => Math.floor(statSync(path).size / 2);
/** Behind the making of the tables, and before the last commits. */
const nearEnd = (path: string) => Math.floor(statSync(path).size * 0.9);

/** Changes one bit inside of what a row of the log holds, as a disk does that forgets. */
function flipBody(dir: string): void {
  const db = new Database(database(dir));
  const row = db.prepare('SELECT offset, body FROM log WHERE count > 3 ORDER BY offset DESC LIMIT 1').get() as {
    offset: number;
    body: Buffer;
  };
  const at = Math.floor(row.body.length / 2);
  row.body[at] = (row.body[at] as number) ^ 1;
  db.prepare('UPDATE log SET body = ? WHERE offset = ?').run(row.body, row.offset);
  db.close();
}

/** The first page of the log in the middle of the file that holds rows: its first byte says so. */
function pageInMiddle(dir: string): { from: number; bytes: number } {
  const file = readFileSync(database(dir));
  const bytes = file.readUInt16BE(16);
  const leafOfTable = 0x0d;
  for (let page = Math.floor(file.length / bytes / 2); page < file.length / bytes; page++) {
    if (file[page * bytes] === leafOfTable) return { from: page * bytes, bytes };
  }
  throw new Error('there is no such page');
}

type Damage = {
  name: string;
  /** How the gateway ended before: killed, so that the last commits are in the write-ahead log alone, or in good order. */
  after: 'SIGKILL' | 'SIGTERM';
  /** `older` is a copy of the database from before the readings. */
  ruin(dir: string, older: string): void;
  /** What the log has to say. */
  said: RegExp;
  expected: Partial<Findings>;
};

type Findings = {
  said: string;
  newEpoch: boolean;
  /** Reason of the gap that a viewer is told who comes back with its position. */
  gap: string | null;
  lost: number;
  /** What was found is kept in a folder of its own. */
  aside: boolean;
};

type Before = { dir: string; older: string; position: Position; publisher: RecordingPublisher };
const before = new Map<string, Before>();
const kept = mkdtempSync(join(tmpdir(), 'telltale-damage-'));
afterAll(() => rmSync(kept, { recursive: true, force: true }));

/** A data folder as a gateway leaves it that took readings and ended so; made once. */
async function folderAfter(after: Damage['after']): Promise<Before> {
  const known = before.get(after);
  if (known !== undefined) return known;
  const dir = join(kept, after);
  mkdirSync(dir, { mode: 0o700 });
  const first = await gatewayProgram(dir, [], { collect: true });
  const publisher = new RecordingPublisher({ device: 'd1', qos: 1, secret: await first.rest.device('d1'), window: 20 });
  const older = copyOf(dir, `${dir}-older.db`);
  const { position } = await publishSeen(first, publisher);
  await first.kill(after);
  const made = { dir, older, position, publisher };
  before.set(after, made);
  return made;
}

/** Ruins such a folder, starts on it, and comes back as a viewer and as one who reads history. */
async function damage({ after, ruin }: Pick<Damage, 'after' | 'ruin'>, main?: string): Promise<Findings> {
  const { dir: whole, older, position, publisher } = await folderAfter(after);
  const dir = newFolder();
  cpSync(whole, dir, { recursive: true });
  ruin(dir, older);

  const set = ['store.checkEveryHours=0.0003'];
  const second = await gatewayProgram(dir, set, { main, collect: true });
  const { viewer } = await view(second, position);
  const { epoch } = await viewer.frame('hello');
  const gap = viewer.of('gap')[0]?.reason ?? null;
  const found = await compareAll({ http: second.http, token: second.rest.token }, [publisher]).catch(() => null);
  // Where the files look sound, what is stored is read again, which begins after a second.
  if (main === undefined && epoch === position.epoch) await until(() => second.said().includes('damaged'));
  const aside = readdirSync(dir).some(name => name.startsWith('damaged-'));
  const lost = found?.lost ?? publisher.readings();
  return { said: second.said(), newEpoch: epoch !== position.epoch, gap, lost, aside };
}

/** Makes a whole copy of the database as it is now. */
function copyOf(dir: string, copy: string): string {
  const db = new Database(database(dir), { readonly: true });
  db.prepare('VACUUM INTO ?').run(copy);
  db.close();
  return copy;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(20);
}

type Position = { epoch: string; offset: number };

async function view({ http, rest }: GatewayProgram, since?: Position): Promise<{ viewer: TestViewer; epoch: string }> {
  const viewer = await TestViewer.connect(http, rest.token);
  const { epoch } = await viewer.frame('hello');
  viewer.send({ t: 'sub', sub: 's', mode: 'log', since });
  await viewer.frame('snap', ({ done }) => done);
  return { viewer, epoch };
}

/** Publishes until enough is acknowledged; resolves with the position of a viewer who saw it. */
async function publishSeen(gateway: GatewayProgram, publisher: RecordingPublisher): Promise<{ position: Position }> {
  const { viewer, epoch } = await view(gateway);
  const run = publisher.run(gateway.mqttPort);
  await publisher.whenAcknowledged(messages);
  publisher.stop();
  await run;
  const last = publisher.sent - 1;
  const { offset } = await viewer.frame('data', ({ rows }) => rows.some(([, , value]) => value === last));
  return { position: { epoch, offset } };
}

const noticed: Partial<Findings> = { newEpoch: true, gap: 'epoch' };

const ways: Damage[] = [
  {
    name: 'the database is deleted',
    after: 'SIGKILL',
    ruin: dir => rmSync(database(dir)),
    said: /is missing, although offset \d+/,
    expected: { ...noticed, aside: true },
  },
  {
    name: 'the write-ahead log is deleted',
    after: 'SIGKILL',
    ruin: dir => rmSync(wal(dir)),
    // Its epoch was in there, too.
    said: /is of epoch none, although offset \d+/,
    expected: noticed,
  },
  {
    name: 'the write-ahead log is cut off',
    after: 'SIGKILL',
    ruin: dir => truncateSync(wal(dir), nearEnd(wal(dir))),
    said: /ends at offset \d+, although offset \d+/,
    expected: noticed,
  },
  {
    name: 'one bit of the write-ahead log has changed',
    after: 'SIGKILL',
    ruin: dir => overwrite(wal(dir), nearEnd(wal(dir)), 1, byte => byte ^ 1),
    said: /ends at offset \d+, although offset \d+/,
    expected: noticed,
  },
  {
    name: 'an older copy of the database is in its place',
    after: 'SIGTERM',
    ruin: (dir, older) => copyFileSync(older, database(dir)),
    said: /ends at offset \d+, although offset \d+/,
    expected: noticed,
  },
  {
    name: 'the header is overwritten',
    after: 'SIGTERM',
    ruin: dir => overwrite(database(dir), 0, 100, byte => byte ^ 0x5a),
    said: /is no database, or its header was overwritten.*set aside/,
    expected: { ...noticed, aside: true, lost: 0 },
  },
  {
    name: 'a page in the middle is all zeros',
    after: 'SIGTERM',
    ruin: dir => {
      const { from, bytes } = pageInMiddle(dir);
      overwrite(database(dir), from, bytes, () => 0);
    },
    said: /is damaged: .*set aside/,
    expected: { ...noticed, aside: true },
  },
  {
    name: 'the database is cut off',
    after: 'SIGTERM',
    ruin: dir => truncateSync(database(dir), half(database(dir))),
    said: /was cut off.*set aside/,
    expected: { ...noticed, aside: true },
  },
  {
    name: 'the database is of no length',
    after: 'SIGTERM',
    ruin: dir => truncateSync(database(dir), 0),
    said: /is empty, although offset/,
    expected: { ...noticed, aside: true },
  },
  {
    name: 'one bit of what a row holds has changed',
    after: 'SIGTERM',
    ruin: flipBody,
    said: /a stored row is damaged: what it held cannot be read/,
    expected: { newEpoch: false, gap: null },
  },
  {
    name: 'the mark says more than there is',
    after: 'SIGTERM',
    ruin: dir => {
      const path = join(dir, 'mark');
      const mark = JSON.parse(readFileSync(path, 'utf8')) as Position;
      writeFileSync(path, JSON.stringify({ ...mark, offset: mark.offset + 1_000 }));
    },
    said: /ends at offset \d+, although offset \d+/,
    expected: { ...noticed, lost: 0 },
  },
];

describe('damage between two runs', () => {
  for (const { name, after, ruin, said, expected } of ways) {
    test(`[STO-5] ${name}: noticed, said, and a viewer who comes back is told`, async () => {
      const found = await damage({ after, ruin });
      expect(found).toMatchObject({ ...expected, said: expect.stringMatching(said) });
    }, 120_000);
  }

  test('a build that takes no notice of the mark is found out', async () => {
    const blind: Breakage = {
      file: 'store/damage/mark.ts',
      find: 'export function readMark(dir: string): Mark | null {',
      replace: 'export function readMark(dir: string): Mark | null { if (dir !== "") return null;',
    };
    const ruin = (dir: string) => truncateSync(wal(dir), nearEnd(wal(dir)));
    const found = await damage({ after: 'SIGKILL', ruin }, brokenBuild(blind));
    expect(found).toMatchObject({ newEpoch: false });
    expect(found.lost).toBeGreaterThan(0);
  }, 120_000);
});

type Taken = { ended: boolean; status: number | null; said: string; lost: number; doubled: number };

/** Takes files away while a device publishes; starts again on what is there then. */
async function takeAway(ruin: (dir: string, older: string) => void, main?: string): Promise<Taken & { dir: string }> {
  const dir = newFolder();
  const gateway = await gatewayProgram(dir, [], { main, collect: true });
  const publisher = new RecordingPublisher({
    device: 'd1',
    qos: 1,
    secret: await gateway.rest.device('d1'),
    window: 20,
  });
  const older = copyOf(dir, join(newFolder(), 'older.db'));
  const run = publisher.run(gateway.mqttPort);
  await publisher.whenAcknowledged(messages);
  ruin(dir, older);
  const ended = await Promise.race([gateway.gone.then(() => true), delay(main === undefined ? 30_000 : 2_000, false)]);
  const status = ended ? await gateway.gone : null;
  await gateway.kill();
  await run;
  const again = await gatewayProgram(dir, [], { collect: true });
  const found = await compareAll({ http: again.http, token: again.rest.token }, [publisher]).catch(() => null);
  const { lost, doubled } = found ?? { lost: publisher.readings(), doubled: 0 };
  return { dir, ended, status, said: gateway.said() + again.said(), lost, doubled };
}

describe('files taken away while the gateway runs', () => {
  const nothingLost = { ended: true, status: 1, lost: 0, doubled: 0 };

  test('[STO-5] the write-ahead log deleted: noticed with the next commit, and nothing acknowledged is lost', async () => {
    const found = await takeAway(dir => rmSync(wal(dir)));
    expect(found).toMatchObject({
      ...nothingLost,
      said: expect.stringContaining('not in their place any more (wal deleted)'),
    });
  }, 120_000);

  test('[STO-5] the database deleted: noticed with the next commit, saved, and put back', async () => {
    const found = await takeAway(dir => rmSync(database(dir)));
    expect(found).toMatchObject({ ...nothingLost, said: expect.stringContaining('all of it was saved') });
  }, 120_000);

  test('[STO-5] the database deleted and the gateway stopped before its next commit: saved, and put back', async () => {
    const dir = newFolder();
    const gateway = await gatewayProgram(dir, [], { collect: true });
    const publisher = new RecordingPublisher({ device: 'd1', qos: 1, secret: await gateway.rest.device('d1') });
    await publishSeen(gateway, publisher);
    rmSync(database(dir));
    await gateway.kill('SIGTERM');
    const again = await gatewayProgram(dir, [], { collect: true });
    const found = await compareAll({ http: again.http, token: again.rest.token }, [publisher]);
    expect(found).toMatchObject({ lost: 0, doubled: 0 });
    expect(again.said()).toContain('was deleted while the gateway ran');
  }, 120_000);

  test('[STO-5] another file put in its place: that one is used, and what was there is kept', async () => {
    const found = await takeAway((dir, older) => {
      copyFileSync(older, `${database(dir)}.new`);
      renameSync(`${database(dir)}.new`, database(dir));
    });
    expect(found).toMatchObject({ ended: true, status: 1, said: expect.stringContaining('(database replaced)') });
    const aside = readdirSync(found.dir).find(name => name.endsWith('-replaced')) ?? '';
    const db = new Database(join(found.dir, aside, 'telltale.db'), { readonly: true });
    expect(db.prepare('SELECT sum(count) FROM log').pluck().get()).toBeGreaterThanOrEqual(messages);
    db.close();
  }, 120_000);

  test('a build that does not look whether its files are there is found out', async () => {
    const blind: Breakage = {
      file: 'store/writer.ts',
      find: 'displaced = files?.displaced() ?? null;\n  } catch',
      replace: '} catch',
    };
    const found = await takeAway(dir => rmSync(database(dir)), brokenBuild(blind));
    expect(found.ended).toBe(false);
    expect(found.lost).toBeGreaterThan(0);
  }, 120_000);
});
