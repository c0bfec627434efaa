// The counts of a group as the store has them, beside the commands that they are of.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GroupRow } from '../src/command/index.ts';
import { type Command, type CommandGroup, commandStates } from '../src/contract/index.ts';
import { groupTables, listGroupCommands } from '../src/group-tables.ts';
import type { Store } from '../src/store/index.ts';
import { TempStore } from '../src/store/temp-store.fixture.ts';
import { commandTables } from '../src/tables.ts';
import { seededRandom } from './instruments/random.ts';

const total = 40;
const refused = ['d37', 'd38', 'd39'];
let temp: TempStore;

beforeEach(async () => {
  temp = new TempStore();
  await temp.open();
});
afterEach(() => temp.dispose());

/** A group that is over, of which the row says something of long ago. */
const row = (id: string): GroupRow => ({
  group: { id, total, state: 'finished', counts: { pending: 37, refused: 3 } } as CommandGroup,
  devices: [],
  request: { name: 'set' },
  key: 'ada/k',
  approval: null,
  refused,
});

const save = (store: Store, command: Command) => commandTables(store).save(command, {} as never);

function commandOf(group: string | null, device: number, state: Command['state']): Command {
  const transitions = [{ state, at: 1, cause: 'answer' }];
  return {
    id: `${group}-${device}`,
    device: `d${device}`,
    group,
    key: null,
    by: 'ada',
    state,
    expect: [],
    transitions,
  } as never;
}

/** What the commands themselves say. */
async function counted(store: Store, group: string): Promise<Record<string, number>> {
  const commands = await listGroupCommands(store, { group, failed: false }, '~', total);
  return Object.fromEntries(
    commandStates
      .map(state => [state, commands.filter(command => command.state === state).length] as const)
      .filter(([, count]) => count > 0),
  );
}

test('[CMD-10] the counts change in the commit that changes the command, whatever the row of the group says', async () => {
  const random = seededRandom(7);
  await groupTables(temp.store).save(row('g1'), 'finished', []);
  await groupTables(temp.store).save(row('g2'), 'finished', []);
  for (let round = 0; round < 6; round++) {
    // Several changes of one command in one commit, and commands of other groups and of none between them.
    const changes = Array.from({ length: 60 }, () => {
      const group = [null, 'g1', 'g2'][Math.floor(random() * 3)] ?? null;
      const state = commandStates[Math.floor(random() * commandStates.length)] as Command['state'];
      return commandOf(group, Math.floor(random() * 30), state);
    });
    await Promise.all(changes.map(command => save(temp.store, command)));
    if (round === 3) await temp.reopen();
    const tables = groupTables(temp.store);
    for (const id of ['g1', 'g2']) {
      const ofCommands = await counted(temp.store, id);
      const asked = Object.values(ofCommands).reduce((sum, count) => sum + count, 0);
      const counts = { pending: total - asked - refused.length, refused: refused.length, ...ofCommands };
      expect((await tables.find(id))?.group.counts).toEqual(counts);
      expect((await tables.list('~', 10, false)).find(({ group }) => group.id === id)?.group.counts).toEqual(counts);
    }
  }
  expect((await groupTables(temp.store).findByKey('ada/k'))?.group.counts).toMatchObject(
    await counted(temp.store, 'g2'),
  );
});

test('the counts of a group go with it, and what is late does not bring them back', async () => {
  const { store } = temp;
  for (const id of ['g1', 'g2']) {
    await groupTables(store).save(row(id), 'finished', []);
    await save(store, commandOf(id, 1, 'timed-out'));
  }
  await store.write([
    ['commandGroup.trim', 'g2', 10],
    ['commandGroup.trimCounts', 'g2'],
  ]);
  await save(store, commandOf('g1', 1, 'acknowledged'));
  await save(store, commandOf('g2', 1, 'acknowledged'));
  await groupTables(store).save(row('g1'), 'finished', []);
  const counts = async (id: string) => (await groupTables(store).find(id))?.group.counts;
  expect(await counts('g1')).toEqual({ pending: 37, refused: 3 });
  expect(await counts('g2')).toEqual({ pending: 36, refused: 3, acknowledged: 1 });
});
