// What the parts of the AsyncAPI document are made of: messages, operations, and references from one to the other.
import type { z } from '@hono/zod-openapi';

/** A message by what is particular to it. */
export type Message<Payload = unknown> = {
  summary: string;
  description?: string;
  /** JSON where it is left out. */
  contentType?: string;
  /** Name of the schema of the payload, in `schemas` of the same part; one without a payload has headers. */
  payload?: string;
  headers?: string;
  /** Field of the payload that a question and its answer have in common. */
  correlatedBy?: string;
  examples: readonly { name: string; payload?: Payload; headers?: Record<string, string> }[];
};

/** What one family of channels brings along. */
export type Part = {
  channels: Record<string, Channel>;
  operations: Record<string, Operation>;
  messages: Record<string, Message>;
  schemas: Record<string, z.ZodType>;
};

type Bindings = Record<string, Record<string, unknown>>;
type Ref = { $ref: string };

export type Channel = {
  address: string;
  title: string;
  description: string;
  servers: Ref[];
  parameters?: Record<string, Ref>;
  messages: Record<string, Ref>;
  bindings?: Bindings;
  /** What a WebSocket's close codes mean, and what a client does about them; AsyncAPI has no word for it. */
  'x-close-codes'?: Record<number, { means: string; client: string }>;
};

export type Operation = {
  action: 'send' | 'receive';
  channel: Ref;
  summary: string;
  description?: string;
  messages: Ref[];
  reply?: { channel: Ref; messages: Ref[] };
  bindings?: Bindings;
};

export const ref = (...path: string[]): Ref => ({ $ref: `#/${path.join('/')}` });

/** The messages of a channel. The document has each once, however many channels carry it. */
export const carries = (names: readonly string[]): Record<string, Ref> =>
  Object.fromEntries(names.map(name => [name, ref('components', 'messages', name)]));

const within = (channel: string, names: readonly string[]): Ref[] =>
  names.map(name => ref('channels', channel, 'messages', name));

/** What is asked or told on a channel, and what answers it. `answeredOn` is the channel itself where it is left out. */
export function operation(
  action: Operation['action'],
  channel: string,
  names: readonly string[],
  {
    answers,
    answeredOn = channel,
    ...rest
  }: Pick<Operation, 'summary' | 'description' | 'bindings'> & { answers?: readonly string[]; answeredOn?: string },
): Operation {
  const reply = answers && { reply: { channel: ref('channels', answeredOn), messages: within(answeredOn, answers) } };
  return { action, channel: ref('channels', channel), ...rest, messages: within(channel, names), ...reply };
}
