import type { LiveEvent } from '@telltale/gateway/contract';
import { expect, it } from 'vitest';
import type { ConnectionListener, SubscriptionUpdate } from '../connection/index.ts';
import { openGroupWatch } from './group-watch.ts';

const moved = (group?: string): LiveEvent => ({
  kind: 'command',
  device: 'a',
  command: '1',
  name: 'set',
  state: 'sent',
  at: 0,
  cause: 'requested',
  by: 'ada',
  step: 2,
  attempts: 1,
  ...(group !== undefined && { group }),
});

it('tells of a group’s commands once a second at most, and of no others', () => {
  let listener: ConnectionListener = {};
  let timers: (() => void)[] = [];
  let changes = 0;
  let update: (update: SubscriptionUpdate) => void = () => {};
  const closed: string[] = [];
  const watch = openGroupWatch('g', () => changes++, {
    clock: {
      now: () => 0,
      after(_, run) {
        timers.push(run);
        return () => {
          timers = timers.filter(each => each !== run);
        };
      },
    },
    connection: {
      listen(given) {
        listener = given;
        return () => closed.push('listener');
      },
      subscribe(_, heard) {
        update = heard;
        return () => closed.push('subscription');
      },
    },
  });
  listener.event?.(moved());
  listener.event?.(moved('other'));
  expect(timers).toHaveLength(0);
  for (let event = 0; event < 5; event++) listener.event?.(moved('g'));
  expect(timers).toHaveLength(1);
  timers.splice(0)[0]?.();
  expect(changes).toBe(1);
  listener.gap?.();
  expect(timers).toHaveLength(1);
  timers.splice(0)[0]?.();
  update({ kind: 'asked', since: null });
  expect(timers).toHaveLength(0);
  update({ kind: 'settled' });
  expect(timers).toHaveLength(1);
  watch.close();
  expect([timers.length, closed]).toEqual([0, ['listener', 'subscription']]);
});
