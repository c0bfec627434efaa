import { expect, test } from 'vitest';
import { ManualClock } from '../test/instruments/manual-clock.ts';
import { AuditWriter } from './audit-writer.ts';
import { type AuditNote, limits, Refusal } from './contract/index.ts';
import { makeLeases } from './control-ports.ts';

const note: AuditNote = {
  action: 'rest',
  what: 'POST /devices',
  device: 'a',
  by: 'ada',
  from: null,
  reason: null,
  subject: null,
  detail: null,
};
const turn = () => new Promise(resolve => setImmediate(resolve));

test('[CMD-12] lines that cannot be written are counted: a full disk, and more than may wait', async () => {
  const waiting: ((refused: boolean) => void)[] = [];
  const written: unknown[] = [];
  const write = (effects: unknown[]) => {
    written.push(...effects);
    return new Promise<void>((resolve, reject) => {
      waiting.push(refused => (refused ? reject(new Refusal('store_full')) : resolve()));
    });
  };
  const audit = new AuditWriter({ now: () => 7 }, { write });
  for (let i = 0; i < limits.auditLinesWaitingMax + 3; i++) audit.note(note);
  expect(written).toHaveLength(limits.auditLinesWaitingMax);
  expect(written[0]).toEqual([
    'audit.add',
    7,
    'rest',
    'a',
    'ada',
    null,
    '{"what":"POST /devices","from":null,"reason":null,"detail":null}',
  ]);
  expect(audit.counters).toEqual({ lines: 0, lost: 3 });
  for (const [i, settle] of waiting.splice(0).entries()) settle(i < 5);
  await turn();
  expect(audit.counters).toEqual({ lines: limits.auditLinesWaitingMax - 5, lost: 8 });
  audit.note(note);
  expect(waiting).toHaveLength(1);
});

test('[CMD-11] [CMD-12] a lease that is taken while nothing can be written is counted, too', async () => {
  const clock = new ManualClock(7);
  const audit = new AuditWriter(clock, { write: () => Promise.reject(new Refusal('store_full')) });
  const live = { controlChanged() {} } as unknown as Parameters<typeof makeLeases>[0]['live'];
  const leases = makeLeases({ audit, clock, live });
  leases.take('a', {}, { by: 'ada', from: '::1' });
  leases.release('a', { by: 'ada', from: '::1' });
  leases.close();
  await turn();
  expect(audit.counters).toEqual({ lines: 0, lost: 2 });
});
