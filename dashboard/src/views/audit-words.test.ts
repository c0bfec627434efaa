import type { AuditEntry } from '@telltale/gateway/contract';
import { expect, test } from 'vitest';
import { whatOf, whoOf } from './audit-words.ts';

const line = (more: Partial<AuditEntry>): AuditEntry => ({
  id: 1,
  at: 0,
  action: 'command',
  what: 'queued',
  device: 'cold-room-1',
  by: null,
  from: null,
  reason: null,
  subject: 'c1',
  detail: null,
  ...more,
});
const said = (more: Partial<AuditEntry>) => `${whoOf(line(more))}: ${whatOf(line(more))}`;

test('a command is told from request to proof, with what was asked, sent and answered', () => {
  const asked = { cause: 'requested', name: 'setTarget', params: { value: 21 } };
  const expect21 = [{ metric: 'target', equals: 21, withinMs: 5_000 }];
  expect(said({ by: 'anna', detail: { ...asked, expect: expect21 } })).toBe(
    'anna: asked cold-room-1 for setTarget {"value":21}: done when target = 21',
  );
  const range = [{ metric: 't', min: 2, max: 4, withinMs: 1 }];
  expect(said({ by: 'anna/export', detail: { ...asked, expect: range } })).toBe(
    'anna: asked cold-room-1 for setTarget {"value":21}: done when t from 2 to 4',
  );
  expect(said({ what: 'sent', detail: asked })).toBe('The gateway: setTarget {"value":21} went out to cold-room-1');
  expect(said({ what: 'delivered', detail: { cause: 'delivered' } })).toBe('The gateway: cold-room-1 has the command');
  expect(said({ what: 'acknowledged', detail: { cause: 'answer', result: { now: 21 } } })).toBe(
    'cold-room-1: cold-room-1 answered that it has done it: {"now":21}',
  );
  expect(said({ what: 'rejected', detail: { cause: 'late-answer', error: 'stuck' } })).toBe(
    'cold-room-1: cold-room-1 refused: stuck',
  );
  const proof = [
    { metric: 'target', ts: 1, value: 18, met: false },
    { metric: 'door', ts: null, value: null, met: false },
  ];
  expect(said({ what: 'contradicted', detail: { cause: 'reading', proof } })).toBe(
    'The gateway: The readings of cold-room-1 show that it is not done: target = 18 and no door came',
  );
  // An answer after that is no second proof.
  expect(said({ what: 'verified', detail: { cause: 'late-answer', proof, result: { now: 21 }, error: null } })).toBe(
    'cold-room-1: cold-room-1 answered that it has done it: {"now":21}; its readings had shown before that it is done',
  );
  expect(said({ what: 'contradicted', detail: { cause: 'late-answer', proof, result: null, error: 'stuck' } })).toBe(
    'cold-room-1: cold-room-1 refused: stuck; its readings had shown before that it is not done',
  );
  expect(said({ what: 'cancelled', by: 'anna', detail: { cause: 'withdrawn' } })).toBe(
    'anna: withdrew the command to cold-room-1',
  );
  expect(said({ what: 'expired', detail: { cause: 'ttl' } })).toBe(
    'The gateway: The command to cold-room-1 expired before it was sent',
  );
});

test('what devices, tools and the gateway itself did is told, and what a request did not end', () => {
  const enrolled = { action: 'enrolment', subject: 'k1', detail: { key: 'spring' } } as const;
  expect(said({ ...enrolled, what: 'enrolled' })).toBe('cold-room-1: cold-room-1 enrolled with the key spring');
  expect(said({ ...enrolled, what: 'refused', device: null, subject: null })).toBe(
    'The gateway: A device was refused to enrol',
  );
  const tool = { action: 'tool', by: 'tool#root', device: null } as const;
  expect(said({ ...tool, what: 'token create', subject: 'ci' })).toBe('root on the machine: made the API token ci');
  const changed = [{ key: 'audit.keep' }, { key: 'http.port' }];
  expect(said({ action: 'config', what: 'changed', device: null, detail: { changed } })).toBe(
    'The gateway: The configuration is another since this start: audit.keep, http.port',
  );
  const gone = { action: 'rest', what: 'DELETE /devices/{id}', by: 'anna' } as const;
  expect(said(gone)).toBe('anna: deleted the device cold-room-1');
  expect(said({ ...gone, detail: { status: 503 } })).toBe('anna: deleted the device cold-room-1, not to the end');
});

test('what is long is cut, and a line of a later version is still told', () => {
  const long = whatOf(line({ by: 'anna', detail: { name: 'x', params: 'y'.repeat(5_000) } }));
  expect(long.length).toBeLessThan(150);
  expect(said({ what: 'paused' })).toBe('The gateway: Commands: paused, cold-room-1');
  expect(said({ action: 'lease', what: 'taken', by: 'anna' })).toBe('anna: took control of cold-room-1');
  expect(said({ action: 'rest', what: 'PUT /new/{id}', by: 'anna', device: null })).toBe(
    'anna: changed something: PUT /new/{id}',
  );
});

test('control, desired state, groups and types are told with what they are about', () => {
  const by = 'anna';
  const fields = { target: 21 };
  expect(said({ by, action: 'desired', what: 'set', detail: { version: 2, fields } })).toBe(
    'anna: set how cold-room-1 should be: {"target":21}',
  );
  expect(said({ by, action: 'lease', what: 'taken-over', detail: { holder: 'anna', before: 'ben' } })).toContain(
    'from ben',
  );
  const group = { action: 'group', device: null, detail: { name: 'stop', params: {}, total: 4 } } as const;
  expect(said({ ...group, by, what: 'made' })).toBe('anna: made a group of commands: stop to 4 devices');
  expect(said({ ...group, what: 'finished' })).toContain('The group of commands is finished: stop to 4 devices');
  const type = { action: 'command-type', device: null, subject: 'pump-stop' } as const;
  expect(said({ ...type, by, what: 'put' })).toBe('anna: made or changed the command type pump-stop');
  expect(said({ action: 'lease', what: 'frozen', by })).toBe('anna: Control of a device: frozen, cold-room-1');
});

test('people, devices and sign-ins are told by name', () => {
  const rest = { action: 'rest', by: 'admin', device: null } as const;
  expect(said({ ...rest, what: 'DELETE /users/{name}', subject: 'anna' })).toBe('admin: deleted the user anna');
  expect(said({ ...rest, what: 'POST /devices', device: 'pump' })).toBe('admin: added the device pump');
  const session = { action: 'session', device: null, subject: null } as const;
  expect(said({ ...session, what: 'sign-in', by: 'anna' })).toBe('anna: signed in');
  expect(said({ ...session, what: 'sign-in-refused', subject: 'anna', detail: { code: 'sign_in_failed' } })).toBe(
    'The gateway: A sign-in as anna was refused',
  );
});
