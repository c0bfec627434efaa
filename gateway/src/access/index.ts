// The access stage's door.
export { Access, codeMs, parseRole } from './access.ts';
export type { Credential, DeviceIdentity } from './credentials.ts';
export { makeSecret } from './grants.ts';
export {
  type AccessPorts,
  type Principal,
  type SecretRecord,
  secretDefaults,
  type UserRecord,
} from './records.ts';
export { Sights } from './sights.ts';
