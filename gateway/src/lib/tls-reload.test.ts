import { copyFileSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { readTls, TlsProblem } from './tls-material.ts';
import { ReloadedTls } from './tls-reload.ts';

const made = (name: string) => fileURLToPath(new URL(`../../test/certificates/${name}.pem`, import.meta.url));
const dayMs = 86_400_000;

let dir: string;
let cert: string;
let key: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'telltale-tls-'));
  cert = join(dir, 'cert.pem');
  key = join(dir, 'key.pem');
  putCert('server-1');
  putKey('server-1');
  return () => rmSync(dir, { recursive: true });
});

const putCert = (name: string) => copyFileSync(made(name), cert);
const putKey = (name: string) => copyFileSync(made(`${name}.key`), key);

function open(startMs?: number) {
  const clock = new ManualClock(startMs);
  const said: [level: string, sentence: string][] = [];
  const level = (name: string) => (_: unknown, sentence: string) => void said.push([name, sentence]);
  const log = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
  const tls = new ReloadedTls('test', { cert, key }, { clock, log });
  onTestFinished(() => tls.close());
  return { tls, clock, said };
}

function problemOf(files: { cert: string; key: string; clientCa?: string; clientCrl?: string }): string {
  try {
    readTls(files);
  } catch (error) {
    expect(error).toBeInstanceOf(TlsProblem);
    const { key: which, message } = error as TlsProblem;
    return `${which}: ${message.replaceAll(`${dir}/`, '')}`;
  }
  return '';
}

describe('files of a certificate', () => {
  test('[ACC-10] that fit are taken, and others are told without a word of what is in them', () => {
    expect(problemOf({ cert, key })).toBe('');
    expect(problemOf({ cert: key, key })).toBe('cert: key.pem holds no certificate in PEM');
    expect(problemOf({ cert, key: cert })).toBe('key: cert.pem holds no private key in PEM');
    expect(problemOf({ cert, key: join(dir, 'none') })).toBe('key: cannot read none: there is no such file');
    expect(problemOf({ cert, key: dir })).toMatch(/^key: cannot read .*: EISDIR$/);
    const text = '-----BEGIN PRIVATE KEY-----\nMIG\n';
    expect(problemOf({ cert, key: text })).toBe('key: expected the path of a PEM file, got the text of one');
    putKey('server-2');
    expect(problemOf({ cert, key })).toBe('key: the key in key.pem does not fit the certificate in cert.pem');
    writeFileSync(key, '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIG\n-----END ENCRYPTED PRIVATE KEY-----\n');
    expect(problemOf({ cert, key })).toBe('key: key.pem holds no private key in PEM that needs no passphrase');
  });

  test('[ACC-10] of issuers and of what they revoked are looked into, too', () => {
    const clientCa = made('ca');
    expect(problemOf({ cert, key, clientCa, clientCrl: made('crl-empty') })).toBe('');
    expect(problemOf({ cert, key, clientCa: key })).toBe('clientCa: key.pem holds no certificate in PEM');
    expect(problemOf({ cert, key, clientCa, clientCrl: cert })).toBe(
      'clientCrl: cert.pem holds no revocation list in PEM',
    );
  });
});

describe('a certificate that is looked at again', () => {
  test('[ACC-10] is taken once it was still for a look, so that no half of a change is', async () => {
    const { tls } = open();
    const taken: number[] = [];
    tls.onChange(({ notAfter }) => taken.push(notAfter));
    const first = tls.material.fingerprint;
    putCert('server-2');
    await tls.look();
    putKey('server-2');
    await tls.look();
    expect([tls.material.fingerprint, taken.length]).toEqual([first, 0]);
    await tls.look();
    expect([tls.material.fingerprint === first, taken.length]).toEqual([false, 1]);
    await tls.look();
    expect(tls.counters).toMatchObject({ certificatesReloaded: 1, certificatesRefused: 0 });
  });

  test('[ACC-10] behind a link that is led elsewhere is a new one', async () => {
    for (const [link, name] of [
      [cert, 'server-1'],
      [key, 'server-1.key'],
    ] as const) {
      unlinkSync(link);
      symlinkSync(made(name), link);
    }
    const { tls } = open();
    for (const [link, name] of [
      [cert, 'server-2'],
      [key, 'server-2.key'],
    ] as const) {
      unlinkSync(link);
      symlinkSync(made(name), link);
    }
    await tls.look();
    await tls.look();
    expect(tls.counters.certificatesReloaded).toBe(1);
  });

  test('[ACC-10] that is broken is refused and told once; the old one stays, and a later good one is taken', async () => {
    const { tls, said } = open();
    const first = tls.material.fingerprint;
    unlinkSync(key);
    for (let look = 0; look < 4; look++) await tls.look();
    expect([tls.material.fingerprint, tls.counters.certificatesRefused]).toEqual([first, 1]);
    expect(said).toEqual([['error', 'the new certificate is refused, and the old one stays in force']]);
    putCert('server-2');
    putKey('server-2');
    await tls.look();
    await tls.look();
    expect(tls.counters.certificatesReloaded).toBe(1);
  });

  test('[ACC-10] is warned of each day from two weeks before its end on, and so is one that is over', async () => {
    const end = readTls({ cert, key }).notAfter;
    const { tls, clock, said } = open(end - 20 * dayMs);
    expect(tls.daysLeft()).toBeCloseTo(20);
    expect(said).toEqual([]);
    const lookAt = (ms: number) => {
      clock.set(ms);
      return tls.look();
    };
    for (const hours of [1, 2, 3]) await lookAt(end - 14 * dayMs + hours * 3_600_000);
    expect(said).toEqual([['warn', 'the certificate expires soon']]);
    await lookAt(end - 12.9 * dayMs);
    expect(said).toHaveLength(2);
    await lookAt(end + 5);
    expect([said.at(-1), tls.daysLeft() < 0]).toEqual([
      ['warn', 'the certificate has expired: clients will refuse it'],
      true,
    ]);
  });

  test('[ACC-10] may have expired before the start: that is a warning, no obstacle', () => {
    putCert('expired');
    putKey('expired');
    expect(open().said).toEqual([['warn', 'the certificate has expired: clients will refuse it']]);
  });
});
