// The native convention: JSON on `devices/{id}/…` (SPEC.md, MQTT).
import { limits, parseTopic, type Value } from '../contract/index.ts';
import { jsonExcerpt, jsonLength } from '../lib/json.ts';
import { type Convention, type Decoded, type Done, done, type Fault, fault, type Target } from './convention.ts';
import { parseTime } from './timestamp.ts';

type Json = null | Value | Json[] | { [name: string]: Json };

const shapes = 'expected {"metric":value,…}, {"ts":…,"values":{…}} or an array of either';

function parseJson(payload: string): { ok: true; json: Json } | Fault {
  try {
    return { ok: true, json: JSON.parse(payload) as Json };
  } catch (error) {
    return fault('payload_not_json', `${shapes}; ${(error as Error).message}`);
  }
}

const show = (json: Json | undefined) => jsonExcerpt(json, 40);

/** Adds one value under its name; what is wrong with it, or null. */
function addValue(name: string, value: Value, time: number | null, into: Decoded): Fault | null {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return fault('value_type', `${JSON.stringify(name)} is not a finite number`);
  }
  if (typeof value === 'string' && value.length > limits.textLengthMax) {
    return fault('value_too_long', `${JSON.stringify(name)} has ${value.length} characters of ${limits.textLengthMax}`);
  }
  into.metrics.push(name);
  into.times.push(time);
  into.values.push(value);
  return null;
}

/** Adds the values of an object; nested ones under `outer.inner`. `null` says that there is no value. */
function addValues(
  object: { [name: string]: Json },
  prefix: string,
  time: number | null,
  depth: number,
  into: Decoded,
): Fault | null {
  if (depth > limits.payloadDepthMax) return fault('payload_shape', `nested deeper than ${limits.payloadDepthMax}`);
  for (const key of Object.keys(object)) {
    const value = object[key] as Json;
    if (value === null) continue;
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (Array.isArray(value)) return fault('value_type', `${JSON.stringify(name)} is an array`);
    const wrong =
      typeof value === 'object' ? addValues(value, name, time, depth + 1, into) : addValue(name, value, time, into);
    if (wrong !== null) return wrong;
    if (into.values.length > limits.readingsPerMessageMax) {
      return fault('payload_too_large', `at most ${limits.readingsPerMessageMax} readings in a message`);
    }
  }
  return null;
}

/** Adds one sample: a plain object of values, or one with a time. */
function addSample(sample: Json, into: Decoded): Fault | null {
  if (sample === null || typeof sample !== 'object' || Array.isArray(sample)) {
    return fault('payload_shape', `${shapes}, got ${show(sample)}`);
  }
  if (!Object.hasOwn(sample, 'ts')) return addValues(sample, '', null, 1, into);
  const { ts, values } = sample;
  if (values === null || typeof values !== 'object' || Array.isArray(values)) {
    return fault('payload_shape', `with "ts" the values go below "values": {"ts":…,"values":{"metric":value}}`);
  }
  const time = parseTime(ts);
  if (time === null) {
    const got = show(ts);
    return fault('timestamp', `expected Unix seconds or milliseconds, or ISO 8601 with Z or an offset, got ${got}`);
  }
  return addValues(values, '', time, 1, into);
}

function decodeSamples(payload: string, into: Decoded): Done | Fault {
  const parsed = parseJson(payload);
  if (!parsed.ok) return parsed;
  const samples = Array.isArray(parsed.json) ? parsed.json : null;
  if (samples === null) return addSample(parsed.json, into) ?? done;
  for (const sample of samples) {
    const wrong = addSample(sample, into);
    if (wrong !== null) return wrong;
  }
  return done;
}

const numberForm = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** One plain value: a number, `true` or `false`, text in quotes or without. */
function decodePlain(metric: string, payload: string, into: Decoded): Done | Fault {
  const text = payload.trim();
  if (text === '') return fault('payload_empty', 'expected one plain value');
  if (text === 'null') return done;
  let value: Value = text;
  if (text === 'true' || text === 'false') value = text === 'true';
  else if (numberForm.test(text)) value = Number(text);
  else if (/^[+-]?(nan|inf(inity)?)$/i.test(text)) return fault('value_type', `${text} is not a finite number`);
  else if (text.startsWith('{') || text.startsWith('[')) {
    return fault('payload_shape', 'expected one plain value; objects go to devices/{id}/telemetry');
  } else if (text.startsWith('"')) {
    const parsed = parseJson(text);
    if (!parsed.ok) return parsed;
    value = parsed.json as string;
  }
  return addValue(metric, value, null, into) ?? done;
}

function targetOf(topic: string): Target | null {
  const parsed = parseTopic(topic);
  if (parsed === null) return null;
  const { device } = parsed;
  switch (parsed.kind) {
    case 'telemetry':
      return { kind: 'readings', device, metric: null };
    case 'metric':
      return { kind: 'readings', device, metric: parsed.metric };
    case 'status':
    case 'attributes':
      return { kind: parsed.kind, device };
    case 'result':
      return { kind: 'answer', device, command: parsed.command };
    case 'command':
      return { kind: 'stray', device, hint: 'commands come from the gateway; answers go to …/result' };
    case 'desired':
      return { kind: 'stray', device, hint: 'what is desired comes from the gateway; what is goes to attributes' };
    case 'other':
      return {
        kind: 'stray',
        device,
        hint: 'expected telemetry, telemetry/{metric}, status, attributes or commands/{id}/result below devices/{id}/',
      };
  }
}

export const native: Convention = {
  name: 'native',
  target: targetOf,
  readings: (target, payload, into) =>
    target.metric === null ? decodeSamples(payload, into) : decodePlain(target.metric, payload, into),
  status(payload) {
    const word = payload.trim();
    if (word === 'online' || word === 'offline') return { ok: true, online: word === 'online' };
    return fault('payload_shape', `expected online or offline, got ${JSON.stringify(word.slice(0, 40))}`);
  },
  attributes(payload, into) {
    const parsed = parseJson(payload);
    if (!parsed.ok) return parsed;
    const { json } = parsed;
    if (json === null || typeof json !== 'object' || Array.isArray(json)) {
      return fault('payload_shape', 'expected {"name":value,…}');
    }
    const decoded: Decoded = { metrics: [], times: [], values: [] };
    const wrong = addValues(json, '', null, 1, decoded);
    if (wrong !== null) return wrong;
    for (const [i, name] of decoded.metrics.entries()) into.set(name, decoded.values[i] as Value);
    return done;
  },
  answer(payload) {
    const parsed = parseJson(payload);
    if (!parsed.ok) return parsed;
    const { json } = parsed;
    if (json !== null && typeof json === 'object' && !Array.isArray(json)) {
      if (jsonLength(json.result) > limits.commandResultBytesMax) {
        return fault('payload_too_large', `expected a result of at most ${limits.commandResultBytesMax} bytes`);
      }
      if (json.ok === true) return { ok: true, answer: { ok: true, result: json.result ?? null } };
      if (json.ok === false)
        return {
          ok: true,
          answer: {
            ok: false,
            error: typeof json.error === 'string' ? json.error : json.error == null ? '' : show(json.error),
          },
        };
    }
    return fault('payload_shape', 'expected {"ok":true,"result":…} or {"ok":false,"error":"…"}');
  },
};
