// Frames from a viewer: parsed and checked at the edge, so that what is inside can be trusted.
import { type ClientFrame, limits, modes, type Position } from '../contract/index.ts';
import { jsonExcerpt } from '../lib/json.ts';

export type Checked = { ok: true; frame: ClientFrame } | { ok: false; id: number | undefined; detail: string };

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

const show = (value: unknown) => jsonExcerpt(value, 60);

/** Reads a message into its frames; null where it is not JSON of the right shape, which ends the connection. */
export function parseFrames(text: string): Checked[] | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const list = Array.isArray(json) ? json : [json];
  if (list.length === 0 || list.length > limits.framesPerMessageMax || !list.every(isFields)) return null;
  return list.map(checkFrame);
}

function checkFrame(fields: Fields): Checked {
  const id = typeof fields.id === 'number' ? fields.id : undefined;
  const wrong = faultOf(fields);
  return wrong === null ? { ok: true, frame: fields as ClientFrame } : { ok: false, id, detail: wrong };
}

function faultOf(fields: Fields): string | null {
  if (fields.id !== undefined && !Number.isSafeInteger(fields.id))
    return `id: expected an integer, got ${show(fields.id)}`;
  switch (fields.t) {
    case 'sub':
      return subFault(fields);
    case 'unsub':
      return nameFault('sub', fields.sub);
    case 'cmd':
      return cmdFault(fields);
    case 'desired':
      return desiredFault(fields);
    case 'ping':
      return null;
    default:
      return `t: expected sub, unsub, cmd, desired or ping, got ${show(fields.t)}`;
  }
}

function nameFault(field: string, value: unknown): string | null {
  if (typeof value === 'string' && value.length > 0 && value.length <= limits.subscriptionNameLengthMax) return null;
  return `${field}: expected 1 to ${limits.subscriptionNameLengthMax} characters, got ${show(value)}`;
}

function patternsFault(field: string, value: unknown): string | null {
  if (value === undefined) return null;
  const fits =
    Array.isArray(value) &&
    value.length <= limits.patternsPerSubscriptionMax &&
    value.every(pattern => typeof pattern === 'string' && pattern.length <= limits.patternLengthMax);
  return fits ? null : `${field}: expected up to ${limits.patternsPerSubscriptionMax} patterns, got ${show(value)}`;
}

function subFault(fields: Fields): string | null {
  const { intervalMs, mode, since } = fields;
  return (
    nameFault('sub', fields.sub) ??
    patternsFault('device', fields.device) ??
    patternsFault('metric', fields.metric) ??
    (mode === undefined || modes.some(known => known === mode)
      ? null
      : `mode: expected latest or log, got ${show(mode)}`) ??
    intervalFault(intervalMs) ??
    (since === undefined || isPosition(since) ? null : `since: expected {"epoch":…,"offset":…}, got ${show(since)}`)
  );
}

function intervalFault(value: unknown): string | null {
  if (value === undefined) return null;
  const most = limits.flushIntervalMsMax;
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most) return null;
  return `intervalMs: expected an integer from 0 to ${most}, got ${show(value)}`;
}

function isPosition(value: unknown): value is Position {
  return isFields(value) && typeof value.epoch === 'string' && Number.isSafeInteger(value.offset);
}

function cmdFault(fields: Fields): string | null {
  const { id, ttlMs, key, reason } = fields;
  if (id === undefined) return 'id: expected an integer, got nothing';
  if (ttlMs !== undefined && !Number.isSafeInteger(ttlMs)) return `ttlMs: expected an integer, got ${show(ttlMs)}`;
  if (key !== undefined && typeof key !== 'string') return `key: expected text, got ${show(key)}`;
  if (reason !== undefined && typeof reason !== 'string') return `reason: expected text, got ${show(reason)}`;
  return (
    nameFault('name', fields.name) ??
    (typeof fields.device === 'string' ? null : `device: expected an id, got ${show(fields.device)}`)
  );
}

/** What may be in `fields` is the registry's to say, as for a request over REST. */
function desiredFault({ id, device, fields, version, reason }: Fields): string | null {
  if (id === undefined) return 'id: expected an integer, got nothing';
  if (typeof device !== 'string') return `device: expected an id, got ${show(device)}`;
  if (!isFields(fields)) return `fields: expected an object, got ${show(fields)}`;
  const isValue = (value: unknown) => value === null || ['number', 'boolean', 'string'].includes(typeof value);
  const wrong = Object.entries(fields).find(([, value]) => !isValue(value));
  if (wrong !== undefined)
    return `fields.${wrong[0]}: expected a number, a boolean, text or null, got ${show(wrong[1])}`;
  if (version !== undefined && version !== '*' && !Number.isSafeInteger(version)) {
    return `version: expected an integer or "*", got ${show(version)}`;
  }
  return reasonFault(reason);
}

function reasonFault(reason: unknown): string | null {
  const most = limits.commandReasonLengthMax;
  if (reason === undefined || (typeof reason === 'string' && reason.length <= most)) return null;
  return `reason: expected text of at most ${most} characters, got ${show(reason)}`;
}
