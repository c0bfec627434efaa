// The calls about how devices sign in: credentials, enrolment keys, devices out of a CSV, and connection logs.
import type {
  BulkReport,
  ConnectionLog,
  Credential,
  CredentialChange,
  CredentialCreated,
  CredentialPage,
  CredentialRequest,
  Device,
  EnrolmentKeyCreated,
  EnrolmentKeyPage,
  EnrolmentKeyRequest,
  NewSecret,
  SecretRequest,
} from '@telltale/gateway/contract';
import { type Call, type ListQuery, queryText } from './rest-call.ts';

/** Thousands of devices, each with a hashed secret and committed to a slow card. */
const bulkTimeoutMs = 180_000;

/** Joins the client in rest.ts. */
export function deviceAccessCalls(call: Call) {
  const credential = (name: string) => `/credentials/${encodeURIComponent(name)}`;
  const device = (id: string) => `/devices/${encodeURIComponent(id)}`;
  return {
    setTags: (id: string, tags: string[]) => call<Device>('PATCH', device(id), { tags }),
    createDevices: (csv: string) =>
      call<BulkReport>('POST', '/devices/bulk', csv, {
        headers: { 'content-type': 'text/csv' },
        timeoutMs: bulkTimeoutMs,
      }),
    newDeviceSecret: (id: string, request: SecretRequest) => call<NewSecret>('POST', `${device(id)}/secret`, request),
    connectionsOf: (id: string) => call<ConnectionLog>('GET', `${device(id)}/connections`),
    credentials: (query: ListQuery & { q?: string; kind?: Credential['kind'] }) =>
      call<CredentialPage>('GET', `/credentials${queryText(query)}`),
    credential: (name: string) => call<Credential>('GET', credential(name)),
    createCredential: (request: CredentialRequest) => call<CredentialCreated>('POST', '/credentials', request),
    changeCredential: (name: string, change: CredentialChange) => call<Credential>('PATCH', credential(name), change),
    newSecret: (name: string, request: SecretRequest) => call<NewSecret>('POST', `${credential(name)}/secret`, request),
    endPreviousSecret: (name: string) => call<void>('DELETE', `${credential(name)}/secret/previous`),
    revokeCredential: (name: string) => call<void>('DELETE', credential(name)),
    credentialConnections: (name: string) => call<ConnectionLog>('GET', `${credential(name)}/connections`),
    enrolmentKeys: (query: ListQuery) => call<EnrolmentKeyPage>('GET', `/enrolment-keys${queryText(query)}`),
    createEnrolmentKey: (request: EnrolmentKeyRequest) => call<EnrolmentKeyCreated>('POST', '/enrolment-keys', request),
    revokeEnrolmentKey: (id: string) => call<void>('DELETE', `/enrolment-keys/${encodeURIComponent(id)}`),
  };
}
