// An AsyncAPI document as a client reads it: references are followed, and what fits its schemas is found out from the
// document alone.
import { z } from '@hono/zod-openapi';

type Ref = { $ref: string };
type Example = { name: string; payload?: unknown; headers?: unknown };
export type ReadMessage = { name: string; contentType: string; payload?: Ref; headers?: Ref; examples: Example[] };
export type ReadOperation = {
  action: 'send' | 'receive';
  channel: Ref;
  messages: Ref[];
  reply?: { channel: Ref; messages: Ref[] };
};

export type AsyncApi = {
  asyncapi: string;
  info: { description: string };
  servers: Record<string, { protocol: string; host: string; security: Ref[] }>;
  channels: Record<
    string,
    { address: string; servers: Ref[]; parameters?: Record<string, Ref>; messages: Record<string, Ref> }
  >;
  operations: Record<string, ReadOperation>;
  components: { schemas: Record<string, unknown>; messages: Record<string, ReadMessage> };
};

/** Where a reference leads; undefined where it leads nowhere. It may lead to a further one, as those of a channel do. */
export function follow(document: AsyncApi, { $ref }: Ref): unknown {
  let place: unknown = document;
  for (const key of $ref.replace('#/', '').split('/')) {
    place = place === null || typeof place !== 'object' ? undefined : Reflect.get(place, key);
  }
  return place !== null && typeof place === 'object' && '$ref' in place ? follow(document, place as Ref) : place;
}

/** Checks values against the schemas of the document, which are draft 7, by their names. */
export function fitting(document: AsyncApi): (name: string, value: unknown) => string | null {
  const text = JSON.stringify(document.components.schemas).replaceAll('#/components/schemas/', '#/definitions/');
  const definitions = JSON.parse(text) as Record<string, z.core.JSONSchema.JSONSchema>;
  const made = new Map<string, z.ZodType>();
  return (name, value) => {
    const schema =
      made.get(name) ?? z.fromJSONSchema({ ...definitions[name], definitions }, { defaultTarget: 'draft-7' });
    made.set(name, schema);
    const { success, error } = schema.safeParse(value);
    return success ? null : z.prettifyError(error);
  };
}

/** The name of what a reference leads to: a schema, a message. */
export const nameOf = ({ $ref }: Ref): string => $ref.slice($ref.lastIndexOf('/') + 1);

/** Fits a frame into the schema of the message that the document has for its type. */
export function misfitOf(document: AsyncApi): (frame: { t: string }) => string | null {
  const fits = fitting(document);
  return frame => {
    const payload = document.components.messages[frame.t]?.payload;
    return payload === undefined ? `no message ${frame.t}` : fits(nameOf(payload), frame);
  };
}
