// A list out of pages, and what is changed in it by hand.
import { expect, it } from 'vitest';
import { openListing } from './listing.ts';

const all = ['a', 'b', 'c', 'd', 'e'];
const page = (cursor: string | null) => {
  const from = cursor === null ? 0 : all.indexOf(cursor) + 1;
  const items = all.slice(from, from + 2);
  return Promise.resolve({ items, next: from + 2 < all.length ? items.at(-1)! : null });
};
const settle = () => new Promise(resolve => setImmediate(resolve));

it('grows page by page, and is loaded again at the length it has', async () => {
  const list = openListing((item: string) => item, page);
  expect(list.items.value).toBeNull();
  await settle();
  expect([list.items.value, list.more.value]).toEqual([['a', 'b'], true]);
  list.loadMore();
  await settle();
  expect(list.items.value).toEqual(['a', 'b', 'c', 'd']);
  list.reload();
  await settle();
  expect([list.items.value, list.more.value]).toEqual([['a', 'b', 'c', 'd'], true]);
  list.loadMore();
  await settle();
  expect([list.items.value, list.more.value]).toEqual([all, false]);
});

it('keeps what it has where an answer fails, and says why', async () => {
  let fails = false;
  const list = openListing(
    (item: string) => item,
    cursor => (fails ? Promise.reject('no answer') : page(cursor)),
  );
  await settle();
  fails = true;
  list.reload();
  await settle();
  expect([list.items.value, list.error.value]).toEqual([['a', 'b'], 'no answer']);
});

it('takes a changed item in its place, a new one in front, and lets one go', async () => {
  const list = openListing(
    (item: { id: string; n: number }) => item.id,
    () =>
      Promise.resolve({
        items: [
          { id: 'x', n: 1 },
          { id: 'y', n: 1 },
        ],
        next: null,
      }),
  );
  await settle();
  list.put({ id: 'y', n: 2 });
  list.put({ id: 'z', n: 1 });
  list.remove('x');
  expect(list.items.value).toEqual([
    { id: 'z', n: 1 },
    { id: 'y', n: 2 },
  ]);
});
