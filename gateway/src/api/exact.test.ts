// The type check is the test: where a difference no longer shows, its `@ts-expect-error` is an error itself.
import { z } from '@hono/zod-openapi';
import { expect, test } from 'vitest';
import { exactly } from './exact.ts';

type Lamp = { t: 'lamp'; id?: number } & { colour: 'red' | 'green'; rows: [at: number, on?: boolean][] };
const rows = z.array(z.tuple([z.number(), z.boolean().optional()]));
const lamp = { t: z.literal('lamp'), id: z.number().optional(), colour: z.enum(['red', 'green']), rows };

test('a schema of exactly its type is handed back as it is', () => {
  const schema = z.object(lamp);
  expect(exactly<Lamp>()(schema)).toBe(schema);
});

test('a schema with a field or a member more or less than its type does not compile', () => {
  const { id, ...withoutId } = lamp;
  const different = [
    // @ts-expect-error an optional field of the type is missing
    exactly<Lamp>()(z.object(withoutId)),
    // @ts-expect-error a field that the type has as optional is required
    exactly<Lamp>()(z.object({ ...lamp, id: id.unwrap() })),
    // @ts-expect-error the type does not have the optional field
    exactly<Lamp>()(z.object({ ...lamp, dimmed: z.boolean().optional() })),
    // @ts-expect-error a member of an enum is missing
    exactly<Lamp>()(z.object({ ...lamp, colour: z.literal('red') })),
    // @ts-expect-error the type does not have the member
    exactly<Lamp>()(z.object({ ...lamp, colour: z.enum(['red', 'green', 'blue']) })),
    // @ts-expect-error the last part of a row is missing
    exactly<Lamp>()(z.object({ ...lamp, rows: z.array(z.tuple([z.number()])) })),
    // @ts-expect-error a member of a union is missing
    exactly<Lamp | { t: 'bell' }>()(z.object(lamp)),
  ];
  expect(new Set(different).size).toBe(7);
});
