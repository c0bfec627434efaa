// The AsyncAPI document: what goes over WebSocket, SSE, long poll and MQTT, made from the schemas that the API checks
// with, so that it says what the gateway does.
import { z } from '@hono/zod-openapi';
import { assert } from '../lib/assert.ts';
import { livePart } from './asyncapi/live.ts';
import { liveHttpPart } from './asyncapi/live-http.ts';
import { mqttParameters, mqttPart } from './asyncapi/mqtt.ts';
import { type Message, type Part, ref } from './asyncapi/parts.ts';
import { securitySchemes, servers } from './asyncapi/servers.ts';

const info = {
  title: 'Telltale',
  version: '1',
  description:
    'Telemetry, presence and commands of devices over MQTT, and the live stream for viewers over WebSocket, ' +
    'server-sent events and long poll.\n\n' +
    'The application described here is the gateway: `receive` is what devices and viewers send to it, `send` is what ' +
    'it sends to them. Who writes a device or a viewer reads it the other way round.\n\n' +
    'History and everything else is REST, described by /api/v1/openapi.json.',
  license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
};

/** All of one kind in one table; a name that two parts give away would hide one of them. */
function joined<Kind extends keyof Part>(parts: readonly Part[], kind: Kind): Part[Kind] {
  const names = parts.flatMap(part => Object.keys(part[kind]));
  assert(new Set(names).size === names.length, `names of ${kind} are given once`);
  return Object.assign({}, ...parts.map(part => part[kind])) as Part[Kind];
}

/** JSON Schemas (draft 7) that refer to each other by name. What comes in is meant, before defaults are filled in. */
function jsonSchemas(schemas: Part['schemas']): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, {
    target: 'draft-7',
    io: 'input',
    uri: id => ref('components', 'schemas', id).$ref,
  });
  return Object.fromEntries(
    // AsyncAPI says itself which draft it is, and names a schema by its place.
    Object.entries(made.schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]),
  );
}

function describe([name, { payload, headers, correlatedBy, contentType, ...rest }]: [string, Message]) {
  const message = {
    name,
    contentType: contentType ?? 'application/json',
    ...rest,
    ...(payload && { payload: ref('components', 'schemas', payload) }),
    ...(headers && { headers: ref('components', 'schemas', headers) }),
    ...(correlatedBy && { correlationId: { location: `$message.payload#/${correlatedBy}` } }),
  };
  return [name, message] as const;
}

function build() {
  const parts = [livePart, liveHttpPart, mqttPart];
  return {
    asyncapi: '3.0.0',
    id: 'urn:telltale:gateway',
    info,
    defaultContentType: 'application/json',
    servers,
    channels: joined(parts, 'channels'),
    operations: joined(parts, 'operations'),
    components: {
      schemas: jsonSchemas(joined(parts, 'schemas')),
      messages: Object.fromEntries(Object.entries(joined(parts, 'messages')).map(describe)),
      parameters: mqttParameters,
      securitySchemes,
    },
  };
}

let text: string | null = null;

/** The document as JSON. Nothing in it changes while the gateway runs, so that it is built once, when first asked for. */
export function asyncApiDocument(): string {
  text ??= JSON.stringify(build());
  return text;
}
