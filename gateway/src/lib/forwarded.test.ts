import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { clientOf, type Hop, hopOf, isAddressOrRange, networkOf, trustedProxies } from './forwarded.ts';

const proxies = trustedProxies(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
const addressOf = (peer: string, forwardedFor?: string, trusted = proxies) =>
  clientOf({ peer, forwardedFor }, trusted).address;

describe('the address', () => {
  test('[ACC-5] of a connection that no trusted proxy made is its own, whatever it says', () => {
    expect(addressOf('192.0.2.7')).toBe('192.0.2.7');
    expect(addressOf('192.0.2.7', '198.51.100.1')).toBe('192.0.2.7');
    expect(addressOf('192.0.2.7', '127.0.0.1')).toBe('192.0.2.7');
    expect(addressOf('127.0.0.1', '198.51.100.1', trustedProxies([]))).toBe('127.0.0.1');
  });

  test('[ACC-5] behind a trusted proxy is the one that the proxy heard', () => {
    expect(addressOf('127.0.0.1', '192.0.2.7')).toBe('192.0.2.7');
    expect(addressOf('fd00::1', '2001:db8::7')).toBe('2001:db8::7');
  });

  test('[ACC-5] that a client made up stands left of its own, and is not believed', () => {
    expect(addressOf('127.0.0.1', '198.51.100.1, 192.0.2.7')).toBe('192.0.2.7');
    expect(addressOf('127.0.0.1', '10.0.0.1, 127.0.0.1, 192.0.2.7')).toBe('192.0.2.7');
    expect(addressOf('127.0.0.1', '198.51.100.1, 192.0.2.7, 10.1.1.1, fd00::2')).toBe('192.0.2.7');
  });

  test('[ACC-5] where all are trusted is the farthest', () => {
    expect(addressOf('127.0.0.1', '10.0.0.3,10.0.0.2 ,  10.0.0.1')).toBe('10.0.0.3');
  });

  test.each(['', ' ', 'unknown', '_hidden', '192.0.2.7:4711', '192.0.2', '192.0.2.07', '"192.0.2.7"', '[2001:db8::7]'])(
    '[ACC-5] %j is none, and ends the walk at the proxy that passed it on',
    entry => {
      expect(addressOf('127.0.0.1', entry)).toBe('127.0.0.1');
      expect(addressOf('127.0.0.1', `198.51.100.1, ${entry}, 10.0.0.2`)).toBe('10.0.0.2');
    },
  );

  test.each(['::ffff:127.0.0.1', '::FFFF:7f00:1', '0:0:0:0:0:ffff:127.0.0.1'])(
    '[ACC-5] %s is 127.0.0.1, on either side of the comparison',
    mapped => {
      expect(addressOf(mapped)).toBe('127.0.0.1');
      expect(addressOf(mapped, '192.0.2.7')).toBe('192.0.2.7');
      expect(addressOf('127.0.0.1', `192.0.2.7, ${mapped}`)).toBe('192.0.2.7');
      expect(addressOf('127.0.0.1', '192.0.2.7', trustedProxies([mapped]))).toBe('192.0.2.7');
    },
  );

  test('[ACC-5] has one spelling, so that attempts are counted together', () => {
    expect(addressOf('127.0.0.1', '2001:DB8:0:0::7')).toBe('2001:db8::7');
    expect(addressOf('fe80::1%eth0')).toBe('fe80::1');
  });

  test('[ACC-5] of a range ends where the range does', () => {
    expect([addressOf('10.255.255.255', '192.0.2.7'), addressOf('11.0.0.0', '192.0.2.7')]).toEqual([
      '192.0.2.7',
      '11.0.0.0',
    ]);
    expect(addressOf('127.0.0.2', '192.0.2.7')).toBe('127.0.0.2');
  });

  test('of a connection that is gone already is none', () => {
    expect(addressOf('', '192.0.2.7')).toBe('');
  });
});

describe('the scheme', () => {
  const isHttps = (peer: string, forwardedProto?: string) => clientOf({ peer, forwardedProto }, proxies).isHttps;

  test('[ACC-5] is HTTPS where a trusted proxy says so, and nobody else', () => {
    expect([isHttps('127.0.0.1', 'https'), isHttps('::ffff:127.0.0.1', 'HTTPS')]).toEqual([true, true]);
    expect([isHttps('192.0.2.7', 'https'), isHttps('', 'https')]).toEqual([false, false]);
    expect([isHttps('127.0.0.1'), isHttps('127.0.0.1', 'http'), isHttps('127.0.0.1', 'wss')]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('[ACC-5] is the one that the proxy itself added', () => {
    expect([isHttps('127.0.0.1', 'http, https'), isHttps('127.0.0.1', 'https, http')]).toEqual([true, false]);
  });
});

test('[ACC-5] a header that came more than once is one list, in its order', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const hop = new Promise<Hop>(resolve => {
    server.on('request', (asked, answer) => {
      resolve(hopOf(asked));
      answer.end();
    });
  });
  const headers = { 'X-Forwarded-For': ['198.51.100.1', '192.0.2.7'], 'X-Forwarded-Proto': 'https' };
  request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', headers }).end();
  expect(await hop).toEqual({
    peer: '127.0.0.1',
    forwardedFor: '198.51.100.1, 192.0.2.7',
    forwardedProto: 'https',
  });
  expect(clientOf(await hop, proxies)).toEqual({ address: '192.0.2.7', isHttps: true });
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
});

test('an entry is an address or a range', () => {
  for (const entry of [
    '127.0.0.1',
    '10.0.0.0/8',
    '10.1.2.3/8',
    '::1',
    'fd00::/8',
    '::ffff:10.0.0.0/104',
    '0.0.0.0/0',
  ]) {
    expect(isAddressOrRange(entry), entry).toBe(true);
  }
  for (const entry of [
    '',
    'proxy',
    'localhost',
    '10.0.0',
    '10.0.0.0/33',
    '::ffff:10.0.0.0/8',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '1.2.3.4/8/8',
    'fe80::1%eth0',
    ' 127.0.0.1',
  ]) {
    expect(isAddressOrRange(entry), entry).toBe(false);
    expect(() => trustedProxies([entry]), entry).toThrow('neither');
  }
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::7', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8::', '2001:db8:0:0::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
  ['pipe', 'pipe'],
])('[ACC-5] limits count %j by %j', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
