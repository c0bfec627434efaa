// Whose page asks, and under which name: what a browser says of it decides what the request may do ([ACC-3], [ACC-10]).
import { isIP } from 'node:net';

export type PagePolicy = {
  /** Origins of pages, beside the gateway's own, that may use the API with a token. */
  origins: readonly string[];
  /** Names that the gateway is known by, in lower case and without a port. */
  hosts: readonly string[];
  /** True where any other name in the Host header is refused. */
  hostsOnly: boolean;
};

/** `program` sends no Origin, as browsers always do where it matters. */
export type Page = 'program' | 'own' | 'allowed' | 'foreign';

/** The name in a Host header, without its port; null where it is none. */
function nameOf(host: string): string | null {
  try {
    return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '').toLowerCase();
  } catch {
    return null;
  }
}

/**
 * Judges a page by its origin. Its own is what the Host header says, as the browser sent it, or one of the known names
 * where a proxy in between says another. A page that came in the clear is not one that came over HTTPS.
 */
export function pageOf(
  origin: string | undefined,
  host: string | undefined,
  isHttps: boolean,
  { origins, hosts }: PagePolicy,
): Page {
  if (origin === undefined) return 'program';
  if (URL.canParse(origin)) {
    const { host: its, hostname, protocol } = new URL(origin);
    const isOwn =
      its === host?.toLowerCase().replace(protocol === 'https:' ? /:443$/ : /:80$/, '') || hosts.includes(hostname);
    if (isOwn && (protocol === 'https:' || (protocol === 'http:' && !isHttps))) return 'own';
  }
  return origins.includes(origin) ? 'allowed' : 'foreign';
}

/**
 * True where the gateway answers to the name in the Host header. A page of a stranger whose name was made to lead here
 * (DNS rebinding) has the stranger's name in it; an address cannot be made to lead elsewhere.
 */
export function isAnswered(host: string | undefined, { hosts, hostsOnly }: PagePolicy): boolean {
  if (!hostsOnly || host === undefined || host === '') return true;
  const name = nameOf(host);
  if (name === null) return false;
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || hosts.includes(name);
}
