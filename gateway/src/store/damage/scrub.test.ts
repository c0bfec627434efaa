import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { openForReading } from '../schema.ts';
import { database, databaseIn, entries, leaf, ruinPage } from './damage.fixture.ts';
import { Scrub, type ScrubFinding } from './scrub.ts';

/** Bodies of the fixture say which entry they are. */
const check = (body: Uint8Array, key: number) => {
  if (Number(Buffer.from(body.subarray(0, 5)).toString()) !== key) throw new Error('not what was written');
};

function scrubOf(dir: string): Scrub {
  const db = openForReading(databaseIn(dir));
  onTestFinished(() => void db.close());
  return new Scrub(db, [
    { table: 'chunk', check },
    { table: 'log', check },
  ]);
}

function round(scrub: Scrub, rows: number) {
  let checked = 0;
  const damaged: ScrubFinding[] = [];
  for (let slices = 1; ; slices++) {
    const slice = scrub.slice(rows);
    expect(slice.checked).toBeLessThanOrEqual(rows);
    checked += slice.checked;
    damaged.push(...slice.damaged);
    if (slice.done) return { slices, checked, damaged };
  }
}

test('[STO-5] a sound database is read in slices, again and again, and nothing is found', () => {
  const scrub = scrubOf(database());
  expect(round(scrub, 300)).toEqual({ slices: 17, checked: entries, damaged: [] });
  expect(round(scrub, 100_000)).toEqual({ slices: 1, checked: entries, damaged: [] });
});

test('[STO-5] bodies that fail their check are found, each with its key', () => {
  const dir = database();
  const db = new Database(databaseIn(dir));
  db.exec(`UPDATE log SET body = x'00' WHERE offset IN (17, 4000)`);
  db.close();
  const { checked, damaged } = round(scrubOf(dir), 300);
  expect(checked).toBe(entries);
  expect(damaged).toEqual([
    { table: 'log', key: 17, error: 'not what was written' },
    { table: 'log', key: 4000, error: 'not what was written' },
  ]);
});

test('[STO-5] rows that cannot be read are found and passed over', () => {
  const dir = database();
  const { rows } = leaf(dir, 'log', 0.5);
  for (const part of [0, 0.5, 1]) ruinPage(dir, leaf(dir, 'log', 0.5 + (part - 0.5) * 0.999));
  const scrub = scrubOf(dir);
  for (let n = 0; n < 2; n++) {
    const { checked, damaged } = round(scrub, 300);
    expect(damaged.map(({ table }) => table)).toEqual(['log', 'log', 'log']);
    expect(damaged[0]?.key).toBeLessThan(2 * rows);
    expect(checked).toBeGreaterThan(entries - 3.5 * rows);
    expect(checked).toBeLessThan(entries);
  }
});
