// Who may ask what: each route of the API and each frame of a viewer, with what it takes. A route that is not in here
// fails the test of rights.
import type { ClientFrame, Role, Void } from '../../src/contract/index.ts';
import type { Rest } from './gateway.ts';

/** Whose object is asked for: one in the limited users' scope, one outside of it, or one that is not there. */
export type Whose = 'mine' | 'theirs' | 'absent';
export const deviceOf: Record<Whose, string> = { mine: 'mine-7', theirs: 'theirs-7', absent: 'absent-7' };

export type Question = { path: string; json?: unknown; text?: string; headers?: Record<string, string> };

export type Rule = {
  /** The least role. */
  role: Role;
  /** Only for people who are signed in; `or` names the least role of a token that may all the same. */
  person?: { or: Role | null };
  /** Only for those who may see all devices. */
  all?: true;
  /** It names an object, so that what lies outside of a scope is not there. */
  object?: true;
  /** There may be one at a time. */
  alone?: true;
  /** What whoever may ask is answered. */
  passes: number;
  /** The question; what it needs is made by an administrator before. */
  ask: (whose: Whose, admin: Rest) => Question | Promise<Question>;
};

const admin = { role: 'administrator' } as const;
const operator = { role: 'operator' } as const;
const viewer = { role: 'viewer' } as const;
const person = { role: 'viewer', person: { or: null } } as const;

const device =
  (rest: string, json?: unknown) =>
  (whose: Whose): Question => ({ path: `/devices/${deviceOf[whose]}${rest}`, json });
const credential =
  (rest: string, json?: unknown) =>
  (whose: Whose): Question => ({ path: `/credentials/${deviceOf[whose]}${rest}`, json });
const desired = (whose: Whose): Question => ({
  ...device('/state/desired', { fields: { target: 4 } })(whose),
  headers: { 'If-Match': '*' },
});
const csv = { 'Content-Type': 'text/csv' };
const plain = (path: string, json?: unknown) => (): Question => ({ path, json });
const history = (whose: Whose): Question => ({ path: `/history?device=${deviceOf[whose]}&metric=t` });

let made = 0;
/** A name that nothing has yet. */
const fresh = (what: string) => `${what}-${++made}`;

/** A device that may be done away with. */
async function spare(rest: Rest): Promise<string> {
  const id = fresh('mine-spare');
  await rest.device(id);
  return id;
}

const takenOver = { takeOver: true, reason: 'my turn' };

async function freeLease(whose: Whose, by: Rest): Promise<Question> {
  const path = `/devices/${deviceOf[whose]}/lease`;
  await by.fetch(path, { method: 'DELETE' });
  return { path };
}

const command = (rest: string) => async (whose: Whose, by: Rest) => {
  if (whose === 'absent') return { path: `/commands/absent${rest}` };
  const request = { name: 'stop', ttlMs: 600_000 };
  const { id } = await by.post<{ id: string }>(`/devices/${deviceOf[whose]}/commands`, request);
  return { path: `/commands/${id}${rest}` };
};

const groupOf = (whose: Whose, ttlMs: number) => ({ devices: [deviceOf[whose]], name: 'stop', ttlMs });

/** A group of one device. Where its life is short it is over at once, so that no room is taken for long. */
const group =
  (rest: string, ttlMs = 100, json?: unknown) =>
  async (whose: Whose, by: Rest): Promise<Question> => {
    if (whose === 'absent') return { path: `/command-groups/absent${rest}`, json };
    const { id } = await by.post<{ id: string }>('/command-groups', groupOf(whose, ttlMs));
    return { path: `/command-groups/${id}${rest}`, json };
  };

const voidOf = (whose: Whose) => ({ device: deviceOf[whose], metric: 't', from: 1, to: 2, reason: 'probe in the sun' });

async function restore(whose: Whose, by: Rest): Promise<Question> {
  const json = { reason: 'it was right' };
  if (whose === 'absent') return { path: '/voids/absent/restore', json };
  const { id } = await by.post<Void>('/voids', voidOf(whose));
  return { path: `/voids/${id}/restore`, json };
}

const stream = (whose: Whose) => ({ subs: [{ sub: 's', device: [deviceOf[whose]] }] });

/** A type for that device alone, which has the same id. */
const commandType = async (whose: Whose, by: Rest) => {
  const path = `/command-types/${deviceOf[whose]}`;
  const json = { name: 'lamp', devices: [deviceOf[whose]] };
  if (whose !== 'absent') await by.fetch(path, { method: 'PUT', body: JSON.stringify(json) });
  return { path };
};

/** By method and path as the OpenAPI document has them. */
export const routes: Record<string, Rule | 'open'> = {
  'POST /session': 'open',
  'GET /session': { ...viewer, passes: 200, ask: plain('/session') },
  // Asked with a session that is there for this alone: see the test.
  'DELETE /session': { ...viewer, passes: 204, ask: plain('/session') },
  // Passwords are slow to check: that the question itself is looked at shows that it may be asked.
  'PUT /session/password': { ...person, passes: 400, ask: plain('/session/password', {}) },
  'GET /session/totp': { ...person, passes: 200, ask: plain('/session/totp') },
  'POST /session/totp': { ...person, passes: 400, ask: plain('/session/totp', {}) },
  'POST /session/totp/confirm': { ...person, passes: 422, ask: plain('/session/totp/confirm', { totp: '123456' }) },
  'POST /session/totp/remove': { ...person, passes: 400, ask: plain('/session/totp/remove', {}) },

  'GET /sessions': { ...person, passes: 200, ask: plain('/sessions') },
  'DELETE /sessions': { ...person, passes: 204, ask: plain('/sessions') },
  'DELETE /sessions/{id}': { ...person, passes: 404, ask: plain('/sessions/another-s') },
  'GET /tokens': { ...viewer, person: { or: 'administrator' }, passes: 200, ask: plain('/tokens') },
  'POST /tokens': {
    ...viewer,
    person: { or: 'administrator' },
    passes: 201,
    ask: plain('/tokens', { name: 'export', role: 'viewer' }),
  },
  'DELETE /tokens/{id}': { ...viewer, person: { or: 'administrator' }, passes: 404, ask: plain('/tokens/absent') },

  'GET /users': { ...admin, passes: 200, ask: plain('/users') },
  'POST /users': { ...admin, passes: 400, ask: plain('/users', {}) },
  'GET /users/{name}': { ...admin, passes: 200, ask: plain('/users/admin') },
  'PATCH /users/{name}': { ...admin, passes: 404, ask: plain('/users/absent', {}) },
  'DELETE /users/{name}': { ...admin, passes: 404, ask: plain('/users/absent') },
  'POST /users/{name}/password': { ...admin, passes: 404, ask: plain('/users/absent/password') },
  'DELETE /users/{name}/totp': { ...admin, passes: 404, ask: plain('/users/absent/totp') },
  'GET /users/{name}/sessions': { ...admin, passes: 200, ask: plain('/users/admin/sessions') },
  'DELETE /users/{name}/sessions': { ...admin, passes: 404, ask: plain('/users/absent/sessions') },
  'DELETE /users/{name}/sessions/{id}': { ...admin, passes: 404, ask: plain('/users/admin/sessions/absent') },

  'GET /devices': { ...viewer, passes: 200, ask: plain('/devices?limit=1000') },
  'POST /devices': { ...admin, passes: 201, ask: () => ({ path: '/devices', json: { id: fresh('mine-new') } }) },
  'GET /devices/{id}': { ...viewer, object: true, passes: 200, ask: device('') },
  'PATCH /devices/{id}': { ...admin, object: true, passes: 200, ask: device('', { name: 'pump' }) },
  'DELETE /devices/{id}': { ...admin, passes: 204, ask: async (_, by) => ({ path: `/devices/${await spare(by)}` }) },
  'POST /devices/{id}/secret': { ...admin, object: true, passes: 200, ask: device('/secret') },
  'DELETE /devices/{id}/secret/previous': { ...admin, object: true, passes: 204, ask: device('/secret/previous') },
  'GET /devices/{id}/connections': { ...operator, object: true, passes: 200, ask: device('/connections') },
  'POST /devices/bulk': { ...admin, passes: 200, ask: () => ({ path: '/devices/bulk', text: 'id\n', headers: csv }) },
  'GET /devices/{id}/state': { ...viewer, object: true, passes: 200, ask: device('/state') },
  'GET /devices/{id}/state/history': { ...viewer, object: true, passes: 200, ask: device('/state/history') },
  'PATCH /devices/{id}/state/desired': { ...operator, object: true, passes: 200, ask: desired },
  'PUT /devices/{id}/state/desired': { ...operator, object: true, passes: 200, ask: desired },
  'GET /devices/{id}/latest': { ...viewer, object: true, passes: 200, ask: device('/latest') },

  'GET /devices/{id}/control': { ...viewer, object: true, passes: 200, ask: device('/control') },
  'PUT /devices/{id}/lease': { ...operator, object: true, passes: 200, ask: device('/lease', takenOver) },
  // Of nobody's lease, which is what commands further down need, too.
  'DELETE /devices/{id}/lease': { ...operator, object: true, passes: 204, ask: freeLease },

  'GET /credentials': { ...admin, passes: 200, ask: plain('/credentials') },
  'POST /credentials': {
    ...admin,
    passes: 201,
    ask: () => ({ path: '/credentials', json: { name: fresh('mine-gateway'), devices: ['mine-*'] } }),
  },
  'GET /credentials/{name}': { ...admin, object: true, passes: 200, ask: credential('') },
  'PATCH /credentials/{name}': { ...admin, object: true, passes: 200, ask: credential('', {}) },
  'DELETE /credentials/{name}': {
    ...admin,
    passes: 204,
    ask: async (_, by) => ({ path: `/credentials/${await spare(by)}` }),
  },
  'POST /credentials/{name}/secret': { ...admin, object: true, passes: 200, ask: credential('/secret') },
  'DELETE /credentials/{name}/secret/previous': {
    ...admin,
    object: true,
    passes: 204,
    ask: credential('/secret/previous'),
  },
  'GET /credentials/{name}/connections': { ...admin, object: true, passes: 200, ask: credential('/connections') },
  'GET /enrolment-keys': { ...admin, passes: 200, ask: plain('/enrolment-keys') },
  'POST /enrolment-keys': {
    ...admin,
    passes: 201,
    ask: plain('/enrolment-keys', { name: 'May', devices: ['mine-*'], usesMax: 1, expiresAt: 8.64e15 }),
  },
  'DELETE /enrolment-keys/{id}': { ...admin, passes: 404, ask: plain('/enrolment-keys/absent') },
  // The key is what signs a device in.
  'POST /enrol': 'open',

  'GET /history': { ...viewer, object: true, passes: 200, ask: history },
  'POST /voids': { ...operator, object: true, passes: 201, ask: whose => ({ path: '/voids', json: voidOf(whose) }) },
  'GET /voids': { ...viewer, passes: 200, ask: plain('/voids?limit=1000') },
  'POST /voids/{id}/restore': { ...operator, object: true, passes: 200, ask: restore },
  'GET /storage': { ...viewer, passes: 200, ask: plain('/storage') },
  'GET /storage/series': { ...viewer, passes: 200, ask: plain('/storage/series?limit=1000') },
  'GET /dead-letters': { ...admin, passes: 200, ask: plain('/dead-letters') },
  'GET /audit': { ...operator, passes: 200, ask: plain('/audit?limit=1000') },
  'GET /backup': { ...admin, alone: true, passes: 200, ask: plain('/backup') },
  'POST /import': {
    ...admin,
    passes: 200,
    ask: () => ({ path: '/import', text: 'time,device,metric,value\n', headers: csv }),
  },
  'GET /export': { ...viewer, passes: 200, ask: plain('/export') },

  'POST /devices/{id}/commands': {
    ...operator,
    object: true,
    passes: 202,
    ask: device('/commands', { name: 'stop', ttlMs: 600_000 }),
  },
  'GET /commands': { ...viewer, passes: 200, ask: plain('/commands?limit=1000') },
  'GET /commands/{id}': { ...viewer, object: true, passes: 200, ask: command('') },
  // Nobody had to agree: that shows that it may be asked.
  'POST /commands/{id}/approve': {
    ...operator,
    person: { or: null },
    object: true,
    passes: 422,
    ask: async (whose, by) => command('/approve')(whose, by),
  },
  'POST /commands/{id}/cancel': { ...operator, object: true, passes: 200, ask: command('/cancel') },

  'GET /command-types': { ...viewer, passes: 200, ask: plain('/command-types?limit=1000') },
  'GET /command-types/{id}': { ...viewer, object: true, passes: 200, ask: commandType },
  'PUT /command-types/{id}': { ...admin, passes: 200, ask: plain('/command-types/lamp', { name: 'lamp' }) },
  'DELETE /command-types/{id}': { ...admin, passes: 404, ask: plain('/command-types/absent') },
  'POST /command-types/preview': { ...admin, passes: 200, ask: plain('/command-types/preview', {}) },
  'GET /devices/{id}/command-types': { ...viewer, object: true, passes: 200, ask: device('/command-types') },
  'POST /command-groups/preview': {
    ...operator,
    passes: 200,
    ask: plain('/command-groups/preview', { devices: [deviceOf.mine, deviceOf.theirs] }),
  },
  'POST /command-groups': {
    ...operator,
    passes: 202,
    ask: () => ({ path: '/command-groups', json: { ...groupOf('mine', 100), tags: [] } }),
  },
  'GET /command-groups': { ...viewer, passes: 200, ask: plain('/command-groups?limit=100') },
  'GET /command-groups/{id}': { ...viewer, object: true, passes: 200, ask: group('') },
  'GET /command-groups/{id}/commands': { ...viewer, object: true, passes: 200, ask: group('/commands') },
  'POST /command-groups/{id}/stop': { ...operator, object: true, passes: 200, ask: group('/stop', 30_000, {}) },
  // None of them waits for anybody.
  'POST /command-groups/{id}/approve': {
    ...operator,
    person: { or: null },
    object: true,
    passes: 422,
    ask: group('/approve'),
  },

  'POST /ticket': { ...viewer, passes: 201, ask: plain('/ticket') },
  // What they bring is looked at in the test of live views.
  'GET /stream': { ...viewer, passes: 200, ask: whose => ({ path: `/stream?device=${deviceOf[whose]}` }) },
  'POST /stream': { ...viewer, passes: 200, ask: whose => ({ path: '/stream', json: stream(whose) }) },
  'GET /log': { ...viewer, passes: 200, ask: whose => ({ path: `/log?wait=0&device=${deviceOf[whose]}` }) },
  'POST /log': { ...viewer, passes: 200, ask: whose => ({ path: '/log?wait=0', json: stream(whose) }) },
};

/** Beside the document, by method and whole path. */
export const otherRoutes: Record<string, Rule | 'open'> = {
  'GET /livez': 'open',
  'GET /readyz': 'open',
  'GET /api/v1/openapi.json': 'open',
  'GET /api/v1/asyncapi.json': 'open',
  'GET /metrics': { ...viewer, all: true, passes: 200, ask: plain('/metrics') },
};

export type FrameRule = {
  role: Role;
  object?: true;
  frame: (whose: Whose, id: number) => ClientFrame;
};

/** By type, the frames of a viewer. */
export const frames: Record<ClientFrame['t'], FrameRule> = {
  // Patterns of what one may not see fit nothing.
  sub: { ...viewer, frame: (whose, id) => ({ t: 'sub', id, sub: `s${id}`, device: [deviceOf[whose]] }) },
  unsub: { ...viewer, frame: (_, id) => ({ t: 'unsub', id, sub: 'x' }) },
  cmd: {
    ...operator,
    object: true,
    frame: (whose, id) => ({ t: 'cmd', id, device: deviceOf[whose], name: 'stop', ttlMs: 600_000 }),
  },
  desired: {
    ...operator,
    object: true,
    frame: (whose, id) => ({ t: 'desired', id, device: deviceOf[whose], fields: { target: 4 }, version: '*' }),
  },
  ping: { ...viewer, frame: (_, id) => ({ t: 'ping', id }) },
};
