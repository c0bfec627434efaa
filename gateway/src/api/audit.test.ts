import { describe, expect, test, vi } from 'vitest';
import { type AuditEntry, Refusal } from '../contract/index.ts';
import { fieldText, findRecord, newFields } from '../lib/csv-record.ts';
import { type Ask, fakePorts, makeApp } from './fake-ports.fixture.ts';

const line = (id: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  id,
  at: Date.UTC(2026, 0, 5) + id,
  action: 'command',
  what: 'queued',
  device: 'a',
  by: 'ada',
  from: '192.0.2.7',
  reason: null,
  subject: `c${id}`,
  detail: { params: { value: 21 } },
  ...more,
});

/** Ports with these lines; each question answers at most `each` of them. */
function portsWith(lines: AuditEntry[], each = Number.POSITIVE_INFINITY) {
  const fake = fakePorts();
  const list = vi.fn(async (_filter: unknown, before: number, limit: number) => {
    const older = lines.filter(({ id }) => id < before);
    const items = older.slice(0, Math.min(limit, each));
    return { items, next: items.length < older.length ? (items.at(-1)?.id ?? null) : null };
  });
  fake.ports.audit = { ...fake.ports.audit, list };
  return { fake, list };
}

describe('a request that changes something', () => {
  async function noted(path: string, request: Ask) {
    const fake = fakePorts();
    const response = await makeApp(fake).ask(`/api/v1${path}`, { method: 'POST', as: 'administrator', ...request });
    await response.body?.cancel();
    return fake.noted;
  }
  const from = { by: 'administrator', from: '192.0.2.7', reason: null, device: null, subject: null, detail: null };

  test.each<[string, Ask, Partial<AuditEntry>]>([
    ['/devices', { json: { id: 'pump' } }, { what: 'POST /devices', device: 'pump' }],
    ['/devices/a', { method: 'PATCH', json: { name: 'x' } }, { what: 'PATCH /devices/{id}', device: 'a' }],
    ['/devices/a/secret', { json: {} }, { what: 'POST /devices/{id}/secret', device: 'a' }],
    ['/users', { json: { name: 'bob', role: 'viewer' } }, { what: 'POST /users', subject: 'bob' }],
    ['/users/bob', { method: 'DELETE' }, { what: 'DELETE /users/{name}', subject: 'bob' }],
    [
      '/users/bob/sessions/s1',
      { method: 'DELETE' },
      { what: 'DELETE /users/{name}/sessions/{id}', subject: 'bob', detail: { id: 's1' } },
    ],
    ['/tokens', { json: { name: 'export', role: 'viewer' } }, { what: 'POST /tokens', subject: 't' }],
    ['/credentials', { json: { name: 'site', devices: ['pump-*'] } }, { what: 'POST /credentials', subject: 'site' }],
    [
      '/voids',
      { json: { device: 'a', metric: 't', from: 1, to: 2, reason: 'in the sun' } },
      { what: 'POST /voids', device: 'a', subject: '1', reason: 'in the sun' },
    ],
    [
      '/voids/1/restore',
      { json: { reason: 'it was right' } },
      { what: 'POST /voids/{id}/restore', device: 'a', subject: '1', reason: 'it was right' },
    ],
    [
      '/session/password',
      { method: 'PUT', json: { old: 'correct horse', new: 'battery staple' } },
      { what: 'PUT /session/password' },
    ],
  ])('[CMD-12] %s leaves a line that says who, from where and about what', async (path, request, wanted) => {
    expect(await noted(path, request)).toEqual([{ action: 'rest', ...from, ...wanted }]);
  });

  test('[CMD-12] leaves nothing of what was sent or answered in it', async () => {
    const secret = 'correct horse battery';
    const lines = [
      ...(await noted('/users', { json: { name: 'bob', role: 'viewer', password: secret } })),
      ...(await noted('/session/password', { method: 'PUT', json: { old: secret, new: 'battery staple' } })),
      ...(await noted('/session/totp', { json: { password: secret } })),
      ...(await noted('/devices/a/secret', { json: {} })),
      ...(await noted('/tokens', { json: { name: 'export', role: 'viewer' } })),
    ];
    expect(lines).toHaveLength(5);
    // What the ports answer with, too.
    for (const word of [secret, 'battery staple', 'told once', '"new"', 'otpauth']) {
      expect(JSON.stringify(lines)).not.toContain(word);
    }
  });

  test.each<[string, Ask]>([
    ['/devices/a/commands', { json: { name: 'stop' } }],
    ['/commands/1/cancel', {}],
    ['/ticket', {}],
    ['/stream', { json: { subs: [{ sub: 's' }] } }],
    ['/log', { json: { subs: [{ sub: 's' }] } }],
    ['/devices', { method: 'GET' }],
    ['/devices/nobody', { method: 'PATCH', json: { name: 'x' } }],
    ['/devices', { as: 'viewer', json: { id: 'x' } }],
    ['/devices', { json: { id: 'a/b' } }],
  ])('%s leaves none: it has one of its own kind, changes nothing, or was refused', async (path, request) => {
    expect(await noted(path, request)).toEqual([]);
  });

  test('[CMD-12] a request that the gateway could not end leaves a line with its status, for some of it may be done', async () => {
    const fake = fakePorts();
    fake.ports.devices.remove = () => Promise.reject(new Refusal('store_full'));
    fake.ports.devices.createAll = () => Promise.reject(new Error('a fault'));
    // What was committed before a file broke off stays, whatever it is answered with.
    fake.ports.transfer.import = () => Promise.reject(new Refusal('bad_request', 'the client went away'));
    const { ask } = makeApp(fake);
    const as = { as: 'administrator' } as const;
    const csv = (path: string) =>
      ask(path, { ...as, method: 'POST', body: 'id\na\n', headers: { 'Content-Type': 'text/csv' } });
    const statuses = [
      (await ask('/api/v1/devices/a', { ...as, method: 'DELETE' })).status,
      (await csv('/api/v1/devices/bulk')).status,
      (await csv('/api/v1/import')).status,
    ];
    expect(statuses).toEqual([503, 500, 400]);
    expect(fake.noted).toEqual([
      { action: 'rest', ...from, what: 'DELETE /devices/{id}', device: 'a', detail: { status: 503 } },
      { action: 'rest', ...from, what: 'POST /devices/bulk', detail: { status: 500 } },
      { action: 'rest', ...from, what: 'POST /import', detail: { status: 400 } },
    ]);
  });

  test('[CMD-12] taking a backup changes nothing, and leaves a line: whoever has one has every secret', async () => {
    expect(await noted('/backup', { method: 'GET' })).toEqual([{ action: 'rest', ...from, what: 'GET /backup' }]);
    expect(await noted('/backup', { method: 'HEAD' })).toEqual([]);
    expect(await noted('/backup', { method: 'GET', as: 'operator' })).toEqual([]);
  });

  test('[CMD-12] signing in, being refused and signing out leave one, and no name that nobody has', async () => {
    const signIn = { action: 'session', ...from, by: null };
    expect(await noted('/session', { as: undefined, json: { code: 'x' } })).toEqual([
      { ...signIn, what: 'sign-in', by: 'ada' },
    ]);
    expect(await noted('/session', { as: undefined, json: { code: 'spent' } })).toEqual([
      { ...signIn, what: 'sign-in-refused', detail: { code: 'code_spent' } },
    ]);
    const refused = async (name: string) => noted('/session', { as: undefined, json: { name, password: 'wrong' } });
    expect(await refused('ada')).toMatchObject([{ what: 'sign-in-refused', subject: 'ada' }]);
    expect(await refused('nobody')).toMatchObject([{ what: 'sign-in-refused', subject: null }]);
    expect(await noted('/session', { method: 'DELETE' })).toEqual([
      { ...signIn, what: 'sign-out', by: 'administrator' },
    ]);
  });
});

describe('the trail', () => {
  test('[CMD-12] pages by id, and asks the store again where a question found few', async () => {
    const { fake, list } = portsWith(
      Array.from({ length: 9 }, (_, i) => line(9 - i)),
      2,
    );
    const { ask } = makeApp(fake);
    const first = await (await ask('/api/v1/audit?limit=5&by=ada&from=5', { as: 'operator' })).json();
    expect(first).toMatchObject({ items: [{ id: 9 }, { id: 8 }, { id: 7 }, { id: 6 }, { id: 5 }], next: '5' });
    expect(list.mock.calls.at(0)).toEqual([{ by: 'ada', from: 5 }, Number.MAX_SAFE_INTEGER, 5]);
    const second = await (await ask('/api/v1/audit?limit=5&cursor=5', { as: 'operator' })).json();
    expect(second).toMatchObject({ items: [{ id: 4 }, { id: 3 }, { id: 2 }, { id: 1 }], next: null });
  });

  test('[CMD-12] a page that would look through too much is short, and says where to go on', async () => {
    const { fake, list } = portsWith([]);
    list.mockImplementation(async (_filter, before) => ({ items: [], next: before - 1 }));
    const page = await (await makeApp(fake).ask('/api/v1/audit?cursor=1000', { as: 'operator' })).json();
    expect(page).toEqual({ items: [], next: '990' });
  });

  test('[CMD-12] [ACC-6] whoever sees some devices sees their lines and none without a device', async () => {
    const { fake } = portsWith([line(3), line(2, { device: 'b' }), line(1, { device: null })]);
    const { principalOf } = fake.ports.access;
    fake.ports.access.principalOf = async secret => {
      const principal = await principalOf(secret);
      return principal && { ...principal, scope: { devices: ['a'], tags: [] } };
    };
    const { ask } = makeApp(fake);
    expect(await (await ask('/api/v1/audit', { as: 'operator' })).json()).toMatchObject({
      items: [{ id: 3 }],
      next: null,
    });
    const csv = await (await ask('/api/v1/audit?format=csv', { as: 'operator' })).text();
    expect(csv.trim().split('\r\n')).toHaveLength(2);
    expect((await ask('/api/v1/audit', { as: 'viewer' })).status).toBe(403);
  });

  test('[CMD-12] as CSV it is read while it is taken, and no further once whoever asked is gone', async () => {
    const { fake, list } = portsWith(Array.from({ length: 10_000 }, (_, i) => line(10_000 - i)));
    const response = await makeApp(fake).ask('/api/v1/audit?format=csv', { as: 'operator' });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.read();
    const asked = list.mock.calls.length;
    expect(asked).toBeLessThan(20);
    await reader.cancel();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(list.mock.calls.length).toBeLessThanOrEqual(asked + 1);
  });

  test('[CMD-12] a file has every line, and nothing in it that a spreadsheet runs', async () => {
    const odd = line(1, { reason: '=cmd|"x"!A0', by: '@ada', what: 'a,b', detail: { note: 'line\nbreak, "quoted"' } });
    const { fake } = portsWith([line(2, { by: null, detail: null, reason: null }), odd]);
    const response = await makeApp(fake).ask('/api/v1/audit?format=csv', { as: 'operator' });
    expect(response.headers.get('Content-Type')).toBe('text/csv; charset=utf-8');
    expect(await response.text()).toBe(
      'time,ts,action,what,device,by,from,reason,subject,detail\r\n' +
        `2026-01-05T00:00:00.002Z,1767571200002,"command","queued","a",,"192.0.2.7",,"c2",\r\n` +
        `2026-01-05T00:00:00.001Z,1767571200001,"command","a,b","a","'@ada","192.0.2.7","'=cmd|""x""!A0","c1",` +
        `"{""note"":""line\\nbreak, \\""quoted\\""""}"\r\n`,
    );
  });

  test.each(['=1+1', '+cmd', '-cmd', '@SUM(1)', '\t=1', '\r=1', '\n=1', '\uff1d1', '\uff20x'])(
    '[CMD-12] %j as a name or a reason is text to a spreadsheet, and one field',
    async text => {
      const odd = `${text},"x"\r\n${text}`;
      const { fake } = portsWith([line(1, { reason: odd, by: odd, subject: odd, device: odd, what: odd })]);
      const file = Buffer.from(await (await makeApp(fake).ask('/api/v1/audit?format=csv', { as: 'operator' })).text());
      const fields = newFields();
      const second = findRecord(file, 0, true, 44, fields);
      expect(findRecord(file, second, true, 44, fields)).toBe(file.length);
      expect(fields.count).toBe(10);
      for (const at of [3, 4, 5, 7, 8]) expect(fieldText(file, fields, at)).toMatch(/^['\\]/);
    },
  );

  test('[CMD-12] a file has nothing in it that a terminal obeys', async () => {
    const reason = '\u001b[2Jall is well\r\n\u0000\u009b31m \ud800';
    const { fake } = portsWith([line(1, { reason, detail: { note: '\u007f\u009b31m °C' } })]);
    const response = await makeApp(fake).ask('/api/v1/audit?format=csv', { as: 'operator' });
    const [, row, end] = (await response.text()).split('\r\n');
    expect(row).toContain(',"\\u001b[2Jall is well\\u000d\n\\u0000\\u009b31m \ufffd",');
    expect(row).toContain('"{""note"":""\\u007f\\u009b31m °C""}"');
    expect(end).toBe('');
  });
});
