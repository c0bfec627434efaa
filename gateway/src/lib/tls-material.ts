// Certificate and key out of their PEM files, checked as a pair before any listener takes them.
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** Paths of PEM files; the certificate comes first in `cert`, those of its issuers behind it. */
export type TlsFiles = {
  cert: string;
  key: string;
  /** Issuers of the certificates of clients. */
  clientCa?: string | null;
  /** What those issuers revoked: a list for each of them. */
  clientCrl?: string | null;
};

type Texts = Partial<Record<keyof TlsFiles, string>>;

export type TlsMaterial = {
  /** For a listener, or for its `setSecureContext`. */
  options: SecureContextOptions;
  /** Unix milliseconds. */
  notBefore: number;
  notAfter: number;
  /** Tells all of the files from any other. */
  fingerprint: string;
  /** The same for what certificates of clients are judged by. */
  trustFingerprint: string;
};

/** What is wrong with one of the files, as the end of a sentence. Never holds what is in them. */
export class TlsProblem extends Error {
  readonly key: keyof TlsFiles;

  constructor(key: keyof TlsFiles, message: string) {
    super(message);
    this.name = 'TlsProblem';
    this.key = key;
  }
}

const kinds: (keyof TlsFiles)[] = ['cert', 'key', 'clientCa', 'clientCrl'];
/** A chain has some kilobytes; a list of what was revoked may be longer. */
const fileBytesMax = 4 * 1024 * 1024;
/** TLS 1.0 and 1.1 are out of use (RFC 8996). */
const minVersion = 'TLSv1.2';

function given(files: TlsFiles): [keyof TlsFiles, string][] {
  return kinds.flatMap((key): [keyof TlsFiles, string][] => (files[key] ? [[key, files[key]]] : []));
}

/** Reads and checks the files. Throws TlsProblem. */
export function readTls(files: TlsFiles): TlsMaterial {
  const texts: Texts = {};
  for (const [key, path] of given(files)) {
    try {
      texts[key] = readFileSync(path, 'utf8');
    } catch (error) {
      throw unreadable(key, path, error as NodeJS.ErrnoException);
    }
  }
  return check(texts, files);
}

/** The same for a gateway that runs: waits for no disk. Rejects with TlsProblem. */
export async function rereadTls(files: TlsFiles): Promise<TlsMaterial> {
  const texts: Texts = {};
  await Promise.all(
    given(files).map(async ([key, path]) => {
      texts[key] = await readFile(path, 'utf8').catch(error => {
        throw unreadable(key, path, error as NodeJS.ErrnoException);
      });
    }),
  );
  return check(texts, files);
}

function unreadable(key: keyof TlsFiles, path: string, { code = '' }: NodeJS.ErrnoException): TlsProblem {
  // Whoever pasted the text of a key is not shown it again.
  if (path.includes('-----')) return new TlsProblem(key, 'expected the path of a PEM file, got the text of one');
  const reasons: Record<string, string> = { ENOENT: 'there is no such file', EACCES: 'it may not be read' };
  return new TlsProblem(key, `cannot read ${path}: ${reasons[code] ?? code}`);
}

/** Runs `work`; where it throws, the problem is told without the words of the library, which change. */
function orProblem<Result>(key: keyof TlsFiles, message: string, work: () => Result): Result {
  try {
    return work();
  } catch {
    throw new TlsProblem(key, message);
  }
}

const hashOf = (...texts: (string | undefined)[]) =>
  createHash('sha256').update(JSON.stringify(texts)).digest('base64url');

function check(texts: Texts, files: TlsFiles): TlsMaterial {
  for (const [key, text] of Object.entries(texts) as [keyof TlsFiles, string][]) {
    if (text.length > fileBytesMax) throw new TlsProblem(key, `${files[key]} has more than ${fileBytesMax} bytes`);
  }
  const { cert = '', key = '', clientCa, clientCrl } = texts;
  const certificate = orProblem('cert', `${files.cert} holds no certificate in PEM`, () => new X509Certificate(cert));
  const encrypted = /ENCRYPTED/.test(key) ? ' that needs no passphrase' : '';
  const privateKey = orProblem('key', `${files.key} holds no private key in PEM${encrypted}`, () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsProblem('key', `the key in ${files.key} does not fit the certificate in ${files.cert}`);
  }
  const options: SecureContextOptions = { cert, key, minVersion };
  orProblem('cert', `${files.cert} holds something that is no certificate in PEM, or one of an unsafe kind`, () =>
    createSecureContext(options),
  );
  if (clientCa !== undefined) {
    options.ca = blocks('CERTIFICATE', clientCa);
    orProblem('clientCa', `${files.clientCa} holds no certificate in PEM`, () => {
      for (const block of nonEmpty(options.ca as string[])) new X509Certificate(block);
    });
  }
  if (clientCrl !== undefined) {
    options.crl = blocks('X509 CRL', clientCrl);
    orProblem('clientCrl', `${files.clientCrl} holds no revocation list in PEM`, () =>
      createSecureContext({ ...options, crl: nonEmpty(options.crl as string[]) }),
    );
  }
  return {
    options,
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    fingerprint: hashOf(cert, key, clientCa, clientCrl),
    trustFingerprint: hashOf(clientCa, clientCrl),
  };
}

/** The parts of a PEM file with this name; Node reads the first alone of some kinds. */
function blocks(name: string, text: string): string[] {
  return text.match(new RegExp(`-----BEGIN ${name}-----[^-]*-----END ${name}-----`, 'g')) ?? [];
}

function nonEmpty<Item>(items: Item[]): Item[] {
  if (items.length === 0) throw new Error('empty');
  return items;
}
