// Groups of commands over a whole gateway: devices that do it, that refuse, and that are away.
import { expect, test } from 'vitest';
import {
  type AuditPage,
  type Command,
  type CommandGroup,
  type GroupPage,
  type GroupPreview,
  limits,
  type Page,
  type Problem,
} from '../src/contract/index.ts';
import { gatewayHere, gatewayProgram, newFolder, type Rest, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { newUser, sessionOf } from './instruments/people.ts';
import { TestViewer } from './instruments/viewer.ts';

type Fleet = Pick<TestGateway, 'mqttPort' | 'rest'>;
const yes = '{"ok":true}';
const no = '{"ok":false,"error":"valve is stuck"}';

/** Connects a device that answers each command so; null never answers. Returns the ids of the commands it was given. */
async function answering(
  { mqttPort }: Fleet,
  device: string,
  secret: string,
  answer: string | null,
): Promise<string[]> {
  const given: string[] = [];
  const wire = await Wire.connect(mqttPort, { user: device, secret, id: device });
  await wire.subscribe(`devices/${device}/commands/+`);
  const serve = async () => {
    for (;;) {
      const { topic } = await wire.message();
      given.push(topic.split('/').at(-1) ?? '');
      if (answer !== null) await wire.publish(`${topic}/result`, answer);
    }
  };
  serve().catch(() => {});
  return given;
}

const get = (rest: Rest, id: string) => rest.get<CommandGroup>(`/command-groups/${id}`);

/** The group once it is so far. */
async function once(rest: Rest, id: string, far: (group: CommandGroup) => boolean): Promise<CommandGroup> {
  let group: CommandGroup | undefined;
  await expect
    .poll(
      async () => {
        group = await get(rest, id);
        return far(group);
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  return group as CommandGroup;
}

const over = (rest: Rest, id: string) => once(rest, id, ({ state }) => state === 'finished' || state === 'stopped');

test('[CMD-10] one command goes to many devices, and what became of each is counted: done, refused, expired', async () => {
  const gateway = await gatewayHere();
  const { http, rest } = gateway;
  const given = new Map<string, string[]>();
  for (const id of ['p1', 'p2', 'p3', 'p4', 'p5', 'other']) {
    const secret = await rest.device(id);
    // p5 is away.
    if (id !== 'p5') given.set(id, await answering(gateway, id, secret, id === 'p2' ? no : yes));
  }
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 'w' });
  await viewer.frame('snap');
  expect(await rest.post<GroupPreview>('/command-groups/preview', { devices: ['p*'] })).toEqual({
    total: 5,
    devices: ['p1', 'p2', 'p3', 'p4', 'p5'],
  });
  const made = await rest.post<CommandGroup>('/command-groups', {
    devices: ['p*'],
    name: 'open',
    params: { by: 3 },
    ttlMs: 500,
    reason: 'spring',
    concurrency: 2,
    failuresMax: 2,
    confirm: '5',
  });
  expect(made).toMatchObject({ state: 'running', total: 5, by: 'test-administrator', reason: 'spring' });
  const group = await over(rest, made.id);
  await viewer.frame('event', event => event.kind === 'command' && event.device === 'p5' && event.state === 'expired');
  const told = viewer.of('event').filter(event => event.kind === 'command' && event.group === made.id);
  expect(told.length).toBeGreaterThan(8);
  expect(group).toMatchObject({ state: 'finished', counts: { acknowledged: 3, rejected: 1, expired: 1 } });
  expect([...given].map(([id, ids]) => [id, ids.length])).toEqual([
    ['p1', 1],
    ['p2', 1],
    ['p3', 1],
    ['p4', 1],
    ['other', 0],
  ]);

  const all = await rest.get<Page<Command>>(`/command-groups/${made.id}/commands?limit=3`);
  const rest_ = await rest.get<Page<Command>>(`/command-groups/${made.id}/commands?limit=3&cursor=${all.next}`);
  expect([...all.items, ...rest_.items].map(({ device }) => device).sort()).toEqual(['p1', 'p2', 'p3', 'p4', 'p5']);
  const failed = await rest.get<Page<Command>>(`/command-groups/${made.id}/commands?failed=true`);
  expect(failed.items.map(({ device, state, error }) => [device, state, error]).sort()).toEqual([
    ['p2', 'rejected', 'valve is stuck'],
    ['p5', 'expired', null],
  ]);
  expect((await rest.get<GroupPage>('/command-groups')).items).toEqual([group]);
  const { items: lines } = await rest.get<AuditPage>(`/audit?action=group&subject=${made.id}`);
  expect(lines.map(({ what, by, reason, detail }) => ({ what, by, reason, detail }))).toMatchObject([
    { what: 'finished', by: null, detail: { name: 'open', counts: group.counts } },
    { what: 'made', by: 'test-administrator', reason: 'spring', detail: { target: { devices: ['p*'] }, total: 5 } },
  ]);
});

test('[CMD-10] a group stops when too many refuse, and tells', async () => {
  const gateway = await gatewayHere();
  const { rest } = gateway;
  for (let device = 1; device <= 6; device++) {
    const id = `p${device}`;
    await answering(gateway, id, await rest.device(id), no);
  }
  const { id } = await rest.post<CommandGroup>('/command-groups', { devices: ['*'], name: 'open', concurrency: 1 });
  expect(await over(rest, id)).toMatchObject({
    state: 'stopped',
    stopped: 'failures',
    failuresMax: 1,
    counts: { rejected: 2, pending: 4 },
  });
  expect((await rest.fetch(`/command-groups/${id}/stop`, { method: 'POST' })).status).toBe(422);
});

test('[CMD-10] killed in the middle, a group goes on after the restart, and no device is asked twice', async () => {
  const dir = newFolder();
  const first = await gatewayProgram(dir);
  const devices = ['p1', 'p2', 'p3', 'p4', 'p5'];
  const secrets = new Map<string, string>();
  for (const id of devices) secrets.set(id, await first.rest.device(id));
  const one = await answering(first, 'p1', secrets.get('p1') ?? '', yes);
  // p2 is away: with one at a time the group waits for it.
  const key = { 'Idempotency-Key': 'k' };
  const ask = { devices: ['p*'], name: 'open', ttlMs: 600_000, concurrency: 1 };
  const { id } = await first.rest.post<CommandGroup>('/command-groups', ask, key);
  await once(first.rest, id, ({ counts }) => counts.queued === 1);
  await first.kill('SIGKILL');

  const second = await gatewayProgram(dir);
  expect((await second.rest.post<CommandGroup>('/command-groups', ask, key)).id).toBe(id);
  expect(await get(second.rest, id)).toMatchObject({ counts: { acknowledged: 1, queued: 1, pending: 3 } });
  const given = [];
  for (const device of devices) given.push(await answering(second, device, secrets.get(device) ?? '', yes));
  expect(await over(second.rest, id)).toMatchObject({ state: 'finished', counts: { acknowledged: 5 } });
  expect([one.length, ...given.map(ids => ids.length)]).toEqual([1, 0, 1, 1, 1, 1]);
}, 60_000);

test('[CMD-10] killed while answers come in, its counts are those of the ledger, and what is unknown has not failed', async () => {
  const dir = newFolder();
  const first = await gatewayProgram(dir);
  const devices = Array.from({ length: 12 }, (_, i) => `p${i + 10}`);
  const secrets = await Promise.all(devices.map(id => first.rest.device(id)));
  const connectAll = ({ mqttPort }: Fleet) =>
    Promise.all(devices.map((id, i) => Wire.connect(mqttPort, { user: id, secret: secrets[i] ?? '', id })));
  const wires = await connectAll(first);
  await Promise.all(wires.map((wire, i) => wire.subscribe(`devices/${devices[i]}/commands/+`)));
  const ask = { devices: ['p*'], name: 'open', ttlMs: 600_000, concurrency: 12, failuresMax: 0 };
  const { id } = await first.rest.post<CommandGroup>('/command-groups', ask);
  const topics = await Promise.all(wires.map(async wire => (await wire.message()).topic));
  await first.kill('SIGKILL');

  const second = await gatewayProgram(dir);
  expect(await get(second.rest, id)).toMatchObject({ state: 'running', counts: { unknown: 12 } });
  let taken = 0;
  const answer = async (wire: Wire, i: number) => {
    await wire.publish(`${topics[i]}/result`, yes);
    if (++taken === 4) await second.kill('SIGKILL');
  };
  await Promise.allSettled((await connectAll(second)).map(answer));

  const third = await gatewayProgram(dir);
  const { counts } = await get(third.rest, id);
  const { items } = await third.rest.get<Page<Command>>(`/command-groups/${id}/commands?limit=12`);
  const acknowledged = items.filter(({ state }) => state === 'acknowledged').length;
  expect(counts.acknowledged).toBe(acknowledged);
  expect(acknowledged).toBeGreaterThanOrEqual(4);
  await Promise.all((await connectAll(third)).map((wire, i) => wire.publish(`${topics[i]}/result`, yes)));
  expect(await over(third.rest, id)).toMatchObject({ state: 'finished', counts: { acknowledged: 12 } });
}, 120_000);

test('[CMD-10] a device that has as many open commands as it may have is not refused: the group waits for it', async () => {
  const gateway = await gatewayHere(['store.commitIntervalMs=0']);
  const { rest } = gateway;
  for (const id of ['p1', 'p2']) await rest.device(id);
  const waiting = { name: 'open', ttlMs: 600_000 };
  const queued = await Promise.all(
    Array.from({ length: limits.commandsPerDeviceMax }, () => rest.post<Command>('/devices/p1/commands', waiting)),
  );
  const { id } = await rest.post<CommandGroup>('/command-groups', { devices: ['p*'], ...waiting, failuresMax: 0 });
  await once(rest, id, ({ counts }) => counts.queued === 1);
  expect(await get(rest, id)).toMatchObject({ state: 'running', counts: { pending: 1, queued: 1 } });
  await rest.post(`/commands/${queued[0]?.id}/cancel`);
  await once(rest, id, ({ counts }) => counts.queued === 2);
});

test('[CMD-10] [ACC-6] what is outside of one’s scope is not among its devices, and a group with such a device is not seen', async () => {
  const gateway = await gatewayHere();
  const { rest } = gateway;
  for (const id of ['mine-1', 'theirs-1', 'tagged']) await rest.device(id);
  await rest.fetch('/devices/tagged', { method: 'PATCH', body: JSON.stringify({ tags: ['cold'] }) });
  const ada = await newUser(gateway, 'ada', 'operator', { devices: ['mine-*'], tags: ['cold'] });
  const all = { devices: ['*'], name: 'open', ttlMs: 600_000 };
  expect(await ada.rest.post('/command-groups/preview', { tags: ['cold'] })).toEqual({ total: 1, devices: ['tagged'] });
  const hers = await ada.rest.post<CommandGroup>('/command-groups', all);
  const everybody = await rest.post<CommandGroup>('/command-groups', all);
  expect([hers.total, everybody.total]).toEqual([2, 3]);
  const listed = (await ada.rest.get<GroupPage>('/command-groups')).items.map(({ id }) => id);
  expect(listed).toEqual([hers.id]);
  for (const [path, method] of [
    ['', 'GET'],
    ['/commands', 'GET'],
    ['/stop', 'POST'],
  ] as const) {
    expect((await ada.rest.fetch(`/command-groups/${everybody.id}${path}`, { method })).status).toBe(404);
  }
  const nothing = await ada.rest.fetch('/command-groups', {
    method: 'POST',
    body: JSON.stringify({ ...all, devices: ['theirs-*'] }),
  });
  expect([nothing.status, ((await nothing.json()) as Problem).detail]).toEqual([
    422,
    'no device fits; expected at least one',
  ]);
  const stopped = await ada.rest.post<CommandGroup>(`/command-groups/${hers.id}/stop`, { reason: 'wrong' });
  expect(stopped).toMatchObject({ state: 'stopped', stopped: 'withdrawn' });
});

test('[CMD-10] [ACC-6] a group does not vanish for who asked for it where a device leaves the scope: it is counted and not named', async () => {
  const gateway = await gatewayHere();
  const { rest } = gateway;
  const scope = { devices: [], tags: ['cold'] };
  const tag = (id: string, ...tags: string[]) =>
    rest.fetch(`/devices/${id}`, { method: 'PATCH', body: JSON.stringify({ tags }) });
  for (const id of ['p1', 'p2', 'p3', 'p4']) {
    await rest.device(id);
    await tag(id, 'cold');
  }
  const ada = await newUser(gateway, 'ada', 'operator', scope);
  const bob = await newUser(gateway, 'bob', 'operator', scope);
  // Two of them the gateway refuses, for somebody else has them.
  for (const id of ['p3', 'p4']) await bob.rest.fetch(`/devices/${id}/lease`, { method: 'PUT', body: '{}' });
  const ask = { tags: ['cold'], name: 'open', ttlMs: 600_000, failuresMax: 4 };
  const key = { 'Idempotency-Key': 'k' };
  const { id } = await ada.rest.post<CommandGroup>('/command-groups', ask, key);
  await once(rest, id, ({ counts }) => counts.refused === 2 && counts.queued === 2);
  expect((await get(bob.rest, id)).total).toBe(4);
  await tag('p1');
  await tag('p4');

  const hers = await get(sessionOf(gateway, 'ada').rest, id);
  expect(hers).toMatchObject({ total: 4, counts: { queued: 2, refused: 2 }, refusals: [{ device: 'p3' }] });
  expect((await ada.rest.get<GroupPage>('/command-groups')).items).toEqual([hers]);
  expect(await ada.rest.post('/command-groups', ask, key)).toEqual(hers);
  const named = await ada.rest.get<Page<Command>>(`/command-groups/${id}/commands`);
  expect(named.items.map(({ device }) => device)).toEqual(['p2']);
  // To whom it is not their own it is not there.
  expect((await bob.rest.fetch(`/command-groups/${id}`)).status).toBe(404);
  expect((await bob.rest.get<GroupPage>('/command-groups')).items).toEqual([]);
  const stopped = await ada.rest.post<CommandGroup>(`/command-groups/${id}/stop`);
  expect([stopped.state, stopped.refusals.length]).toEqual(['stopped', 1]);
  // Who sees none of its devices any more sees nothing of it.
  for (const device of ['p2', 'p3']) await tag(device);
  expect((await ada.rest.fetch(`/command-groups/${id}`)).status).toBe(404);
});

test('[CMD-10] [CMD-11] a device that somebody else has for himself is refused, with who has it, until when and why; one’s own is not', async () => {
  const gateway = await gatewayHere();
  const { rest } = gateway;
  for (const id of ['p1', 'p2', 'p3']) await answering(gateway, id, await rest.device(id), yes);
  const ada = await newUser(gateway, 'ada', 'operator');
  const bob = await newUser(gateway, 'bob', 'operator');
  const lease = (by: Rest, id: string, reason: string) =>
    by.fetch(`/devices/${id}/lease`, { method: 'PUT', body: JSON.stringify({ reason }) });
  await lease(bob.rest, 'p2', 'calibration');
  await lease(ada.rest, 'p3', 'mine');
  const { id } = await ada.rest.post<CommandGroup>('/command-groups', { devices: ['p*'], name: 'open' });
  const group = await over(rest, id);
  expect(group).toMatchObject({
    state: 'finished',
    counts: { acknowledged: 2, refused: 1 },
    refusals: [{ device: 'p2', error: expect.stringMatching(/bob controls it until \d{4}-.* \(calibration\)/) }],
  });
  // It counts as one that did not work.
  const strict = { devices: ['p*'], name: 'open', failuresMax: 0, concurrency: 1 };
  const next = await ada.rest.post<CommandGroup>('/command-groups', strict);
  expect(await over(rest, next.id)).toMatchObject({ stopped: 'failures', counts: { refused: 1, pending: 1 } });
});

test('[CMD-10] what fits one type and not another of the same name is said before anything is asked, device by device', async () => {
  const gateway = await gatewayHere();
  const { rest } = gateway;
  for (const id of ['fan-1', 'pump-1', 'pump-2', 'valve-1']) await rest.device(id);
  const speed = (maximum: number) => ({
    name: 'setSpeed',
    params: { type: 'object', properties: { rpm: { type: 'integer', maximum } }, required: ['rpm'] },
  });
  const put = (id: string, type: object) =>
    rest.fetch(`/command-types/${id}`, { method: 'PUT', body: JSON.stringify(type) });
  await put('fan', { ...speed(3_000), devices: ['fan-*'], secondPerson: true });
  await put('pump', { ...speed(200), devices: ['pump-*'], danger: 'danger' });
  const ask = (rpm: number, more: object = {}) =>
    rest.fetch('/command-groups', {
      method: 'POST',
      body: JSON.stringify({ devices: ['*'], name: 'setSpeed', params: { rpm }, ttlMs: 600_000, ...more }),
    });
  const refused = (await (await ask(1_000)).json()) as Problem;
  expect(refused).toMatchObject({ status: 422, code: 'params_refused' });
  expect(refused.detail).toMatch(/^pump-1, pump-2: params\.rpm: expected .*200, got 1000$/);
  expect(refused.errors).toMatchObject([{ where: 'params.rpm', got: '1000' }]);
  const unconfirmed = (await (await ask(100)).json()) as Problem;
  expect(unconfirmed).toMatchObject({ code: 'confirm_needed', errors: [{ where: 'confirm' }, { where: 'reason' }] });
  expect((await rest.get<GroupPage>('/command-groups')).items).toEqual([]);
  // Confirmed by how many they are, and the fan’s second person is everybody’s.
  const made = (await (await ask(100, { confirm: '4', reason: 'night' })).json()) as CommandGroup;
  expect(made).toMatchObject({ state: 'waiting', total: 4, counts: { pending: 4 } });
  const bob = await newUser(gateway, 'bob', 'operator');
  await bob.rest.post(`/command-groups/${made.id}/approve`);
  await once(rest, made.id, ({ counts }) => counts.queued === 4);
  const { items } = await rest.get<Page<Command>>(`/command-groups/${made.id}/commands`);
  expect(items.map(({ type, needsApproval }) => [type, needsApproval])).toEqual([
    [null, false],
    ['pump', false],
    ['pump', false],
    ['fan', false],
  ]);
});

test('[CMD-10] [ACC-6] an idempotency key does not bring back a group that is outside of what one sees by now', async () => {
  const gateway = await gatewayHere();
  const { rest } = gateway;
  for (const id of ['mine-1', 'theirs-1']) await rest.device(id);
  const wide = await newUser(gateway, 'ada', 'operator', { devices: ['*'], tags: [] });
  const ask = { devices: ['*'], name: 'open', ttlMs: 600_000 };
  const key = { 'Idempotency-Key': 'k' };
  const { id } = await wide.rest.post<CommandGroup>('/command-groups', ask, key);
  expect((await wide.rest.post<CommandGroup>('/command-groups', ask, key)).id).toBe(id);
  const scope = { devices: ['others-*'], tags: [] };
  await rest.fetch('/users/ada', { method: 'PATCH', body: JSON.stringify({ scope }) });
  const narrow = sessionOf(gateway, 'ada').rest;
  const again = await narrow.fetch('/command-groups', { method: 'POST', body: JSON.stringify(ask), headers: key });
  expect([again.status, ((await again.json()) as Problem).detail]).toEqual([
    409,
    'the idempotency key was used for another group',
  ]);
});

test('[CMD-10] the number that was seen beforehand is the number that is asked, or none is', async () => {
  const { rest } = await gatewayHere();
  for (const id of ['p1', 'p2']) await rest.device(id);
  const ask = (confirm: string) =>
    rest.fetch('/command-groups', { method: 'POST', body: JSON.stringify({ devices: ['*'], name: 'open', confirm }) });
  const refused = await ask('3');
  expect([refused.status, ((await refused.json()) as Problem).code]).toEqual([422, 'confirm_needed']);
  expect((await rest.get<GroupPage>('/command-groups')).items).toEqual([]);
  expect((await ask('2')).status).toBe(202);
});
