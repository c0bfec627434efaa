// The list of voided ranges, its pages, and the way back.
import type { Void } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../history/rest.ts';
import { openVoidList } from './void-list.ts';

const made = (id: string, restored: Void['restored'] = null): Void => ({
  id,
  device: 'a',
  metric: 'temp',
  from: 0,
  to: 1,
  by: 'anna',
  reason: 'in the oven',
  at: 0,
  restored,
});
const soon = () => new Promise<void>(done => setTimeout(done, 0));

function setUp(restoreVoid: (id: string, reason: string) => Promise<Void>) {
  const api = {
    voids: ({ cursor }: { cursor?: string | null }) =>
      Promise.resolve(
        cursor === 'p2' ? { items: [made('v2')], next: null } : { items: [made('v1')], next: 'p2' as string | null },
      ),
    restoreVoid,
  };
  return openVoidList({ device: 'a', metric: 'temp' }, api);
}

describe('voided ranges', () => {
  it('come by the page, and from the beginning when loaded again', async () => {
    const list = setUp(() => Promise.reject(new Error('not asked for')));
    await soon();
    expect(list.more.value).toBe(true);
    list.loadMore();
    await soon();
    expect(list.items.value.map(each => each.id)).toEqual(['v1', 'v2']);
    expect(list.more.value).toBe(false);
    list.reload();
    await soon();
    expect(list.items.value.map(each => each.id)).toEqual(['v1']);
  });

  it('that are restored stay, and say by whom', async () => {
    const list = setUp((id, reason) => Promise.resolve(made(id, { by: 'bob', reason, at: 5 })));
    await soon();
    await list.restore('v1', 'it was right');
    expect(list.items.value).toMatchObject([{ id: 'v1', restored: { by: 'bob', reason: 'it was right' } }]);
  });

  it('stay as they are when the gateway refuses to restore one', async () => {
    const list = setUp(() => Promise.reject(new ApiError('problem', 'Restored before', 409)));
    await soon();
    await expect(list.restore('v1', 'it was right')).rejects.toThrow('Restored before');
    expect(list.items.value).toMatchObject([{ id: 'v1', restored: null }]);
  });
});
