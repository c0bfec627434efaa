// Command types: what may be asked of which devices, with which parameters, and how dangerous that is.
import type { Page } from './rest.ts';
import type { Millis, Value } from './words.ts';

/**
 * A JSON Schema (draft 2020-12) of the keywords that the gateway knows: `type`, `title`, `description`, `default`,
 * `enum`, `const`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `multipleOf`, `minLength`, `maxLength`,
 * `pattern`, `properties`, `required`, `additionalProperties`, `items`, `minItems`, `maxItems`. `unit` is a note of ours
 * for people, as in `°C`. A keyword stands only beside the `type` that it is for, `enum` and `const` have plain values
 * and no bounds beside them, and every name in `required` is one of `properties`: what would not be checked is refused.
 */
export type JsonSchema = {
  type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  unit?: string;
};

export const dangers = ['none', 'caution', 'danger'] as const;
/** `danger`: who sends it types the device's id (for a group the number of its devices) and gives a reason. */
export type Danger = (typeof dangers)[number];

/** A value, or the name of the parameter that it is taken from. */
export type FromParam<Given> = Given | { param: string };

/** As `Expectation`, with values that may come out of the command's own parameters. */
export type ExpectationTemplate = {
  metric: string;
  withinMs: Millis;
  equals?: FromParam<Value>;
  min?: FromParam<number>;
  max?: FromParam<number>;
};

/** What may be sent under a name, to the devices that fit. Of several that fit the one with the smallest id counts. */
export type CommandType = {
  id: string;
  /** The command's name as the device reads it. */
  name: string;
  title: string | null;
  description: string | null;
  /** Patterns of ids, tags, and patterns of the attribute `model`; any that fits, and with none at all every device. */
  devices: string[];
  tags: string[];
  models: string[];
  /** Null takes any parameters. */
  params: JsonSchema | null;
  danger: Danger;
  /** Another person has to agree before it is sent. */
  secondPerson: boolean;
  /** The life of a command that does not say it. */
  ttlMs: Millis;
  /** How often it may be sent again without an answer; 0 is at most once. */
  retries: number;
  retryAfterMs: Millis;
  /** A later one takes the place of those that wait. */
  supersede: boolean;
  /** False for devices that do not answer; something has to be expected then. */
  reply: boolean;
  expect: ExpectationTemplate[];
  /** Those of the configuration are changed there. */
  source: 'config' | 'rest';
};

/** Which devices a type fits: those that fit a pattern of ids, have a tag or fit a pattern of models; without any all. */
export type CommandTypeTarget = Pick<CommandType, 'devices' | 'tags' | 'models'>;

/** What a command type is made of; what is left out is as the defaults say, and what takes any parameters has none. */
export type CommandTypeRequest = Pick<CommandType, 'name'> &
  Partial<Omit<CommandType, 'id' | 'name' | 'source' | 'expect'>> & {
    expect?: (Omit<ExpectationTemplate, 'withinMs'> & { withinMs?: Millis })[];
  };

export const untypedRules = ['allow', 'refuse'] as const;
/** What becomes of a command for which the device has no type. */
export type UntypedRule = (typeof untypedRules)[number];

/** Types in order of id. */
export type CommandTypePage = Page<CommandType> & { untyped: UntypedRule };
