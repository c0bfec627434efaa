// Schemas that are a type of the contract and nothing else, so that neither can change without the other.
import type { z } from '@hono/zod-openapi';

/** Intersections written out, so that two ways to write one type compare as one. */
type Flat<Type> = Type extends object ? { [Key in keyof Type]: Flat<Type[Key]> } : Type;

/** True where both are the same to the last optional field, which mutual assignability would not tell. */
export type Same<One, Other> =
  (<Any>() => Any extends Flat<One> ? 1 : 2) extends <Any>() => Any extends Flat<Other> ? 1 : 2 ? true : false;

/** One member of a union of frames, by its type. */
export type FrameOf<Frame extends { t: string }, Type extends Frame['t']> = Extract<Frame, { t: Type }>;

/** Returns the schema. Does not compile where a field, a member or an element is missing in it, or in `Type`. */
export const exactly =
  <Type>() =>
  <Schema extends z.ZodType>(schema: Schema & (Same<z.output<Schema>, Type> extends true ? unknown : never)): Schema =>
    schema;
