// The access stage's door.
export {
  Access,
  type AccessPorts,
  codeMs,
  makeSecret,
  type Principal,
  parseRole,
  type SecretRecord,
  sessionMs,
  type User,
} from './access.ts';
export type { Credential, DeviceIdentity } from './credentials.ts';
export { newSecret } from './secrets.ts';
