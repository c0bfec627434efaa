// /import and /export: readings as files of any size, streamed. Nothing holds more of one than a few chunks.
import { createRoute, z } from '@hono/zod-openapi';
import { Refusal } from '../contract/index.ts';
import type { ApiPorts } from './context.ts';
import { whileHolds } from './guard.ts';
import { timeQuery } from './history.ts';
import { createRouter, needs } from './router.ts';
import { answer, problem } from './schemas.ts';
import { sightOf } from './sight.ts';

const formats = new Map<string, 'csv' | 'ndjson'>([
  ['text/csv', 'csv'],
  ['application/x-ndjson', 'ndjson'],
]);
const mediaTypes = { csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson' };

const reportSchema = z
  .object({
    readings: z.int().openapi({ description: 'Readings that were committed' }),
    refused: z.int().openapi({ description: 'Lines that were not understood' }),
    errors: z
      .array(z.object({ line: z.int(), expected: z.string(), got: z.string() }))
      .openapi({ description: 'The first of those lines' }),
    devicesCreated: z.int(),
  })
  .openapi('ImportReport');

const file = { schema: z.string().openapi({ format: 'binary' }) };

const importRoute = createRoute({
  method: 'post',
  path: '/import',
  tags: ['transfer'],
  middleware: needs('administrator'),
  summary: 'Take in readings: CSV with the columns time, device, metric, value, or one JSON object a line',
  description:
    'Of any size. A bad line costs that line alone and is told in the answer. The same file twice is one import.',
  // For the document alone: neither of these types is checked, which would read the body whole.
  request: { body: { required: true, content: { 'text/csv': file, 'application/x-ndjson': file } } },
  responses: {
    200: answer('What was taken in', reportSchema),
    400: problem('The file cannot be read at all: no header, or another type'),
    503: problem('The store takes nothing in; what was committed before stays'),
  },
});
const pattern = z.string().min(1).max(256).default('*').openapi({ description: '`*` stands for anything' });

const exportRoute = createRoute({
  method: 'get',
  path: '/export',
  tags: ['transfer'],
  summary: 'Readings as a file, in the form that the import takes; of the devices that one may see',
  request: {
    query: z.object({
      device: pattern,
      metric: pattern,
      from: timeQuery.optional().openapi({ description: 'First instant; the beginning where left out' }),
      to: timeQuery.optional().openapi({ description: 'The first instant after the range; the end where left out' }),
      format: z.enum(['csv', 'ndjson']).default('csv'),
    }),
  },
  responses: {
    200: {
      description: 'Series after series, each in order of time',
      content: { 'text/csv': file, 'application/x-ndjson': file },
    },
  },
});

/** The body's chunks. It is left open at the end, so that what the client still sends is read away and not a fault. */
function chunksOf(request: Request): AsyncIterable<Uint8Array> {
  if (request.body === null) throw new Refusal('bad_request', 'expected a body');
  return request.body.values({ preventCancel: true }) as AsyncIterable<Uint8Array>;
}

export function transferRoutes(ports: ApiPorts) {
  const { transfer } = ports;
  const router = createRouter();
  router.openapi(importRoute, async c => {
    const type = c.req.header('Content-Type') ?? 'nothing';
    const format = formats.get((type.split(';')[0] as string).trim().toLowerCase());
    if (format === undefined) {
      throw new Refusal('bad_request', `expected Content-Type text/csv or application/x-ndjson, got ${type}`);
    }
    const { raw } = c.req;
    c.set('told', { begun: true });
    try {
      return c.json(await transfer.import(format, whileHolds(chunksOf(raw), ports, c.get('principal'))), 200);
    } catch (error) {
      // Nobody is there to hear of it; as a fault it would only fill the log.
      if (raw.signal.aborted) throw new Refusal('bad_request', 'the client went away');
      throw error;
    }
  });
  router.openapi(exportRoute, c => {
    const { format, ...ask } = c.req.valid('query');
    const stream = ReadableStream.from(transfer.export({ format, ...ask }, sightOf(ports, c.get('principal'))));
    return new Response(stream as ReadableStream, {
      headers: {
        'Content-Type': mediaTypes[format],
        'Content-Disposition': `attachment; filename="readings.${format}"`,
      },
    }) as never;
  });
  return router;
}
