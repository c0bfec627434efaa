// What a question to the audit trail reads: how SQLite goes about it, and how many lines it looks at, in a trail of years.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listAudit } from '../audit-tables.ts';
import type { AuditFilter } from '../contract/index.ts';
import { type Db, openForWriting } from './schema.ts';
import { auditLookedMax, effects, type QueryName, queries } from './statements.ts';

const day = 86_400_000;
const lines = 200_000;
const start = Date.UTC(2021, 0, 4);
const everyMs = Math.floor((5 * 365 * day) / lines);
const end = start + lines * everyMs;
const perDay = Math.ceil(day / everyMs);
const atOf = (id: number) => start + id * everyMs;

let db: Db;
/** Lines and days that were looked at. */
let looked = 0;

/** Each 100th line is of a sign-in; 50 devices and 20 people take turns. */
function lineOf(id: number): [action: string, device: string | null, by: string | null, subject: string | null] {
  const isSession = id % 100 === 0;
  return [isSession ? 'session' : 'command', isSession ? null : `d${id % 50}`, `p${id % 20}`, `c${id % 10_000}`];
}

beforeAll(() => {
  db = openForWriting(':memory:', 'NORMAL');
  db.function('looked', value => {
    looked++;
    return value;
  });
  const add = db.prepare(effects['audit.add']);
  db.transaction(() => {
    for (let id = 1; id <= lines; id++) add.run(atOf(id), ...lineOf(id), '{"what":"sent"}');
  })();
});
afterAll(() => void db.close());

/** The store, with each line and day that a question looks at counted. */
const store = {
  async query<Row>(name: QueryName, ...params: (string | number)[]): Promise<Row[]> {
    const counted = queries[name]
      .replace('at >= after', 'looked(at) >= after')
      .replace('n <= until', 'looked(n) <= until');
    return db.prepare<unknown[], Row>(counted).all(...params);
  },
};

/** All lines of a filter, page by page, and the most that one page looked at. */
async function readAll(filter: AuditFilter, limit: number) {
  const ids: number[] = [];
  let most = 0;
  for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null; ) {
    looked = 0;
    const page: Awaited<ReturnType<typeof listAudit>> = await listAudit(store, filter, before, limit);
    most = Math.max(most, looked);
    ids.push(...page.items.map(({ id }) => id));
    // Each page goes on before the one that it follows, so that they end.
    if (page.next !== null) expect(page.next).toBeLessThan(before);
    before = page.next;
  }
  return { ids, most };
}

/** Ids of lines that fit, newest first. */
const fitting = (from: number, to: number, fits: (id: number) => boolean = () => true) =>
  Array.from({ length: lines }, (_, i) => lines - i).filter(id => atOf(id) >= from && atOf(id) < to && fits(id));

describe('how lines are found', () => {
  /** What SQLite says of all that is asked for one page. */
  async function planOf(filter: AuditFilter): Promise<string[]> {
    const steps: string[] = [];
    const told = {
      async query<Row>(name: QueryName, ...params: (string | number)[]): Promise<Row[]> {
        const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${queries[name]}`).all(...params);
        steps.push(...plan.map(({ detail }) => detail));
        return store.query(name, ...params);
      },
    };
    // More than there are, so that where the question ends is asked as well.
    await listAudit(told, filter, Number.MAX_SAFE_INTEGER, lines + 1);
    return steps.filter(step => /\baudit\b|audit_/.test(step) || /TEMP B-TREE/.test(step));
  }

  const filters = {
    device: 'd7',
    by: 'p7',
    subject: 'c7',
    action: 'session',
    from: end - 7 * day,
    to: end - day,
  } as const;
  const leads = [
    ['subject', 'SEARCH audit USING INDEX audit_subject (subject=? AND rowid>? AND rowid<?)'],
    ['device', 'SEARCH audit USING INDEX audit_device (device=? AND rowid>? AND rowid<?)'],
    ['by', 'SEARCH audit USING INDEX audit_by (by=? AND rowid>? AND rowid<?)'],
    ['action', 'SEARCH audit USING INDEX audit_action (action=? AND rowid>? AND rowid<?)'],
  ] as const;
  const names = Object.keys(filters) as (keyof typeof filters)[];
  const pairs = names.flatMap((one, i) => [[one], ...names.slice(i + 1).map(other => [one, other])]);

  test.each([[[]], ...pairs.map(pair => [pair])])('[CMD-12] %j goes by an index, and scans no table', async pair => {
    const steps = await planOf(Object.fromEntries(pair.map(name => [name, filters[name as keyof typeof filters]])));
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect(step).toMatch(/^SEARCH audit USING /);
    const [, lead = 'SEARCH audit USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)'] =
      leads.find(([name]) => pair.includes(name as never)) ?? [];
    const wanted = lead.replaceAll('rowid', 'id');
    expect(steps.map(step => step.replaceAll('rowid', 'id'))).toContain(wanted);
  });
});

describe('lines of five years, by time', () => {
  const week = { from: end - 900 * day, to: end - 893 * day };
  /** Days of the range, and the lines of its first and its last day, of which some are beyond it. */
  const beside = 8 + 2 * perDay;

  test.each([
    ['a week in the midst', week, () => true],
    ['since last week', { from: end - 7 * day }, () => true],
    ['before the second week', { to: start + 7 * day }, () => true],
    ['a week of one device', { ...week, device: 'd7' }, (id: number) => lineOf(id)[1] === 'd7'],
    ['a week of one person', { ...week, by: 'p7' }, (id: number) => lineOf(id)[2] === 'p7'],
    ['a week of one kind', { ...week, action: 'session' }, (id: number) => lineOf(id)[0] === 'session'],
  ] as [string, AuditFilter, (id: number) => boolean][])(
    '[CMD-12] %s: a page looks at what it returns and the days around it',
    async (_, filter, fits) => {
      const { from = 0, to = Number.MAX_SAFE_INTEGER } = filter;
      const wanted = fitting(from, to, fits);
      expect(wanted.length).toBeGreaterThan(5);
      for (const limit of [50, 1000]) {
        const { ids, most } = await readAll(filter, limit);
        expect(ids).toEqual(wanted);
        expect(most).toBeLessThanOrEqual(Math.min(limit, wanted.length) + beside);
      }
    },
  );

  test('[CMD-12] a time that has no lines is found to have none without looking at a line', async () => {
    for (const filter of [{ to: start - day }, { from: end + 2 * day }, { from: end + 2 * day, by: 'p7' }]) {
      const { ids, most } = await readAll(filter, 50);
      expect(ids).toEqual([]);
      // The first day after the range, by which it is seen that the range is over.
      expect(most).toBeLessThanOrEqual(1);
    }
  });

  test('[CMD-12] pages neither miss a line nor have one twice while others are written and the oldest go', async () => {
    const wanted = fitting(week.from, week.to);
    db.exec('BEGIN');
    try {
      const found: number[] = [];
      let newest = end;
      for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null; ) {
        const page: Awaited<ReturnType<typeof listAudit>> = await listAudit(store, week, before, 50);
        found.push(...page.items.map(({ id }) => id));
        before = page.next;
        // Among what is written is what a wrong clock dates into the week; among what goes nothing of it.
        for (const at of [newest++, week.from + 1])
          db.prepare(effects['audit.add']).run(at, ...lineOf(7), '{"what":"x"}');
        db.prepare(effects['audit.trim']).run(week.from - 400 * day, newest);
      }
      expect(found).toEqual(wanted);
      expect(db.prepare('SELECT min(id) FROM audit').pluck().get()).toBeGreaterThan(1);
    } finally {
      db.exec('ROLLBACK');
    }
  });

  test('[CMD-12] [RUN-3] lines that a wrong clock dated otherwise than they were written are found by what they say', async () => {
    const strays = [30, 70_000, 150_000, lines].map(id => [id, week.from + id] as const);
    const early = [199_000, Date.UTC(1969, 11, 30)] as const;
    const ahead = [100, Date.UTC(2080, 0, 1)] as const;
    const dates = db.prepare('UPDATE audit SET at = ? WHERE id = ?');
    for (const [id, at] of [...strays, early, ahead]) dates.run(at, id);
    try {
      const { ids, most } = await readAll(week, 50);
      expect(ids).toEqual([...fitting(week.from, week.to), ...strays.map(([id]) => id)].sort((a, b) => b - a));
      expect(most).toBeLessThanOrEqual(auditLookedMax + beside);
      expect((await readAll({ to: 0 }, 50)).ids).toEqual([early[0]]);
      expect((await readAll({ from: end + day }, 50)).ids).toEqual([ahead[0]]);
    } finally {
      for (const [id] of [...strays, early, ahead]) dates.run(atOf(id), id);
    }
  });
});
