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
export type { Credential, DeviceIdentity } from './credentials.ts';
