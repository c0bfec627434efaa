import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AckOrder } from './ack-order.ts';

describe('acknowledgements', () => {
  test('[ING-1] leave in the order of the publishes, in whatever order their commits are known', () => {
    const places = fc.integer({ min: 1, max: 40 });
    const order = places.chain(count => fc.shuffledSubarray([...Array(count).keys()], { minLength: count }));
    fc.assert(
      fc.property(order, settledOrder => {
        const acks = new AckOrder();
        const left: number[] = [];
        const settle = settledOrder.map((_, place) => acks.enter(() => void left.push(place)));
        const known = new Set<number>();
        for (const place of settledOrder) {
          settle[place]?.(null);
          known.add(place);
          let ready = 0;
          while (known.has(ready)) ready++;
          expect(left).toEqual([...Array(ready).keys()]);
        }
        expect(acks.size()).toBe(0);
      }),
    );
  });

  test('[ING-1] a publish that was refused tells so in its turn, and does not hold up those behind it', () => {
    const acks = new AckOrder();
    const left: (string | null)[] = [];
    const settle = Array.from({ length: 3 }, () => acks.enter(error => void left.push(error?.message ?? null)));
    settle[1]?.(new Error('refused'));
    settle[2]?.(null);
    expect(left).toEqual([]);
    expect(acks.size()).toBe(3);
    settle[0]?.(null);
    expect(left).toEqual([null, 'refused', null]);
  });

  test('an acknowledgement that throws is told, and keeps back neither the others nor who committed them', () => {
    const faults: string[] = [];
    const account = { add: () => {}, remove: () => {} };
    const acks = new AckOrder([account], ({ message }) => faults.push(message));
    let left = 0;
    const first = acks.enter(() => {
      throw new Error('a fault');
    });
    acks.enter(() => left++)(null);
    expect(() => first(null)).not.toThrow();
    expect([left, faults, acks.size()]).toEqual([1, ['a fault'], 0]);
  });

  test('[ING-1] a publish that comes while another is acknowledged takes its place behind it', () => {
    const acks = new AckOrder();
    const left: string[] = [];
    const first = acks.enter(() => {
      left.push('first');
      acks.enter(() => void left.push('third'))(null);
    });
    const second = acks.enter(() => void left.push('second'));
    second(null);
    first(null);
    expect(left).toEqual(['first', 'second', 'third']);
  });

  test('[ING-1] keep their order over many thousands, and forget those that left', () => {
    const acks = new AckOrder();
    const left: number[] = [];
    const settle = Array.from({ length: 5_000 }, (_, i) => acks.enter(() => void left.push(i)));
    for (let i = settle.length - 1; i >= 0; i--) settle[i]?.(null);
    for (let i = 5_000; i < 10_000; i++) acks.enter(() => void left.push(i))(null);
    expect(left).toEqual([...Array(10_000).keys()]);
    expect(acks.size()).toBe(0);
  });
});
