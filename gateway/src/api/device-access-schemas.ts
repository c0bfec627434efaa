// Schemas of how devices sign in: credentials, enrolment, creation in bulk and connection logs. Each has to fit its type
// in the contract.
import { z } from '@hono/zod-openapi';
import {
  type BulkReport,
  type ConnectionLog,
  type Credential,
  type CredentialChange,
  type CredentialCreated,
  type CredentialPage,
  type CredentialRequest,
  connectionEntryKinds,
  credentialKinds,
  type EnrolledDevice,
  type EnrolmentKey,
  type EnrolmentKeyCreated,
  type EnrolmentKeyPage,
  type EnrolmentKeyRequest,
  type EnrolRequest,
  isDeviceId,
  isDevicePattern,
  limits,
  type NewSecret,
  type SecretRequest,
} from '../contract/index.ts';
import { deviceId, deviceName, millis, pageOf } from './schemas.ts';

export const credentialName = z
  .string()
  .refine(isDeviceId, 'expected a name: 1 to 128 characters, no / + # or control, no $ in front');

const devicePatterns = z
  .array(z.string().refine(isDevicePattern, 'expected a device id, or a prefix of one that ends in *'))
  .min(1)
  .max(limits.patternsPerCredentialMax)
  .openapi({ description: 'Device ids, or prefixes that end in `*`', example: ['pump-1', 'site-7-*'] });

const secret = z.string().openapi({ description: 'Told this once' });

export const credentialSchema = z
  .object({
    name: z.string().openapi({ description: 'The MQTT user name' }),
    kind: z.enum(credentialKinds),
    devices: z.array(z.string()),
    enabled: z.boolean(),
    createdAt: millis,
    rotatedAt: millis.openapi({ description: 'When the secret was made that holds now' }),
    previousUntil: millis.nullable().openapi({ description: 'How long the secret before it holds still' }),
    lastUsedAt: millis.nullable().openapi({ description: 'The last sign-in, to the hour after a restart' }),
  })
  .openapi('Credential') satisfies z.ZodType<Credential>;

export const credentialsSchema = pageOf(credentialSchema).openapi('Credentials') satisfies z.ZodType<CredentialPage>;

export const credentialRequestSchema = z
  .strictObject({ name: credentialName, devices: devicePatterns })
  .openapi('CredentialRequest') satisfies z.ZodType<CredentialRequest>;

export const credentialCreatedSchema = credentialSchema
  .extend({ secret })
  .openapi('CredentialCreated') satisfies z.ZodType<CredentialCreated>;

export const credentialChangeSchema = z
  .strictObject({
    devices: devicePatterns.optional().openapi({ description: 'Of a field gateway alone' }),
    enabled: z.boolean().optional(),
  })
  .openapi('CredentialChange') satisfies z.ZodType<CredentialChange>;

export const secretRequestSchema = z
  .strictObject({
    overlapMs: z
      .int()
      .min(0)
      .max(limits.secretOverlapMsMax)
      .optional()
      .openapi({ description: 'How long the old secret holds beside the new one; 0 where left out' }),
  })
  .openapi('SecretRequest') satisfies z.ZodType<SecretRequest>;

export const newSecretSchema = z
  .object({ secret, previousUntil: millis.nullable() })
  .openapi('NewSecret') satisfies z.ZodType<NewSecret>;

export const enrolmentKeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    devices: z.array(z.string()),
    uses: z.int(),
    usesMax: z.int(),
    expiresAt: millis,
    again: z.boolean(),
    createdAt: millis,
    by: z.string(),
    lastUsedAt: millis.nullable(),
  })
  .openapi('EnrolmentKey') satisfies z.ZodType<EnrolmentKey>;

export const enrolmentKeysSchema = pageOf(enrolmentKeySchema).openapi(
  'EnrolmentKeys',
) satisfies z.ZodType<EnrolmentKeyPage>;

export const enrolmentKeyRequestSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(128),
    devices: devicePatterns,
    usesMax: z.int().min(1).max(limits.enrolmentUsesMax),
    expiresAt: z.int().min(0).max(8.64e15).openapi({ description: 'Unix milliseconds' }),
    again: z
      .boolean()
      .optional()
      .openapi({ description: 'A device that has a credential gets a new one in its place; false where left out' }),
  })
  .openapi('EnrolmentKeyRequest') satisfies z.ZodType<EnrolmentKeyRequest>;

export const enrolmentKeyCreatedSchema = enrolmentKeySchema
  .extend({ key: z.string().openapi({ description: 'Told this once' }) })
  .openapi('EnrolmentKeyCreated') satisfies z.ZodType<EnrolmentKeyCreated>;

export const enrolRequestSchema = z
  .strictObject({ key: z.string().min(1).max(128), device: deviceId, name: deviceName.optional() })
  .openapi('EnrolRequest') satisfies z.ZodType<EnrolRequest>;

const enrolled = z.object({ id: z.string(), name: z.string(), secret });

export const enrolledSchema = enrolled.openapi('EnrolledDevice') satisfies z.ZodType<EnrolledDevice>;

export const bulkReportSchema = z
  .object({
    devices: z.array(enrolled.extend({ line: z.int() })),
    refused: z.array(z.object({ line: z.int(), expected: z.string(), got: z.string() })),
  })
  .openapi('BulkReport') satisfies z.ZodType<BulkReport>;

export const connectionLogSchema = z
  .object({
    name: z.string(),
    connected: z.int().openapi({ description: 'Connections there are now' }),
    entries: z.array(
      z.object({
        kind: z.enum(connectionEntryKinds),
        at: millis,
        lastAt: millis,
        count: z.int(),
        address: z.string(),
        client: z.string(),
        protocol: z.enum(['MQTT 3.1', 'MQTT 3.1.1']).nullable(),
        clean: z.boolean().nullable(),
        keepAliveS: z.int().nullable(),
        topic: z.string().nullable(),
        reason: z.string().nullable(),
      }),
    ),
  })
  .openapi('ConnectionLog') satisfies z.ZodType<ConnectionLog>;
