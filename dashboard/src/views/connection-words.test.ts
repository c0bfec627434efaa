// What the connection log says.
import type { ConnectionEntry } from '@telltale/gateway/contract';
import { codes } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { detailWords, reasonWords, repeatWords } from './connection-words.ts';

const entry = (part: Partial<ConnectionEntry> = {}): ConnectionEntry => ({
  kind: 'connected',
  at: 1_000,
  lastAt: 1_000,
  count: 1,
  address: '',
  client: '',
  protocol: null,
  clean: null,
  keepAliveS: null,
  topic: null,
  reason: null,
  ...part,
});

describe('a reason', () => {
  it('of a word of the gateway is a sentence, of a code its title, and else what was given', () => {
    expect(reasonWords('wrong-secret')).toBe('its secret is wrong');
    expect(reasonWords('mqtt_keep_alive')).toBe(codes.mqtt_keep_alive.title);
    expect(reasonWords('the topic of another device')).toBe('the topic of another device');
    expect(reasonWords(null)).toBeNull();
  });

  it('is looked for among the words alone, and not in what every object has', () => {
    expect(reasonWords('constructor')).toBe('constructor');
  });
});

describe('an entry', () => {
  it('that was repeated says how often, and in what time', () => {
    expect(repeatWords(entry())).toBeNull();
    expect(repeatWords(entry({ count: 3, lastAt: 1_900 }))).toBe('3 times');
    expect(repeatWords(entry({ count: 1_200, lastAt: 61_000 }))).toBe('1,200 times in 60 s');
  });

  it('says what is known of it, and leaves out what is not', () => {
    expect(detailWords(entry())).toBe('');
    expect(detailWords(entry({ address: '10.0.0.7', client: 'c1', clean: true, keepAliveS: 0 }))).toBe(
      'from 10.0.0.7 · client id c1 · clean session · no keep-alive',
    );
    expect(detailWords(entry({ topic: 'devices/b/telemetry' }))).toBe('on devices/b/telemetry');
  });
});
