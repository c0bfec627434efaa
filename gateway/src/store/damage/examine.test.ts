import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openForWriting } from '../schema.ts';
import {
  at,
  contents,
  database,
  databaseIn,
  entries,
  epoch,
  killedDatabase,
  leaf,
  noise,
  overwrite,
  ruinMiddle,
  ruinPage,
  tempDir,
} from './damage.fixture.ts';
import { examine } from './examine.ts';
import { readMark, writeMark } from './mark.ts';

const look = (dir: string, wholeBelow?: number) => examine(databaseIn(dir), wholeBelow);

describe('[STO-5] a database that is as it should be', () => {
  test('[STO-5] passes, and stays byte for byte', () => {
    const dir = database();
    const before = contents(databaseIn(dir));
    expect(look(dir)).toBeNull();
    expect(look(dir, 0)).toBeNull();
    expect(contents(databaseIn(dir))).toEqual(before);
  });

  test('[STO-5] passes after SIGKILL, when its last commits are in the -wal alone', () => {
    const dir = killedDatabase();
    const before = contents(databaseIn(dir));
    expect(Object.keys(before)).toEqual(['', '-wal']);
    expect(look(dir)).toBeNull();
    expect(contents(databaseIn(dir))).toEqual(before);
  });

  test('[STO-5] passes where it has more than the mark says, and where there is no mark', () => {
    const dir = database();
    writeMark(dir, { epoch, offset: entries - 10, at });
    expect(look(dir)).toBeNull();
    rmSync(join(dir, 'mark'));
    expect(look(dir)).toBeNull();
  });

  test('[STO-5] passes where entries were sealed and have left the log', () => {
    const dir = database();
    const db = openForWriting(databaseIn(dir), 'NORMAL');
    db.exec(`DELETE FROM log; INSERT INTO meta (key, value) VALUES ('sealed_through', ${entries})`);
    db.close();
    expect(look(dir)).toBeNull();
  });

  test('[STO-5] passes with an older schema or a later one', () => {
    const dir = database();
    for (const version of [1, 99]) {
      const db = new Database(databaseIn(dir));
      db.pragma(`user_version = ${version}`);
      db.exec('DROP TABLE IF EXISTS rollup');
      db.close();
      expect(look(dir)).toBeNull();
    }
  });

  test('[STO-5] a folder in which nothing was ever committed is no damage', () => {
    const dir = tempDir();
    expect(look(dir)).toBeNull();
    writeFileSync(databaseIn(dir), '');
    expect(look(dir)).toBeNull();
  });
});

describe('[STO-5] a damaged database', () => {
  test('[STO-5] a page of the log overwritten in its middle', () => {
    const dir = database();
    ruinMiddle(dir, leaf(dir, 'log', 0.5));
    expect(look(dir)).toMatchObject({ kind: 'contents', sound: false });
  });

  test('[STO-5] the header overwritten', () => {
    const dir = database();
    overwrite(databaseIn(dir), 0, noise(100));
    expect(look(dir)).toMatchObject({ kind: 'notDatabase', sound: false });
  });

  test('[STO-5] cut off, with and without a -wal', () => {
    const dir = database();
    truncateSync(databaseIn(dir), Math.floor(readFileSync(databaseIn(dir)).length / 2));
    expect(look(dir)).toMatchObject({ kind: 'torn', sound: false });
    expect(look(dir, 0)).toMatchObject({ kind: 'torn', sound: false });
    const killed = killedDatabase();
    truncateSync(databaseIn(killed), Math.floor(readFileSync(databaseIn(killed)).length / 2));
    expect(look(killed)).toMatchObject({ sound: false });
  });

  test('[STO-5] of no length although something was committed', () => {
    const dir = database();
    writeFileSync(databaseIn(dir), '');
    expect(look(dir)).toMatchObject({ kind: 'empty', sound: false });
  });

  test('[STO-5] garbage', () => {
    const dir = database();
    writeFileSync(databaseIn(dir), noise(100_000));
    expect(look(dir)).toMatchObject({ kind: 'notDatabase', sound: false });
  });

  test('[STO-5] tables that cannot be read', () => {
    const dir = database();
    overwrite(databaseIn(dir), 2_000, noise(2_096));
    expect(look(dir)).toMatchObject({ sound: false });
  });

  test('[STO-5] a file too large for a whole check: its ends are read', () => {
    const dir = database();
    const middle = leaf(dir, 'log', 0.5);
    const last = leaf(dir, 'log', 1);
    ruinPage(dir, middle);
    expect(look(dir, 0)).toBeNull();
    ruinPage(dir, last);
    expect(look(dir, 0)).toMatchObject({ kind: 'contents', sound: false });
  });
});

describe('[STO-5] history that went missing', () => {
  test('[STO-5] the database deleted', () => {
    const dir = database();
    rmSync(databaseIn(dir));
    const damage = look(dir);
    expect(damage).toMatchObject({ kind: 'missing', sound: true });
    expect(damage?.say).toContain(`offset ${entries}`);
  });

  test('[STO-5] the -wal deleted', () => {
    const dir = killedDatabase();
    for (const end of ['-wal', '-shm']) rmSync(`${databaseIn(dir)}${end}`);
    expect(look(dir)).toMatchObject({ kind: 'history', sound: true });
    expect(look(dir)?.say).toContain(`ends at offset ${entries}, although offset ${entries + 500}`);
  });

  test('[STO-5] another database in its place', () => {
    const dir = database();
    writeMark(dir, { epoch: 'another', offset: 5, at });
    expect(look(dir)).toMatchObject({ kind: 'history', sound: true });
  });
});

test('[STO-5] a mark is what was written last, and null where it cannot be read', () => {
  const dir = tempDir();
  expect(readMark(dir)).toBeNull();
  writeMark(dir, { epoch, offset: 1, at });
  writeMark(dir, { epoch, offset: 2, at });
  expect(readMark(dir)).toEqual({ epoch, offset: 2, at });
  writeFileSync(join(dir, 'mark'), '{"epoch":');
  expect(readMark(dir)).toBeNull();
});
