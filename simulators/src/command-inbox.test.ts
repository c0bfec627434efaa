import { expect, test } from 'vitest';
import { CommandInbox, type InboxPorts } from './command-inbox.ts';
import { type Conduct, goodConduct } from './faults/fault.ts';

const order = (name: string, expiresAt = 2_000, params: unknown = {}) => JSON.stringify({ name, params, expiresAt });

/** An inbox on a clock that the test moves, and all that it did. */
function create(conduct: Partial<Conduct> = {}) {
  const performed: [string, unknown][] = [];
  const answers: [at: number, id: string, answer: unknown][] = [];
  const cuts: number[] = [];
  const putOff: { at: number; task: () => void }[] = [];
  const counts = { first: 0, repeated: 0, shown: 0 };
  let nowMs = 1_000;
  const ports: InboxPorts = {
    conduct: () => ({ ...goodConduct, ...conduct }),
    perform(name, params) {
      performed.push([name, params]);
      return { ok: true, result: performed.length };
    },
    now: () => nowMs,
    later: (afterMs, task) => void putOff.push({ at: nowMs + afterMs, task }),
    answer: (id, answer) => void answers.push([nowMs, id, JSON.parse(answer)]),
    carriedOut: () => void counts.shown++,
    cut: awayMs => void cuts.push(awayMs),
    counted: repeated => void counts[repeated ? 'repeated' : 'first']++,
  };
  const pass = (ms: number) => {
    const until = nowMs + ms;
    for (;;) {
      const due = putOff.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      putOff.splice(putOff.indexOf(due), 1);
      nowMs = due.at;
      due.task();
    }
    nowMs = until;
  };
  return { inbox: new CommandInbox(ports), performed, answers, cuts, counts, pass };
}

const ok = (result: number) => ({ ok: true, result });

test('a command that arrives twice is carried out once, and answered the same', () => {
  const { inbox, performed, answers, counts, pass } = create();
  inbox.take('c1', order('start', 2_000, { a: 1 }));
  pass(5_000);
  inbox.take('c1', order('start', 2_000, { a: 1 }));
  expect(answers).toEqual([
    [1_000, 'c1', ok(1)],
    [6_000, 'c1', ok(1)],
  ]);
  expect(performed).toEqual([['start', { a: 1 }]]);
  expect(counts).toEqual({ first: 1, repeated: 1, shown: 1 });
});

test('a command after its time is answered and not carried out', () => {
  const { inbox, performed, answers, pass } = create();
  pass(1_250);
  inbox.take('c1', order('start', 2_000));
  expect(answers).toEqual([
    [2_250, 'c1', { ok: false, error: 'expired: it came 250 ms after its time, and was not carried out' }],
  ]);
  expect(performed).toEqual([]);
});

test.each([
  ['nonsense', 'expected a command as JSON'],
  ['null', 'expected a JSON object'],
  ['{"params":{}}', 'expected name'],
  ['{"name":"start"}', 'expected expiresAt'],
])('the payload %s is answered with what was expected', (payload, expected) => {
  const { inbox, performed, answers } = create();
  inbox.take('c1', payload);
  expect(answers).toEqual([[1_000, 'c1', { ok: false, error: expect.stringContaining(expected) }]]);
  expect(performed).toEqual([]);
});

test('the ids that are remembered are bounded, the newest stay', () => {
  const { inbox, counts } = create();
  for (let i = 0; i < 300; i++) inbox.take(`c${i}`, order('start'));
  inbox.take('c299', order('start'));
  inbox.take('c101', order('start'));
  expect(counts).toMatchObject({ first: 300, repeated: 2 });
  inbox.take('c0', order('start'));
  expect(counts).toMatchObject({ first: 301, repeated: 2 });
});

test('a slow one carries out after a while, answers later still, and a repeat meanwhile changes nothing', () => {
  const { inbox, performed, answers, counts, pass } = create({ beforeMs: 400, answersAfterMs: [100] });
  inbox.take('c1', order('start'));
  pass(300);
  inbox.take('c1', order('start'));
  expect(performed).toEqual([]);
  pass(150);
  expect(performed).toHaveLength(1);
  expect(counts).toEqual({ first: 1, repeated: 1, shown: 1 });
  expect(answers).toEqual([]);
  pass(1_000);
  expect(answers).toEqual([[1_500, 'c1', ok(1)]]);
});

test('what is still not carried out when its time is over is not carried out any more', () => {
  const { inbox, performed, answers, pass } = create({ beforeMs: 1_200 });
  inbox.take('c1', order('start', 2_000));
  pass(2_000);
  expect(performed).toEqual([]);
  expect(answers).toMatchObject([[2_200, 'c1', { ok: false }]]);
});

test('a liar says ok and does nothing, but shows what it measures', () => {
  const { inbox, performed, answers, counts } = create({ lies: true });
  inbox.take('c1', order('start'));
  expect(answers).toEqual([[1_000, 'c1', { ok: true }]]);
  expect(performed).toEqual([]);
  expect(counts.shown).toBe(1);
});

test('one that dies before it carries out has forgotten the command, and takes it when it comes again', () => {
  const dies = { awayMs: 5_000, carriedOut: false };
  const conduct: Partial<Conduct> = { dies };
  const { inbox, performed, answers, cuts } = create(conduct);
  inbox.take('c1', order('start'));
  expect([performed, answers, cuts]).toEqual([[], [], [5_000]]);
  conduct.dies = null;
  inbox.take('c1', order('start'));
  expect(answers).toEqual([[1_000, 'c1', ok(1)]]);
});

test('one that dies before it answers remembers the command, and answers when it comes again', () => {
  const { inbox, performed, answers, cuts } = create({ dies: { awayMs: 5_000, carriedOut: true } });
  inbox.take('c1', order('start'));
  expect([performed.length, answers, cuts]).toEqual([1, [], [5_000]]);
  inbox.take('c1', order('start'));
  expect(answers).toEqual([[1_000, 'c1', ok(1)]]);
  expect([performed.length, cuts.length]).toEqual([1, 1]);
});

test('a mute one answers neither the command nor its repeat', () => {
  const { inbox, performed, answers } = create({ answersAfterMs: [] });
  inbox.take('c1', order('start'));
  inbox.take('c1', order('start'));
  expect(performed).toHaveLength(1);
  expect(answers).toEqual([]);
});

test('where too much is put off a further command is refused at once', () => {
  const { inbox, performed, answers, pass } = create({ beforeMs: 400 });
  for (let i = 0; i < 201; i++) inbox.take(`c${i}`, order('start'));
  expect(answers).toEqual([[1_000, 'c200', { ok: false, error: 'busy: 200 commands wait already' }]]);
  pass(1_000);
  expect(performed).toHaveLength(200);
});
