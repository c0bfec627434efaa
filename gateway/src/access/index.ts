// The access stage's door.
export {
  Access,
  type AccessPorts,
  codeMs,
  makeSecret,
  type Principal,
  parseRole,
  type SecretRecord,
  type User,
} from './access.ts';
export type { StoredCredential } from './credentials.ts';
export { DeviceAccess, type DeviceAccessPorts } from './device-access.ts';
export type { EnrolmentKeyRecord } from './enrolment.ts';
