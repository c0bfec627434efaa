// What devices sign in with: a name, a secret, and the devices that it may speak for ([ACC-2]). All are in memory, so
// that a connect costs one hash and one look-up.
import { matchesPattern } from '../lib/pattern.ts';
import { hashSecret, newSecret, sameHash } from './secrets.ts';

export type Credential = {
  /** The MQTT user name. */
  name: string;
  secretHash: string;
  /** Device ids, or prefixes that end in `*`, for a field gateway. */
  devices: string[];
  createdAt: number;
};

/** Who is at the other end of a device connection. */
export type DeviceIdentity = {
  name: string;
  covers(device: string): boolean;
  /** The one device that this is, or null for a field gateway. */
  device: string | null;
};

export function identityOf({ name, devices }: Credential): DeviceIdentity {
  const [only] = devices;
  const device = devices.length === 1 && only !== undefined && !only.endsWith('*') ? only : null;
  const covers =
    device === null
      ? (id: string) => devices.some(pattern => matchesPattern(pattern, id))
      : (id: string) => id === device;
  return { name, covers, device };
}

export class Credentials {
  private readonly byName = new Map<string, Credential>();

  load(credentials: Credential[]): void {
    for (const credential of credentials) this.byName.set(credential.name, credential);
  }

  /** A credential for one device with a new secret, which is told this once. It is not kept until `put`. */
  make(device: string, createdAt: number): { credential: Credential; secret: string } {
    const secret = newSecret();
    return { credential: { name: device, secretHash: hashSecret(secret), devices: [device], createdAt }, secret };
  }

  put(credential: Credential): void {
    this.byName.set(credential.name, credential);
  }

  delete(name: string): void {
    this.byName.delete(name);
  }

  /** The identity of that name, or null. */
  find(name: string): DeviceIdentity | null {
    const credential = this.byName.get(name);
    return credential === undefined ? null : identityOf(credential);
  }

  /** The identity that name and secret prove, or null. */
  check(name: string, secret: Uint8Array): DeviceIdentity | null {
    const credential = this.byName.get(name);
    // The hash is taken for unknown names too, so that the time tells nothing about which names there are.
    const hash = hashSecret(secret);
    if (credential === undefined || !sameHash(hash, credential.secretHash)) return null;
    return identityOf(credential);
  }
}
