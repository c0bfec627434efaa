// Where a request came from. The connection says it, and behind a proxy what the proxy forwards does; anybody can write
// a forwarded address, so that it is believed from the proxies of the configuration alone.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, SocketAddress } from 'node:net';

/** What a request says of where it came from: the other end of its connection, and two headers. */
export type Hop = { peer: string; forwardedFor?: string; forwardedProto?: string };

/** Who asks: the address, and whether it is HTTPS that the client speaks. */
export type Client = { address: string; isHttps: boolean };

/** The hop that brought a request, where Node alone has read it. */
export function hopOf({ socket, headers }: IncomingMessage): Hop {
  // Node joins these headers with commas where they come more than once.
  const text = (name: string) => headers[name]?.toString();
  return {
    peer: socket.remoteAddress ?? '',
    forwardedFor: text('x-forwarded-for'),
    forwardedProto: text('x-forwarded-proto'),
  };
}

/** The one spelling of an address, without a zone; an IPv4 address in IPv6 is IPv4. Null where it is none. */
function canonical(text: string): string | null {
  const version = isIP(text);
  if (version !== 6) return version === 4 ? text : null;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}

/**
 * What counts are kept by: an IPv4 address, or the /64 that an IPv6 address lies in. Whoever has one address of it has
 * all (RFC 6177), so that a count of single ones would limit nobody.
 */
export function networkOf(address: string): string {
  const known = canonical(address);
  if (known === null || isIP(known) !== 6) return known ?? address;
  const [head = '', tail = ''] = known.split('::');
  const groups = (text: string) => text.split(':').filter(group => group !== '');
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: Math.max(8 - before.length - after.length, 0) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Reads an address or a range such as `10.0.0.0/8` into the list; false where the text is neither. */
function add(text: string, list: BlockList): boolean {
  const [, address = '', bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const width = version === 6 ? 128 : 32;
  const prefix = Number(bits ?? width);
  if (version === 0 || prefix > width) return false;
  // Written for the IPv4 address in it, but read it would cover every one.
  if (version === 6 && prefix < 96 && isIP(canonical(address) ?? '') === 4) return false;
  list.addSubnet(address, prefix, familyOf(address));
  return true;
}

/** True for what `trustedProxies` takes as an entry. */
export function isAddressOrRange(text: string): boolean {
  return add(text, new BlockList());
}

/** The list that `clientOf` asks, out of entries that `isAddressOrRange` found good. Made once: it is costly to build. */
export function trustedProxies(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) if (!add(entry, list)) throw new Error(`${entry} is neither an address nor a range`);
  return list;
}

/**
 * Where a request came from. Each proxy adds at the right of X-Forwarded-For whom it heard, so that the list is walked
 * from there past trusted proxies; the first address that is none is the client, and what stands left of it is hearsay.
 * What is no address ends the walk at the proxy that passed it on.
 */
export function clientOf({ peer, forwardedFor = '', forwardedProto = '' }: Hop, trusted: BlockList): Client {
  const isTrusted = (address: string) => trusted.check(address, familyOf(address));
  let address = canonical(peer);
  // Gone with its connection, or none of the network.
  if (address === null) return { address: peer, isHttps: false };
  const isHttps = isTrusted(address) && forwardedProto.split(',').at(-1)?.trim().toLowerCase() === 'https';
  const entries = forwardedFor.split(',');
  while (isTrusted(address)) {
    const next = canonical(entries.pop()?.trim() ?? '');
    if (next === null) break;
    address = next;
  }
  return { address, isHttps };
}
