// The certificates that tests use, and a listener's own folder of them in which they can be changed.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { newFolder } from './gateway.ts';

/** Path of a file that ../certificates/make.sh made. */
export function certificateFile(name: string): string {
  return fileURLToPath(new URL(`../certificates/${name}.pem`, import.meta.url));
}

const textOf = (name: string) => readFileSync(certificateFile(name), 'utf8');

/** The issuer of all certificates but the foreign ones. */
export const testCa: string = textOf('ca');

/** What a client needs to believe the gateway, and with `name` to show a certificate of its own. */
export function clientTls(name?: string): ConnectionOptions {
  const own = name === undefined ? {} : { cert: textOf(name), key: textOf(`${name}.key`) };
  return { ca: testCa, servername: 'localhost', ...own };
}

/** Files of a listener, for a test to change. */
export class CertificateFolder {
  readonly cert: string;
  readonly key: string;
  readonly crl: string;

  constructor(name = 'server-1') {
    const dir = newFolder();
    this.cert = join(dir, 'fullchain.pem');
    this.key = join(dir, 'privkey.pem');
    this.crl = join(dir, 'crl.pem');
    this.put(name);
    this.putCrl('crl-empty');
  }

  /** Lays another certificate down, with its key or with that of a third. */
  put(name: string, keyOf = name): void {
    copyFileSync(certificateFile(name), this.cert);
    copyFileSync(certificateFile(`${keyOf}.key`), this.key);
  }

  putCrl(name: string): void {
    copyFileSync(certificateFile(name), this.crl);
  }

  /** As if somebody broke off while writing. */
  breakKey(): void {
    writeFileSync(this.key, readFileSync(this.key, 'utf8').slice(0, 100));
  }

  httpFlags(): string[] {
    return [`http.tls.cert=${this.cert}`, `http.tls.key=${this.key}`];
  }

  mqttFlags(): string[] {
    return [`mqtt.tls.cert=${this.cert}`, `mqtt.tls.key=${this.key}`, 'mqtt.tls.port=0'];
  }
}
