// The library's own tests of a persistence, on the gateway's store. persistence.test.ts runs this file with Node's test
// runner, which they are written for.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import abstractPersistence from 'aedes-persistence/abstract.js';
import { systemClock } from '../../lib/clock.ts';
import { silentLogger } from '../../lib/logger.ts';
import { loadSessions, saveSessions } from '../../session-tables.ts';
import { openStore } from '../../store/store.ts';
import { quietStore } from '../../store/temp-store.fixture.ts';
import { KeptState } from './kept-state.ts';
import { SessionPersistence } from './persistence.ts';

const dir = mkdtempSync(join(tmpdir(), 'telltale-sessions-'));
const store = await openStore(
  { dir, ...quietStore },
  {
    clock: systemClock,
    log: silentLogger,
    committed() {},
    broken(error) {
      throw error;
    },
  },
);
after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Each test begins with what the store has, which is nothing: the rows of the one before are deleted. */
async function persistence(): Promise<SessionPersistence> {
  const state = new KeptState(
    { sessionExpiryMs: 7 * 86_400_000, queueExpiryMs: 86_400_000, queueMessagesMax: 1_000 },
    {
      clock: systemClock,
      save: changes => saveSessions(store, changes),
      ownerOf: () => '',
      maySubscribe: () => true,
    },
  );
  const saved = await loadSessions(store);
  const ends = saved.sessions.map(({ client }) => ({ kind: 'session' as const, client, record: null }));
  const retained = saved.retained.map(({ topic }) => ({ kind: 'retained' as const, topic, message: null }));
  await saveSessions(store, [...ends, ...retained]);
  state.load(await loadSessions(store));
  return new SessionPersistence(state);
}

abstractPersistence({ test, persistence, testAsync: true });
