import type { GroupPreview, GroupTarget } from '@telltale/gateway/contract';
import { expect, it } from 'vitest';
import { openTargetPreview } from './target-preview.ts';

const named = (device: string): GroupTarget => ({ devices: [device], tags: [] });

function setUp() {
  const asked: { target: GroupTarget; answer(found: GroupPreview): void; refuse(error: Error): void }[] = [];
  let timers: (() => void)[] = [];
  const clock = {
    now: () => 0,
    after(_: number, run: () => void) {
      timers.push(run);
      return () => {
        timers = timers.filter(each => each !== run);
      };
    },
  };
  const previewGroup = (target: GroupTarget) => {
    const { promise, resolve, reject } = Promise.withResolvers<GroupPreview>();
    asked.push({ target, answer: resolve, refuse: reject });
    return promise;
  };
  const preview = openTargetPreview(previewGroup, clock);
  const pause = () => {
    for (const run of timers.splice(0)) run();
  };
  return { preview, asked, pause };
}

const settled = () => new Promise(resolve => setTimeout(resolve));

it('asks for what is typed after a pause, and shows no answer to what is there no more', async () => {
  const { preview, asked, pause } = setUp();
  preview.ask(named('p'));
  preview.ask(named('pu'));
  pause();
  expect(asked.map(({ target }) => target)).toEqual([named('pu')]);
  preview.ask(named('pump'));
  asked[0]?.answer({ total: 9, devices: [] });
  await settled();
  expect(preview.preview.value).toBe(null);
  pause();
  asked[1]?.answer({ total: 3, devices: ['pump-1'] });
  await settled();
  expect(preview.preview.value).toMatchObject({ total: 3 });
});

it('asks for nothing where nothing is typed, and says what went wrong', async () => {
  const { preview, asked, pause } = setUp();
  preview.ask(null);
  pause();
  expect(asked).toHaveLength(0);
  preview.ask(named('p'));
  pause();
  asked[0]?.refuse(new Error('no'));
  await settled();
  expect(preview.error.value).toEqual(new Error('no'));
});
