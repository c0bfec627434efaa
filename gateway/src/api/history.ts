// /history: readings and buckets of one metric, as JSON or CSV.
import { createRoute, z } from '@hono/zod-openapi';
import { bucketColumns, type HistoryBuckets, limits, Refusal } from '../contract/index.ts';
import { assert } from '../lib/assert.ts';
import { type ApiPorts, type HistoryAsk, type Interval, type Missing, unitOf } from './context.ts';
import { csvForeign, csvResponse, csvValue, isoTime } from './csv.ts';
import { createRouter } from './router.ts';
import { answer, bucketsSchema, deviceId, limitQuery, metricName, problem, readingsSchema } from './schemas.ts';

const usualSpanMs = 60 * 60 * 1000;

/** A time as a query names it. */
export const timeQuery = z
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
  from: timeQuery.optional().openapi({ description: 'First instant; an hour before `to` where left out' }),
  to: timeQuery.optional().openapi({ description: 'The first instant after the range; now where left out' }),
  points: z.coerce
    .number()
    .pipe(z.int().min(1).max(limits.historyBucketsMax))
    .optional()
    .openapi({ description: 'About so many buckets of a length that the gateway chooses; the answer tells it' }),
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
      ...answer(
        'Readings or buckets, and why something is missing. As CSV a gap or a void is a line of its own at its place in ' +
          'time: no value, then `until` and `reason`',
        z.union([readingsSchema, bucketsSchema]),
      ),
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

type Line = [at: number, text: string];

/** The lines in order of time; what explains an absence goes before what was there at the same instant. */
const inOrder = (missing: Line[], present: Line[]) =>
  [...missing, ...present]
    .sort(([a], [b]) => a - b)
    .map(([, text]) => `${text}\r\n`)
    .join('');

/**
 * Makes the lines of gaps and voids, for one page after the other. A page may tell of what begins behind its end, and
 * the next tells again of what reaches over the seam: a line is made on the page where it begins, and no instant of
 * one gap or void is told twice. `empty` stands for the columns between its time and its end.
 */
function missingLines(empty: (at: number) => string) {
  const toldTo = new Map<string, number>();
  return ({ gaps, voids }: Missing, from: number, pageEnd: number, to: number): Line[] => {
    const spans = [
      ...gaps.map(gap => ({ ...gap, key: gap.reason as string })),
      ...voids.map(({ id, by, reason, ...span }) => ({
        ...span,
        key: id,
        reason: csvValue(`voided by ${by}: ${reason}`),
      })),
    ].sort((a, b) => a.from - b.from);
    const lines: Line[] = [];
    for (const span of spans) {
      const at = Math.max(span.from, from, toldTo.get(span.key) ?? from);
      const until = Math.min(span.to, to);
      if (at >= until || at >= pageEnd) continue;
      toldTo.set(span.key, until);
      lines.push([at, `${empty(at)},${isoTime(until)},${span.reason}`]);
    }
    return lines;
  };
}

/** All readings of the range as CSV, read a page at a time while the client takes them. */
async function* readingLines(ports: ApiPorts, ask: HistoryAsk): AsyncIterable<string> {
  yield 'ts,time,value,until,reason\r\n';
  const missing = missingLines(at => `${at},${isoTime(at)},`);
  let from = ask.from;
  for (;;) {
    const page = await ports.history.readings({ ...ask, from, limit: limits.historyReadingsMax });
    const last = page.readings.at(-1);
    const next = page.more && last !== undefined ? last[0] + 1 : null;
    yield inOrder(
      missing(page, from, next ?? ask.to, ask.to),
      page.readings.map(([ts, value]) => [ts, `${ts},${isoTime(ts)},${csvForeign(value)},,`]),
    );
    if (next === null) return;
    from = next;
  }
}

function* bucketLines({ buckets, from, to, ...answered }: HistoryBuckets): Iterable<string> {
  yield `${bucketColumns.join(',')},until,reason\r\n`;
  const noValues = ','.repeat(bucketColumns.length - 1);
  yield inOrder(
    missingLines(at => `${at}${noValues}`)(answered, from, to, to),
    buckets.map(bucket => [bucket[0], `${bucket.map(csvValue).join(',')},,`]),
  );
}

/** Buckets of the interval, or where none is given about so many points. */
async function bucketsOf(
  { history }: ApiPorts,
  ask: HistoryAsk,
  interval: string | undefined,
  zone: string,
  points = 1,
): Promise<Missing & Pick<HistoryBuckets, 'interval' | 'buckets'>> {
  if (interval !== undefined) {
    const { buckets, gaps, voids } = await history.buckets({ ...ask, interval: parseInterval(interval, zone), zone });
    return { interval, buckets, gaps, voids };
  }
  const { intervalMs, ...answered } = await history.buckets({ ...ask, points });
  assert(intervalMs !== undefined, 'the store tells which width it chose');
  return { interval: `${intervalMs}ms`, ...answered };
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
    const ask = { device, metric, from, to };
    const head = { ...ask, unit: unitOf(ports, c.get('principal'), device, metric) };
    const file = `${device}-${metric}`;

    if (points === undefined && interval === undefined) {
      if (format === 'csv') return csvResponse(readingLines(ports, ask), file) as never;
      const { more, ...answered } = await ports.history.readings({ ...ask, limit });
      const last = answered.readings.at(-1);
      return c.json({ ...head, ...answered, next: more && last !== undefined ? String(last[0] + 1) : null }, 200);
    }
    const result: HistoryBuckets = {
      ...head,
      columns: bucketColumns,
      ...(await bucketsOf(ports, ask, interval, tz, points)),
    };
    return format === 'csv' ? (csvResponse(bucketLines(result), file) as never) : c.json(result, 200);
  });
  return router;
}
