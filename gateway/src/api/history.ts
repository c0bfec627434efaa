// /history: readings and buckets of one metric, as JSON or CSV.
import { createRoute, z } from '@hono/zod-openapi';
import { bucketColumns, type HistoryBuckets, limits, Refusal, type Value } from '../contract/index.ts';
import type { ApiPorts, HistoryAsk, Interval } from './context.ts';
import { createRouter } from './router.ts';
import { answer, bucketsSchema, deviceId, limitQuery, metricName, problem, readingsSchema } from './schemas.ts';

const usualSpanMs = 60 * 60 * 1000;

const time = z
  .string()
  .transform((text, context) => {
    const ms = /^-?\d{1,16}$/.test(text) ? Number(text) : Date.parse(text);
    if (Math.abs(ms) <= 8.64e15) return ms;
    context.addIssue({ code: 'custom', message: 'expected Unix milliseconds or ISO 8601' });
    return z.NEVER;
  })
  .openapi({ type: 'string', description: 'Unix milliseconds or ISO 8601', example: '1763820000123' });

const query = z.object({
  device: deviceId,
  metric: metricName,
  from: time.optional().openapi({ description: 'First instant; an hour before `to` where left out' }),
  to: time.optional().openapi({ description: 'The first instant after the range; now where left out' }),
  points: z.coerce
    .number()
    .pipe(z.int().min(1).max(limits.historyBucketsMax))
    .optional()
    .openapi({ description: 'About so many buckets of equal length' }),
  interval: z
    .string()
    .regex(/^[1-9]\d{0,4}(s|m|h|d|w|mo)$/, 'expected a number and s, m, h, d, w or mo, as in 15m or 1d')
    .optional(),
  tz: z.string().max(64).default('UTC').openapi({ description: 'IANA time zone for days, weeks and months' }),
  limit: limitQuery(limits.historyReadingsMax, 1_000),
  cursor: z
    .string()
    .regex(/^\d{1,16}$/, 'expected the `next` of the page before')
    .optional(),
  format: z.enum(['json', 'csv']).default('json'),
});

const route = createRoute({
  method: 'get',
  path: '/',
  tags: ['history'],
  summary: 'Raw readings, or buckets where `points` or `interval` is given',
  request: { query },
  responses: {
    200: {
      ...answer('Readings or buckets', z.union([readingsSchema, bucketsSchema])),
    },
    404: problem('No such device or metric'),
    422: problem('More than one answer can hold'),
  },
});

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `15m` as an interval; hours and longer follow the calendar of the zone. */
export function parseInterval(text: string, zone: string): Interval {
  const count = Number.parseInt(text, 10);
  const unit = text.replace(/^\d+/, '');
  if (unit === 'd') return { unit: 'day', count };
  if (unit === 'w') return { unit: 'week', count };
  if (unit === 'mo') return { unit: 'month', count };
  // Zones of half an hour have hours that begin elsewhere.
  if (unit === 'h' && zone !== 'UTC') return { unit: 'hour', count };
  return { ms: count * (units[unit] as number) };
}

const csvValue = (value: Value | null) =>
  typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : value === null ? '' : String(value);

function csvResponse(lines: Iterable<string> | AsyncIterable<string>, name: string): Response {
  const stream = ReadableStream.from(lines).pipeThrough(new TextEncoderStream() as never);
  return new Response(stream as ReadableStream, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}.csv`,
    },
  });
}

/** All readings of the range as CSV, read a page at a time while the client takes them. */
async function* readingLines(ports: ApiPorts, ask: HistoryAsk): AsyncIterable<string> {
  yield 'ts,time,value\r\n';
  let from = ask.from;
  for (;;) {
    const { readings, more } = await ports.history.readings({ ...ask, from, limit: limits.historyReadingsMax });
    yield readings.map(([ts, value]) => `${ts},${new Date(ts).toISOString()},${csvValue(value)}\r\n`).join('');
    const last = readings.at(-1);
    if (!more || last === undefined) return;
    from = last[0] + 1;
  }
}

function* bucketLines({ buckets }: HistoryBuckets): Iterable<string> {
  yield `${bucketColumns.join(',')}\r\n`;
  for (const bucket of buckets) yield `${bucket.map(csvValue).join(',')}\r\n`;
}

export function historyRoutes(ports: ApiPorts) {
  const router = createRouter();
  router.openapi(route, async c => {
    const { device, metric, points, interval, tz, limit, cursor, format, ...range } = c.req.valid('query');
    const to = range.to ?? ports.now();
    const from = cursor === undefined ? (range.from ?? to - usualSpanMs) : Number(cursor);
    if (from >= to) throw new Refusal('bad_request', `from (${from}) has to lie before to (${to})`);
    if (!ports.history.isTimeZone(tz))
      throw new Refusal('bad_request', `tz: no time zone is called ${JSON.stringify(tz)}`);
    ports.devices.describe(device);
    const unit = ports.history.unit(device, metric);
    if (unit === undefined)
      throw new Refusal('not_found', `${device} never sent a metric called ${JSON.stringify(metric)}`);
    const head = { device, metric, unit, from, to };

    if (points === undefined && interval === undefined) {
      if (format === 'csv') return csvResponse(readingLines(ports, head), `${device}-${metric}`) as never;
      const { readings, more } = await ports.history.readings({ ...head, limit });
      const last = readings.at(-1);
      return c.json({ ...head, readings, next: more && last !== undefined ? String(last[0] + 1) : null }, 200);
    }
    const ms = Math.max(1, Math.ceil((to - from) / (points ?? 1)));
    const spacing = interval === undefined ? { ms } : parseInterval(interval, tz);
    const answered = await ports.history.buckets({ ...head, interval: spacing, zone: tz });
    const result: HistoryBuckets = { ...head, interval: interval ?? `${ms}ms`, columns: bucketColumns, ...answered };
    return format === 'csv' ? (csvResponse(bucketLines(result), `${device}-${metric}`) as never) : c.json(result, 200);
  });
  return router;
}
