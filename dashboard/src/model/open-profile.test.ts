// Whether the gateway asks devices who they are, as the page knows it.
import type { Health } from '@telltale/gateway/contract';
import { expect, it } from 'vitest';
import type { Connection } from '../connection/index.ts';
import { createOpenProfile } from './open-profile.ts';

type Heard = Parameters<Connection['listen']>[0];

it('is asked when a connection is there, and not known while nobody answers', async () => {
  let heard: Heard = {};
  const listen = (listener: Heard) => {
    heard = listener;
    return () => {};
  };
  const answers: (Health | Error)[] = [
    new Error('no answer'),
    { ok: true, checks: { access: { ok: true } } },
    { ok: true, checks: {} },
  ];
  const health = async () => {
    const answer = answers.shift()!;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const open = createOpenProfile({ health }, { listen });
  const seen: boolean[] = [];
  for (const name of ['waiting', 'open', 'open', 'open'] as const) {
    heard.state?.({ name } as Parameters<NonNullable<Heard['state']>>[0]);
    await new Promise(resolve => setImmediate(resolve));
    seen.push(open.value);
  }
  expect(seen).toEqual([false, false, true, false]);
});
