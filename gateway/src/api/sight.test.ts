import { describe, expect, test } from 'vitest';
import { makeApp } from './fake-ports.fixture.ts';
import { seenPage } from './sight.ts';

type Row = { device: string; id: number };
const cursorOf = ({ id }: Row) => String(id);

/** A list of rows of two devices, of which `b` has each tenth. Counts how often it was read. */
function listOf(count: number) {
  const rows = Array.from({ length: count }, (_, i): Row => ({ device: i % 10 === 9 ? 'b' : 'a', id: i }));
  const reads: number[] = [];
  const read = async (cursor: string | null, limit: number) => {
    reads.push(limit);
    const begin = cursor === null ? 0 : Number(cursor) + 1;
    return rows.slice(begin, begin + limit);
  };
  return { read, reads };
}

const seesB = (device: string) => device === 'b';

describe('a page of a list', () => {
  test('of somebody who sees all is what was read, in one go', async () => {
    const { read, reads } = listOf(25);
    const page = await seenPage(read, cursorOf, null, { cursor: undefined, limit: 10 });
    expect([page.items.length, page.next, reads]).toEqual([10, '9', [10]]);
    expect((await seenPage(read, cursorOf, null, { cursor: '19', limit: 10 })).next).toBeNull();
  });

  test('[ACC-6] has nothing that is not seen, and pages neither miss nor repeat a row', async () => {
    const { read } = listOf(2_345);
    const found: number[] = [];
    let cursor: string | null | undefined;
    do {
      const page: { items: Row[]; next: string | null } = await seenPage(read, cursorOf, seesB, {
        cursor: cursor ?? undefined,
        limit: 7,
      });
      found.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== null);
    expect(found).toEqual(Array.from({ length: 234 }, (_, i) => i * 10 + 9));
  });

  test('ends before its end where much was looked through and little is seen', async () => {
    const { read, reads } = listOf(50_000);
    const page = await seenPage(read, cursorOf, () => false, { cursor: undefined, limit: 5 });
    expect(page).toEqual({ items: [], next: '9999' });
    expect(reads).toHaveLength(10);
  });
});

describe('a body with a secret', () => {
  test.each([
    ['PUT', '/session/password', { old: 'my password', new: 'short' }],
    ['POST', '/session/totp', { password: 'my password', more: 1 }],
    ['POST', '/users', { name: '/', role: 'viewer', password: 'short' }],
    ['POST', '/session', { name: 'ada', password: 'my password', totp: 5 }],
    ['POST', '/session', { code: 'x'.repeat(200) }],
    // Under another name, or none.
    ['POST', '/session', { name: 'ada', passwort: 'my password' }],
    ['POST', '/session', ['my password']],
    ['POST', '/session', 'my password'],
    ['POST', '/users', { name: 'ada', role: 'viewer', Password: 'my password' }],
    ['POST', '/enrol', { device: 'a', Key: 'my password' }],
  ])('[ACC-1] that is refused is not repeated: %s %s %j', async (method, path, json) => {
    const response = await makeApp().ask(`/api/v1${path}`, { method, as: 'administrator', json });
    expect(response.status).toBe(400);
    const text = await response.text();
    for (const secret of ['my password', 'short', 'xxxx']) expect(text).not.toContain(secret);
  });
});
