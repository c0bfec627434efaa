// Groups of commands over a whole gateway: devices that do it, that refuse, and that are away.
import { expect, test } from 'vitest';
import type {
  AuditPage,
  Command,
  CommandGroup,
  GroupPage,
  GroupPreview,
  Page,
  Problem,
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

test('[CMD-10] [ACC-6] an idempotency key does not bring back a group that is outside of what one sees by now', async () => {
  const gateway = await gatewayHere();
  const { rest } = gateway;
  for (const id of ['mine-1', 'theirs-1']) await rest.device(id);
  const wide = await newUser(gateway, 'ada', 'operator', { devices: ['*'], tags: [] });
  const ask = { devices: ['*'], name: 'open', ttlMs: 600_000 };
  const key = { 'Idempotency-Key': 'k' };
  const { id } = await wide.rest.post<CommandGroup>('/command-groups', ask, key);
  expect((await wide.rest.post<CommandGroup>('/command-groups', ask, key)).id).toBe(id);
  const scope = { devices: ['mine-*'], tags: [] };
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
