import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { Admission, type AdmissionConfig } from './admission.ts';

const roomy: AdmissionConfig = {
  connectionsMax: 100,
  connectionsPerAddressMax: 100,
  unauthenticatedMax: 100,
  connectsPerSecondMax: 1_000,
};

/** A door and what went through it. */
function door(config: Partial<AdmissionConfig>) {
  const clock = new ManualClock();
  const admitted: { address: string; stream: PassThrough; settled: () => void }[] = [];
  const refused: string[] = [];
  const admission = new Admission(
    { ...roomy, ...config },
    {
      clock,
      admit: (stream, address, settled) => admitted.push({ address, stream: stream as PassThrough, settled }),
      refused: (address, { detail }) => refused.push(`${address}: ${detail}`),
    },
  );
  const come = (address: string) => {
    const stream = new PassThrough();
    admission.offer(stream, address);
    return stream;
  };
  return { admission, admitted, refused, clock, come, addresses: () => admitted.map(({ address }) => address) };
}

const closed = (stream: PassThrough) => new Promise(resolve => stream.destroy().once('close', resolve));

describe('who may connect', () => {
  test('[BRK-4] connections in all and of an address are limited, and a place that is left is free again', async () => {
    const { admission, come, refused, addresses } = door({ connectionsMax: 3, connectionsPerAddressMax: 2 });
    const first = come('a');
    come('a');
    expect(come('a').destroyed).toBe(true);
    come('b');
    expect(come('c').destroyed).toBe(true);
    expect(refused.map(line => line.split('mqtt.')[1])).toEqual(['connectionsPerAddressMax', 'connectionsMax']);
    await closed(first);
    come('a');
    expect(addresses()).toEqual(['a', 'a', 'b', 'a']);
    expect(admission.count()).toBe(3);
  });

  test('[BRK-4] a crowd is let in at a steady pace, and nobody of it is refused', () => {
    const { come, admitted, clock } = door({
      connectsPerSecondMax: 100,
      unauthenticatedMax: 1_000,
      connectionsMax: 1_000,
    });
    for (let i = 0; i < 100; i++) come('plant');
    expect(admitted).toHaveLength(50);
    clock.advance(250);
    expect(admitted.length).toBeGreaterThan(70);
    expect(admitted.length).toBeLessThan(80);
    clock.advance(300);
    expect(admitted).toHaveLength(100);
    expect(clock.timers()).toBe(0);
  });

  test('[BRK-4] [ACC-5] addresses of one IPv6 network are one, and are told as they are', () => {
    const { come, refused, addresses } = door({ connectionsMax: 9, connectionsPerAddressMax: 2 });
    for (const last of [1, 2, 3]) come(`2001:db8::${last}`);
    expect(addresses()).toEqual(['2001:db8::1', '2001:db8::2']);
    expect(refused).toHaveLength(1);
  });

  test('[BRK-4] those that are not signed in are limited, half of them for one address; the next comes when one is', () => {
    const { come, admitted, addresses, clock } = door({ unauthenticatedMax: 4 });
    for (let i = 0; i < 4; i++) come('flood');
    for (let i = 0; i < 3; i++) come('plant');
    expect(addresses()).toEqual(['flood', 'flood', 'plant', 'plant']);
    admitted[2]?.settled();
    admitted[2]?.settled();
    clock.advance(100);
    expect(addresses().slice(4)).toEqual(['plant']);
    admitted[0]?.settled();
    clock.advance(100);
    expect(addresses().slice(5)).toEqual(['flood']);
  });

  test('[BRK-4] addresses have their turn one after the other', () => {
    const { come, addresses, clock } = door({ connectsPerSecondMax: 2, unauthenticatedMax: 100 });
    come('x');
    for (let i = 0; i < 3; i++) come('a');
    come('b');
    come('c');
    clock.advance(3_000);
    expect(addresses()).toEqual(['x', 'a', 'b', 'c', 'a', 'a']);
  });

  test('a connection that breaks off while it waits costs nothing later', async () => {
    const { admission, admitted, come, addresses, clock } = door({ connectsPerSecondMax: 1 });
    come('a');
    for (let i = 0; i < 5; i++) await closed(come('a'));
    const last = come('a');
    clock.advance(2_000);
    expect(addresses()).toEqual(['a', 'a']);
    expect(admitted[1]?.stream).toBe(last);
    expect(admission.count()).toBe(2);
    admission.offer(new PassThrough().destroy(), 'a');
    expect(admission.count()).toBe(2);
    admission.close();
  });

  test('closing ends those that wait', () => {
    const { admission, come } = door({ connectsPerSecondMax: 1 });
    come('a');
    const waiting = come('a');
    admission.close();
    expect(waiting.destroyed).toBe(true);
  });
});
