// The access stage's door.
export { Access, codeMs, parseRole } from './access.ts';
export type { StoredCredential } from './credentials.ts';
export { DeviceAccess, type DeviceAccessPorts } from './device-access.ts';
export type { EnrolmentKeyRecord } from './enrolment.ts';
export { makeSecret } from './grants.ts';
export {
  type AccessPorts,
  type Principal,
  type SecretRecord,
  secretDefaults,
  type UserRecord,
} from './records.ts';
export { Sights } from './sights.ts';
