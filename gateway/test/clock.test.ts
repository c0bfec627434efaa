// The wall clock is somebody else's. A whole gateway whose clock is set an hour ahead, two back and to 2038, with
// devices whose own clocks stand in 1970 and 2099: what it promises of sessions, commands, order and latest values holds.
// What becomes of the store's own keeping is in store/clock-jumps.test.ts.
import { describe, expect, test, vi } from 'vitest';
import type { Command, HistoryReadings, Latest, Page } from '../src/contract/index.ts';
import { brokenBuild } from './instruments/broken-build.ts';
import { adminPassword, gatewayHere, newFolder, type Rest, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { TestViewer } from './instruments/viewer.ts';
import { WallClock } from './instruments/wall-clock.ts';

// Each test starts a gateway or several.
vi.setConfig({ testTimeout: 120_000 });

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const to2038 = Date.UTC(2038, 0, 19, 3, 14, 8) - Date.now();
const jumps: [name: string, byMs: number][] = [
  ['an hour ahead', hour],
  ['two hours back', -2 * hour],
  ['to 2038', to2038],
];

/** A gateway on a clock that has run for long enough to be believed. */
async function steadyGateway(clock: WallClock, main?: string, dir = newFolder()): Promise<TestGateway> {
  const gateway = await gatewayHere(['live.heartbeatMs=1000'], dir, { clock, main });
  await gateway.rest.get('/session');
  clock.pass(hour);
  await gateway.rest.get('/session');
  return gateway;
}

/** Signs in with the password; resolves with the session's cookie. */
async function signIn(http: string): Promise<string> {
  const answer = await fetch(`${http}/api/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'admin', password: adminPassword }),
  });
  expect(answer.status).toBe(200);
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

const holds = async (http: string, cookie: string) =>
  (await fetch(`${http}/api/v1/session`, { headers: { cookie } })).status === 200;

const latestOf = async (rest: Rest, device: string) =>
  Object.fromEntries(
    (await rest.get<Latest>(`/devices/${device}/latest`)).values.map(({ metric, value }) => [metric, value]),
  );

describe('[RUN-3] sessions', () => {
  const almostOver = 7 * day - 30 * minute;

  /** Whether a session with half an hour to go holds while the clock is wrong, and after it was set right. */
  async function session(byMs: number, main?: string): Promise<{ during: boolean; after: boolean; over: boolean }> {
    const clock = new WallClock();
    const { http } = await steadyGateway(clock, main);
    const cookie = await signIn(http);
    clock.pass(almostOver);
    expect(await holds(http, cookie)).toBe(true);
    clock.setBy(byMs);
    const during = await holds(http, cookie);
    // Each sign-in clears away what has expired.
    await signIn(http);
    clock.setBy(0);
    clock.pass(minute);
    const after = await holds(http, cookie);
    clock.pass(30 * minute);
    return { during, after, over: !(await holds(http, cookie)) };
  }

  test.each(jumps)('%s: one that holds goes on to hold, and ends in its own time', async (_, byMs) => {
    expect(await session(byMs)).toEqual({ during: true, after: true, over: true });
  });

  test('the same steps find a build that goes by the clock as it is', async () => {
    const broken = brokenBuild({
      file: 'gateway.ts',
      find: 'clock: steady,\n      ...tables.accessTables',
      replace: 'clock,\n      ...tables.accessTables',
    });
    expect(await session(hour, broken)).toMatchObject({ during: false });
  });

  test('a gateway that starts in 2038 refuses, and deletes nothing', async () => {
    const dir = newFolder();
    const clock = new WallClock();
    const first = await gatewayHere([], dir, { clock });
    const cookie = await signIn(first.http);
    await first.close();
    const started = async (main?: string) => {
      clock.setBy(to2038);
      const gateway = await gatewayHere([], dir, { clock, main });
      const during = await holds(gateway.http, cookie);
      await signIn(gateway.http);
      clock.setBy(0);
      clock.pass(minute);
      const after = await holds(gateway.http, cookie);
      await gateway.close();
      return { during, after };
    };
    expect(await started()).toEqual({ during: false, after: true });
    const broken = brokenBuild({
      file: 'tables.ts',
      find: "trimBefore === undefined || sure === null ? [] : [['secret.trim', Math.min(trimBefore, sure)]",
      replace: "trimBefore === undefined ? [] : [['secret.trim', trimBefore]",
    });
    expect(await started(broken)).toEqual({ during: false, after: false });
  });
});

describe('[RUN-3] [CMD-3] commands', () => {
  /** How many commands reach a device that comes after their life has gone by. */
  async function late(byMs: number, main?: string): Promise<{ sent: number; states: string[] }> {
    const clock = new WallClock();
    const { mqttPort, rest } = await steadyGateway(clock, main);
    const secret = await rest.device('d1');
    for (let n = 0; n < 3; n++) await rest.post('/devices/d1/commands', { name: `n${n}`, ttlMs: 10 * minute });
    clock.setBy(byMs);
    clock.pass(11 * minute);
    const wire = await Wire.connect(mqttPort, { user: 'd1', secret });
    await wire.subscribe('devices/d1/commands/+');
    const ended = async () => {
      const { items } = await rest.get<Page<Command>>('/commands?device=d1');
      return items.map(({ state }) => state);
    };
    await expect.poll(async () => (await ended()).includes('queued'), { timeout: 20_000 }).toBe(false);
    return { sent: wire.received.filter(({ type }) => type === 3).length, states: [...new Set(await ended())] };
  }

  test.each(jumps)('%s: none is sent after its life', async (_, byMs) => {
    expect(await late(byMs)).toEqual({ sent: 0, states: ['expired'] });
  });

  test('the same steps find a build that asks the clock alone', async () => {
    const broken = brokenBuild({
      file: 'command/delivery.ts',
      find: 'return command.expiresAt <= clock.now() || overAt <= clock.elapsed();',
      replace: 'return command.expiresAt <= clock.now();',
    });
    expect((await late(-2 * hour, broken)).states).toEqual(['sent']);
  });

  test('the ledger lists them as they were asked for', async () => {
    const clock = new WallClock();
    const { rest } = await steadyGateway(clock);
    await rest.device('d1');
    for (const [n, byMs] of [0, hour, -2 * hour, to2038, 0].entries()) {
      clock.setBy(byMs);
      await rest.post('/devices/d1/commands', { name: `n${n}` });
    }
    const { items } = await rest.get<Page<Command>>('/commands?device=d1');
    expect(items.map(({ name }) => name)).toEqual(['n4', 'n3', 'n2', 'n1', 'n0']);
  });
});

describe('[RUN-3] readings', () => {
  const phases = (byMs: number) => [0, byMs, 0];
  const perPhase = 5;

  type Findings = {
    inOrder: boolean;
    stored: number;
    latest: Record<string, unknown>;
    shown: unknown;
    deletions: number;
  };

  /**
   * One device with a clock that is right (`own`), one without (`none`), one in 1970 and one in 2099, while the gateway's
   * clock is set away and back. What REST, history and a viewer have of it in the end.
   */
  async function readings(byMs: number, main?: string): Promise<Findings> {
    const clock = new WallClock();
    const { http, mqttPort, rest } = await steadyGateway(clock, main);
    const wires = new Map<string, Wire>();
    for (const device of ['own', 'none', 'y1970', 'y2099']) {
      wires.set(device, await Wire.connect(mqttPort, { user: device, secret: await rest.device(device) }));
    }
    const viewer = await TestViewer.connect(http, rest.token);
    viewer.send([
      { t: 'sub', sub: 'log', mode: 'log', intervalMs: 0 },
      { t: 'sub', sub: 'latest', intervalMs: 0 },
    ]);
    await viewer.frame('snap', ({ sub }) => sub === 'latest');
    let n = 0;
    let right = 0;
    for (const setBy of phases(byMs)) {
      clock.setBy(0);
      right = Math.max(right + 1, clock.now());
      clock.setBy(setBy);
      for (let i = 0; i < perPhase; i++, n++, right++) {
        const payload = { own: { ts: right, values: { n } }, none: { n } };
        const wrong = (year: number) => ({ ts: Date.UTC(year, 5) + n, values: { n } });
        const all = { ...payload, y1970: wrong(1970), y2099: wrong(2099) };
        for (const [device, wire] of wires) {
          await wire.publish(`devices/${device}/telemetry`, JSON.stringify(all[device as keyof typeof all]));
        }
      }
    }
    const last = ({ rows }: { rows: readonly (readonly unknown[])[] }) => rows.some(([, , value]) => value === n - 1);
    await viewer.frame('data', frame => frame.sub === 'log' && last(frame));
    await viewer.frame('data', frame => frame.sub === 'latest' && last(frame));

    const log = viewer.of('data').filter(({ sub }) => sub === 'log');
    const came = log.flatMap(({ rows }) => rows.map(([series, , value]) => [series, value] as const));
    const bySeries = Map.groupBy(came, ([series]) => series);
    const offsets = log.map(({ offset }) => offset);
    let stored = 0;
    const latest: Record<string, unknown> = {};
    for (const device of wires.keys()) {
      const page = await rest.get<HistoryReadings>(
        `/history?device=${device}&metric=n&from=0&to=${Date.now() + to2038 * 2}&limit=10000`,
      );
      stored += page.readings.length;
      latest[device] = (await latestOf(rest, device)).n;
    }
    return {
      inOrder:
        bySeries.size === 4 &&
        [...bySeries.values()].every(rows => rows.every(([, value], i) => value === i) && rows.length === n) &&
        offsets.every((offset, i) => i === 0 || offset >= (offsets[i - 1] as number)),
      stored,
      latest,
      shown: shownBy(viewer),
      deletions: viewer.of('gap').length,
    };
  }

  /** What a page shows of mode `latest`: a snapshot is the gateway's word, of other rows an older one changes nothing. */
  function shownBy(viewer: TestViewer): Record<string, unknown> {
    const names = new Map(viewer.of('def').flatMap(({ series }) => series.map(([index, device]) => [index, device])));
    const held = new Map<number, { ts: number | null; value: unknown }>();
    for (const frame of viewer.frames) {
      if ((frame.t !== 'data' && frame.t !== 'snap') || frame.sub !== 'latest') continue;
      for (const [series, ts, value] of frame.rows) {
        if (frame.t === 'data' && (held.get(series)?.ts ?? 0) > (ts ?? 0)) continue;
        held.set(series, { ts, value });
      }
    }
    return Object.fromEntries([...held].map(([series, { value }]) => [names.get(series), value]));
  }

  const newest = Object.fromEntries(['own', 'none', 'y1970', 'y2099'].map(device => [device, 3 * perPhase - 1]));

  test.each(jumps)(
    '%s and right again: all kept and in order, and the last of each is what is shown',
    async (_, byMs) => {
      expect(await readings(byMs)).toEqual({
        inOrder: true,
        stored: 4 * 3 * perPhase,
        latest: newest,
        shown: newest,
        deletions: 0,
      });
    },
  );

  test('the same steps find a build in which what was dated ahead stays the latest', async () => {
    const broken = brokenBuild({
      file: 'device/latest.ts',
      find: 'if (!isOfLaterClock(known, receivedAt)) continue;',
      replace: 'continue;',
    });
    expect((await readings(hour, broken)).latest).toMatchObject({ own: 3 * perPhase - 1, none: 2 * perPhase - 1 });
  });
});
