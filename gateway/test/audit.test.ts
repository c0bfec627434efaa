// The audit trail of a whole gateway: what people, devices and the gateway did, who may read it, and that it stays.
import { describe, expect, test, vi } from 'vitest';
import type { AuditEntry, Command, Page } from '../src/contract/index.ts';
import { systemClock, type Timer } from '../src/lib/clock.ts';
import { fieldText, findRecord, newFields } from '../src/lib/csv-record.ts';
import { adminPassword, gatewayHere, newFolder, type Rest, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { newUser } from './instruments/people.ts';
import { deviceOf, routes } from './instruments/rights-table.ts';
import { WallClock } from './instruments/wall-clock.ts';

vi.setConfig({ testTimeout: 120_000 });

const fast = ['store.commitIntervalMs=0', 'store.synchronous=NORMAL'];
const hour = 3_600_000;

const lines = async (rest: Rest, query = '') => (await rest.get<Page<AuditEntry>>(`/audit?limit=1000${query}`)).items;
const csv = async (rest: Rest, query = '') => (await rest.fetch(`/audit?format=csv${query}`)).text();

/** The lines, once there are so many; what is written in the background is in the next commit. */
const linesOnce = (rest: Rest, query: string, count: number) =>
  vi.waitFor(
    async () => {
      const found = await lines(rest, query);
      expect(found.length).toBeGreaterThanOrEqual(count);
      return found;
    },
    { timeout: 30_000 },
  );

async function device(gateway: TestGateway, id: string): Promise<Wire> {
  const wire = await Wire.connect(gateway.mqttPort, { user: id, secret: await gateway.rest.device(id) });
  await wire.subscribe(`devices/${id}/commands/+`);
  return wire;
}

/** A command that the device answers; resolves once the answer is in the ledger. */
async function answered(rest: Rest, wire: Wire, id: string, request: object, answer: string): Promise<Command> {
  const { id: command } = await rest.post<Command>(`/devices/${id}/commands`, request);
  const { topic } = await wire.message();
  await wire.publish(`${topic}/result`, answer);
  await linesOnce(rest, `&subject=${command}`, 3);
  return rest.get(`/commands/${command}`);
}

test('[CMD-12] [CMD-5] a command leaves who asked, from where and why, what was sent and what the device answered', async () => {
  const gateway = await gatewayHere(fast);
  const { rest: anna } = await newUser(gateway, 'anna', 'operator');
  const wire = await device(gateway, 'room-1');
  const request = { name: 'setTarget', params: { value: 21 }, reason: 'too warm' };
  const done = await answered(anna, wire, 'room-1', request, '{"ok":true,"result":{"now":21}}');
  const none = { device: 'room-1', action: 'command', subject: done.id, by: null, from: null, reason: null };
  const sent = { name: 'setTarget', params: { value: 21 }, expiresAt: done.expiresAt };
  expect((await lines(anna, `&subject=${done.id}`)).reverse()).toMatchObject([
    { ...none, what: 'queued', by: 'anna', from: '127.0.0.1', reason: 'too warm', detail: sent },
    { ...none, what: 'sent', detail: sent },
    { ...none, what: 'acknowledged', detail: { cause: 'answer', result: { now: 21 } } },
  ]);
  const refused = await answered(anna, wire, 'room-1', { name: 'open' }, '{"ok":false,"error":"valve is stuck"}');
  expect((await lines(anna, `&subject=${refused.id}`))[0]).toMatchObject({
    ...none,
    subject: refused.id,
    what: 'rejected',
    detail: { error: 'valve is stuck' },
  });
  // Who did what is found by the person, too, and by the device with a step's kind and time.
  expect((await lines(anna, '&by=anna')).map(({ what }) => what)).toEqual(['queued', 'queued']);
  const { createdAt } = refused;
  expect(await lines(anna, `&device=room-1&action=command&to=${done.createdAt}`)).toEqual([]);
  expect((await lines(anna, `&device=room-1&action=command&from=${createdAt}`)).length).toBeGreaterThanOrEqual(3);
});

test('[CMD-12] every request that changes something leaves a line, by itself or of its own kind', async () => {
  const gateway = await gatewayHere(fast);
  for (const id of Object.values(deviceOf).slice(0, 2)) await gateway.rest.device(id);
  await gateway.rest.fetch('/import', {
    method: 'POST',
    body: 'time,device,metric,value\n1000,mine-7,t,1\n',
    headers: { 'Content-Type': 'text/csv' },
  });
  const { rest: boss } = await newUser(gateway, 'boss', 'administrator');
  const ofOtherKind = /\/(session|commands|desired|lease|groups|command-groups|command-types|preview)(\/|$)/;
  const asking = /^\/(ticket|stream|log)$/;
  const wanted: string[] = [];
  for (const [call, rule] of Object.entries(routes)) {
    const [method = '', path = ''] = call.split(' ');
    if (rule === 'open' || rule.passes >= 400 || method === 'GET') continue;
    if (ofOtherKind.test(path) || asking.test(path)) continue;
    const { path: asked, json, text, headers } = await rule.ask('mine', gateway.rest);
    const body = json === undefined ? text : JSON.stringify(json);
    const response = await boss.fetch(asked, { method, body, headers });
    expect([call, response.status]).toEqual([call, rule.passes]);
    wanted.push(call);
  }
  expect(wanted.length).toBeGreaterThan(15);
  const found = await linesOnce(gateway.rest, '&by=boss&action=rest', wanted.length);
  expect(found.map(({ what }) => what).sort()).toEqual(wanted.sort());
  for (const { from } of found) expect(from).toBe('127.0.0.1');
});

test('[CMD-12] a sign-in, a refused one and a sign-out have name and address in the trail, and no password', async () => {
  const { http, rest } = await gatewayHere(fast);
  const signIn = (name: string, password: string) =>
    fetch(`${http}/api/v1/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name, password }),
    });
  const cookie = (await signIn('admin', adminPassword)).headers.get('set-cookie')?.split(';')[0] ?? '';
  await signIn('admin', 'not the password');
  await signIn('a-password-in-the-wrong-field', 'x');
  await fetch(`${http}/api/v1/session`, { method: 'DELETE', headers: { cookie } });
  const found = await linesOnce(rest, '&action=session', 4);
  expect(found.map(({ what, by, from, subject }) => [what, by, from, subject]).reverse()).toEqual([
    ['sign-in', 'admin', '127.0.0.1', null],
    ['sign-in-refused', null, '127.0.0.1', 'admin'],
    ['sign-in-refused', null, '127.0.0.1', null],
    ['sign-out', 'admin', '127.0.0.1', null],
  ]);
  expect(JSON.stringify(found)).not.toMatch(/not the password|wrong-field/);
});

describe('what is in the trail', () => {
  test('[CMD-12] stays byte for byte what it was, whatever is done over the API, which has no way to change it', async () => {
    const gateway = await gatewayHere(fast);
    const { rest } = gateway;
    const document = await rest.get<{ paths: Record<string, object> }>('/openapi.json');
    const ways = Object.entries(document.paths).filter(([path]) => path.includes('audit'));
    expect(ways.map(([path, methods]) => [path, Object.keys(methods)])).toEqual([['/audit', ['get']]]);

    const { rest: anna } = await newUser(gateway, 'anna', 'operator');
    const wire = await device(gateway, 'room-1');
    await answered(anna, wire, 'room-1', { name: 'stop', reason: '=1+1' }, '{"ok":true}');
    await wire.disconnect();
    await rest.device('room-2');
    const waits = await anna.post<Command>('/devices/room-2/commands', { name: 'start', ttlMs: 600_000 });
    await linesOnce(rest, '', 8);
    const before = (await csv(rest)).split('\r\n').slice(1);

    const fetches: [method: string, path: string][] = [
      ['POST', `/commands/${waits.id}/cancel`],
      ['POST', '/devices/room-1/secret'],
      ['DELETE', '/devices/room-1'],
      ['DELETE', '/devices/room-2'],
      ['DELETE', '/users/anna/sessions'],
      ['DELETE', '/users/anna'],
    ];
    for (const [method, path] of fetches) {
      const { status } = await rest.fetch(path, { method, body: method === 'POST' ? '{}' : undefined });
      expect([path, status < 300]).toEqual([path, true]);
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const path of ['/audit', '/audit/1']) {
        expect((await rest.fetch(path, { method, body: '{}' })).status).toBe(404);
      }
    }
    await linesOnce(rest, '', before.length - 1 + fetches.length);
    const after = (await csv(rest)).split('\r\n').slice(1);
    expect(after.length).toBeGreaterThanOrEqual(before.length + fetches.length);
    expect(after.slice(-before.length)).toEqual(before);
    // Who is gone is still found by name.
    expect((await lines(rest, '&by=anna')).length).toBeGreaterThanOrEqual(2);
  });

  test('[CMD-12] is in a CSV what it is over JSON', async () => {
    const gateway = await gatewayHere(fast);
    const wire = await device(gateway, 'room-1');
    const request = { name: 'say', params: { text: 'a "b",\r\nc; ä' }, reason: 'first line\nsecond, "quoted"' };
    await answered(gateway.rest, wire, 'room-1', request, '{"ok":true,"result":["x",null,1.5]}');
    const found = await lines(gateway.rest);
    const [head, ...rows] = recordsOf(Buffer.from(await csv(gateway.rest)));
    expect(head?.join()).toBe('time,ts,action,what,device,by,from,reason,subject,detail');
    const back = rows.map(([time, ts, action, what, ...texts]) => {
      const [on, by, from, reason, subject, detail] = texts.map(text => (text === '' ? null : text));
      expect(new Date(time as string).getTime()).toBe(Number(ts));
      const parsed = detail == null ? null : JSON.parse(detail);
      return { at: Number(ts), action, what, device: on, by, from, reason, subject, detail: parsed };
    });
    expect(back).toEqual(found.map(({ id: _, ...line }) => line));
  });

  test('[CMD-12] [ACC-6] is read by operators, of the devices in their scope; viewers do not read it', async () => {
    const gateway = await gatewayHere(fast);
    const scope = { devices: ['cold-*'], tags: [] };
    const { rest: limited } = await newUser(gateway, 'olga', 'operator', scope);
    const { rest: viewer } = await newUser(gateway, 'vera', 'viewer');
    for (const id of ['cold-1', 'hot-1']) {
      await gateway.rest.device(id);
      await gateway.rest.post(`/devices/${id}/commands`, { name: 'stop', ttlMs: 600_000 });
    }
    await linesOnce(gateway.rest, '', 7);
    const seen = await lines(limited);
    expect(seen.map(({ device: on, what }) => [on, what])).toEqual([
      ['cold-1', 'queued'],
      ['cold-1', 'POST /devices'],
    ]);
    expect(await lines(limited, '&device=hot-1')).toEqual([]);
    expect(await csv(limited)).not.toContain('hot-1');
    expect((await viewer.fetch('/audit')).status).toBe(403);
    expect((await viewer.fetch('/audit?format=csv')).status).toBe(403);
  });
});

/** The system's clock, whose hourly timers run when a test says so. */
class HourlyClock extends WallClock {
  readonly hourly: (() => void)[] = [];
  override readonly every = (intervalMs: number, task: () => void): Timer => {
    if (intervalMs !== hour) return systemClock.every(intervalMs, task);
    this.hourly.push(task);
    return { cancel() {} };
  };

  /** So long a time goes by, and then the hour strikes. */
  strike(ms: number): void {
    this.pass(ms);
    for (const task of this.hourly) task();
  }
}

test('[CMD-12] [RUN-3] lines and ended commands go by their age, with the key, and none while the clock is in doubt', async () => {
  const clock = new HourlyClock();
  const { rest } = await gatewayHere([...fast, 'audit.keep=2d', 'commands.keep=1d'], newFolder(), { clock });
  await rest.device('room-1');
  const ask = () =>
    rest.post<Command>('/devices/room-1/commands', { name: 'stop', ttlMs: 600_000 }, { 'Idempotency-Key': 'k' });
  const { id } = await ask();
  await rest.post(`/commands/${id}/cancel`);
  await linesOnce(rest, '', 4);
  expect((await ask()).id).toBe(id);
  const ledger = async () => (await rest.get<Page<Command>>('/commands')).items.length;
  clock.strike(25 * hour);
  await vi.waitFor(async () => expect(await ledger()).toBe(0), { timeout: 30_000 });
  expect((await lines(rest, `&subject=${id}`)).map(({ what }) => what)).toEqual(['cancelled', 'queued']);
  expect((await ask()).id).not.toBe(id);

  clock.setBy(Date.UTC(2038, 0, 19) - Date.now());
  clock.strike(hour / 2);
  await rest.device('room-2');
  await linesOnce(rest, '&device=room-2', 1);
  expect(await lines(rest, `&subject=${id}`)).toHaveLength(2);
  clock.setBy(0);
  clock.strike(hour / 2);
  expect(await lines(rest, `&subject=${id}`)).toHaveLength(2);
  clock.strike(48 * hour);
  await vi.waitFor(async () => expect(await lines(rest, `&subject=${id}`)).toEqual([]), { timeout: 30_000 });
});

function recordsOf(bytes: Buffer): string[][] {
  const records: string[][] = [];
  const fields = newFields();
  for (let at = 0; at < bytes.length; ) {
    at = findRecord(bytes, at, true, 44, fields);
    expect(at).toBeGreaterThan(0);
    records.push(Array.from({ length: fields.count }, (_, i) => fieldText(bytes, fields, i) ?? ''));
  }
  return records;
}
