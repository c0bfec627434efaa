import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FilterTrie } from './filter-trie.ts';
import { TopicTrie } from './topic-trie.ts';

/** MQTT 3.1.1, 4.7, word by word. */
function matches(filter: string, topic: string): boolean {
  if (/^[+#]/.test(filter) && topic.startsWith('$')) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (wanted.at(-1) === '#') {
    const parents = wanted.slice(0, -1);
    return parents.length <= levels.length && parents.every((level, i) => level === '+' || level === levels[i]);
  }
  return wanted.length === levels.length && wanted.every((level, i) => level === '+' || level === levels[i]);
}

const level = fc.constantFrom('a', 'b', '', '$s', 'constructor', '__proto__');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map(levels => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => (open ? [...levels.slice(0, 3), '#'] : levels).join('/'));
const anyFilter = fc.oneof(filter, fc.constant('#'));

describe('[BRK-7] matching', () => {
  test('[BRK-7] topics are found by filter as the standard says, whatever was put and deleted before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(topic, fc.boolean()), { maxLength: 30 }), anyFilter, (steps, wanted) => {
        const trie = new TopicTrie<string>();
        const kept = new Set<string>();
        for (const [name, put] of steps) {
          if (put) trie.set(name, name);
          else trie.delete(name);
          if (put) kept.add(name);
          else kept.delete(name);
        }
        expect([...trie.match(wanted)].sort()).toEqual([...kept].filter(name => matches(wanted, name)).sort());
        for (const name of kept) expect(trie.get(name)).toBe(name);
      }),
      { numRuns: 500 },
    );
  });

  test('[BRK-7] subscriptions are found by topic as the standard says, whatever was put and deleted before', () => {
    const holder = fc.constantFrom('one', 'two');
    fc.assert(
      fc.property(fc.array(fc.tuple(anyFilter, holder, fc.boolean()), { maxLength: 30 }), topic, (steps, published) => {
        const trie = new FilterTrie<string>();
        const kept = new Map<string, string>();
        for (const [name, client, put] of steps) {
          const key = `${client} ${name}`;
          if (put) trie.set(name, client, key);
          else trie.delete(name, client);
          if (put) kept.set(key, name);
          else kept.delete(key);
        }
        const expected = [...kept].filter(([, name]) => matches(name, published)).map(([key]) => key);
        expect(trie.match(published).sort()).toEqual(expected.sort());
        expect(trie.size).toBe(kept.size);
      }),
      { numRuns: 500 },
    );
  });

  test('of 50,000 topics a filter looks at those on its way alone', () => {
    const trie = new TopicTrie<{ read: number }>();
    const values = Array.from({ length: 50_000 }, (_, i) => {
      const value = { read: 0 };
      trie.set(`devices/d${i}/status`, value);
      return value;
    });
    const started = performance.now();
    for (let i = 0; i < 1_000; i++) expect([...trie.match(`devices/d${i}/+`)]).toEqual([values[i]]);
    // A look at each of them takes some milliseconds a time.
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
