// Bodies of the REST API about how devices sign in: credentials, enrolment, creation in bulk, and what became of their
// connections.
import type { Page } from './rest.ts';
import type { Millis } from './words.ts';

export const credentialKinds = ['device', 'field-gateway'] as const;
/** `device`: for the one device of its name. `field-gateway`: for a set of devices, and for none of its own name. */
export type CredentialKind = (typeof credentialKinds)[number];

/** What a device signs in with, without its secrets. */
export type Credential = {
  /** The MQTT user name. Names of field gateways and ids of devices are one space. */
  name: string;
  kind: CredentialKind;
  /** Ids of devices, or prefixes that end in `*`. Of a device's own credential its id. */
  devices: string[];
  /** False: nothing signs in with it, a client certificate of its name included. */
  enabled: boolean;
  createdAt: Millis;
  /** When the secret was made that holds now. */
  rotatedAt: Millis;
  /** How long the secret before it holds still, null where it does not. */
  previousUntil: Millis | null;
  /** The last sign-in, to the hour after a restart; null where there was none. */
  lastUsedAt: Millis | null;
};
export type CredentialPage = Page<Credential>;
export type CredentialRequest = { name: string; devices: string[] };
/** The secret is told this once. */
export type CredentialCreated = Credential & { secret: string };
/** `devices` of a field gateway alone. */
export type CredentialChange = { devices?: string[]; enabled?: boolean };

/** How long the old secret holds beside the new one, 0 (the default) to `limits.secretOverlapMsMax`. */
export type SecretRequest = { overlapMs?: number };
export type NewSecret = { secret: string; previousUntil: Millis | null };

/** A key that devices get their credential with ([ACC-9]), without the key itself. */
export type EnrolmentKey = {
  id: string;
  name: string;
  /** Ids that may enrol with it, or prefixes that end in `*`. */
  devices: string[];
  uses: number;
  usesMax: number;
  expiresAt: Millis;
  /** True: a device that has a credential already may enrol again, and gets a new secret in place of the old one. */
  again: boolean;
  createdAt: Millis;
  by: string;
  lastUsedAt: Millis | null;
};
export type EnrolmentKeyPage = Page<EnrolmentKey>;
export type EnrolmentKeyRequest = {
  name: string;
  devices: string[];
  usesMax: number;
  expiresAt: Millis;
  again?: boolean;
};
/** The key is told this once. */
export type EnrolmentKeyCreated = EnrolmentKey & { key: string };

export type EnrolRequest = { key: string; device: string; name?: string };
/** The secret is told this once. The MQTT user name is the id. */
export type EnrolledDevice = { id: string; name: string; secret: string };

/** What became of a CSV of devices, line by line; lines count from 1, the header among them. */
export type BulkReport = {
  devices: (EnrolledDevice & { line: number })[];
  /** Lines that made no device. */
  refused: { line: number; expected: string; got: string }[];
};

export const connectionEntryKinds = [
  'connected',
  'disconnected',
  'sign-in-refused',
  'publish-refused',
  'subscription-refused',
  'frame-refused',
] as const;

/** One thing that happened to a connection. */
export type ConnectionEntry = {
  kind: (typeof connectionEntryKinds)[number];
  /** When first and when last, and how often: the same again within a minute is counted here. */
  at: Millis;
  lastAt: Millis;
  count: number;
  /** Where from; empty where that is not known. */
  address: string;
  /** The client id as the device gave it. */
  client: string;
  /** Of `connected` alone. */
  protocol: 'MQTT 3.1' | 'MQTT 3.1.1' | null;
  clean: boolean | null;
  keepAliveS: number | null;
  /** The topic or filter that was refused. */
  topic: string | null;
  /** Why it ended or was refused: a word or a sentence. */
  reason: string | null;
};

/** The newest first. In memory alone, so that nobody wears out the disk by it: it begins anew with the gateway. */
export type ConnectionLog = { name: string; connected: number; entries: ConnectionEntry[] };
