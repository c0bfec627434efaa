import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Connections } from './connections.ts';

type Connection = { id: number };
const [one, two] = [{ id: 1 }, { id: 2 }];

describe('which connection is which device', () => {
  test('a device comes with its first connection and goes with its last', () => {
    const connections = new Connections<Connection>();
    expect([connections.add(one, 'a'), connections.add(one, 'a'), connections.add(two, 'a')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([...connections.of('a')]).toEqual([one, two]);
    expect(connections.remove(one)).toEqual([]);
    expect(connections.has(one, 'a')).toBe(false);
    expect(connections.remove(two)).toEqual(['a']);
    expect([...connections.of('a')]).toEqual([]);
    expect(connections.add(one, 'a')).toBe(true);
  });

  test('a connection that is gone twice, or was never there, takes nothing with it', () => {
    const connections = new Connections<Connection>();
    connections.add(one, 'a');
    expect(connections.remove(two)).toEqual([]);
    expect(connections.remove(one)).toEqual(['a']);
    expect(connections.remove(one)).toEqual([]);
  });

  test('one connection may speak for many devices, up to a limit', () => {
    const connections = new Connections<Connection>();
    for (let i = 0; i < 10_000; i++) expect(connections.add(one, `d${i}`)).toBe(true);
    expect(connections.add(one, 'one more')).toBe(false);
    expect(connections.has(one, 'one more')).toBe(false);
    expect(connections.remove(one)).toHaveLength(10_000);
  });

  test('comes and goes as a list of pairs would tell', () => {
    const step = fc.record({ add: fc.boolean(), who: fc.nat(2), device: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const all = [{ id: 0 }, { id: 1 }, { id: 2 }] as const;
        const connections = new Connections<Connection>();
        let pairs: [Connection, string][] = [];
        const spoken = () => new Set(pairs.map(([, device]) => device));
        for (const { add, who, device } of steps) {
          const connection = all[who] as Connection;
          const before = spoken();
          if (add) {
            expect(connections.add(connection, device)).toBe(!before.has(device));
            pairs.push([connection, device]);
            continue;
          }
          pairs = pairs.filter(([other]) => other !== connection);
          const gone = [...before].filter(id => !spoken().has(id));
          expect(connections.remove(connection).sort()).toEqual(gone.sort());
        }
      }),
    );
  });
});

describe('who receives a device’s commands', () => {
  test('is one connection, the last that asked', () => {
    const connections = new Connections<Connection>();
    for (const connection of [one, two]) connections.add(connection, 'a');
    connections.setReceiver('a', one, 'commands');
    connections.setReceiver('a', two, 'commands');
    expect(connections.receiver('a', 'commands')).toBe(two);
    connections.dropReceiver('a', one, 'commands');
    expect(connections.receiver('a', 'commands')).toBe(two);
    connections.dropReceiver('a', two, 'commands');
    expect(connections.receiver('a', 'commands')).toBeUndefined();
  });

  test('goes with its connection', () => {
    const connections = new Connections<Connection>();
    connections.add(one, 'a');
    connections.add(two, 'b');
    connections.setReceiver('a', one, 'commands');
    connections.setReceiver('b', two, 'commands');
    connections.remove(one);
    expect([connections.receiver('a', 'commands'), connections.receiver('b', 'commands')]).toEqual([undefined, two]);
  });

  test('goes with its device, for which nobody speaks then', () => {
    const connections = new Connections<Connection>();
    for (const device of ['a', 'b']) {
      connections.add(one, device);
      connections.setReceiver(device, one, 'commands');
    }
    connections.forget('a');
    expect([connections.receiver('a', 'commands'), connections.receiver('b', 'commands')]).toEqual([undefined, one]);
    expect([connections.has(one, 'a'), [...connections.of('a')]]).toEqual([false, []]);
    expect(connections.remove(one)).toEqual(['b']);
  });

  test('is told apart from who receives what is desired', () => {
    const connections = new Connections<Connection>();
    for (const connection of [one, two]) connections.add(connection, 'a');
    expect(connections.setReceiver('a', one, 'commands')).toBe(true);
    expect([connections.setReceiver('a', two, 'desired'), connections.setReceiver('a', two, 'desired')]).toEqual([
      true,
      false,
    ]);
    expect([connections.receiver('a', 'commands'), connections.receiver('a', 'desired')]).toEqual([one, two]);
    connections.remove(two);
    expect([connections.receiver('a', 'commands'), connections.receiver('a', 'desired')]).toEqual([one, undefined]);
  });
});
