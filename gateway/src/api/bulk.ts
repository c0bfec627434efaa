// /devices/bulk: devices out of a CSV, each with its credential.
import { createRoute, z } from '@hono/zod-openapi';
import { type BulkReport, limits, Refusal } from '../contract/index.ts';
import { readDevices } from './bulk-csv.ts';
import type { ApiPorts } from './context.ts';
import { csvResponse, csvValue } from './csv.ts';
import { bulkReportSchema } from './device-access-schemas.ts';
import { createRouter, needs } from './router.ts';
import { answer, problem } from './schemas.ts';

const file = { schema: z.string().openapi({ format: 'binary' }) };
const columns = 'line,id,name,secret,expected,got';

const create = createRoute({
  method: 'post',
  path: '/bulk',
  tags: ['devices'],
  middleware: needs('administrator'),
  summary: 'Create devices out of a CSV with the columns id and, if wanted, name and tags',
  description:
    `At most ${limits.bulkDevicesMax} lines in ${limits.requestBodyBytesMax} bytes. A bad line costs that line alone ` +
    'and is told in the answer. Tags have `;` between them. The secrets are told this once.',
  request: {
    query: z.object({ format: z.enum(['json', 'csv']).default('json') }),
    // For the document alone: the body is read as text.
    body: { required: true, content: { 'text/csv': file } },
  },
  responses: {
    200: {
      description: `What became of each line. As CSV a line each: ${columns}`,
      content: { ...answer('', bulkReportSchema).content, 'text/csv': { schema: z.string() } },
    },
    400: problem('The file cannot be read at all: no header, or another type'),
    413: problem('Too many lines, or too many bytes'),
  },
});

function* reportLines({ devices, refused }: BulkReport): Iterable<string> {
  yield `${columns}\r\n`;
  const made = devices.map(({ line, id, name, secret }) => ({ line, fields: [id, name, secret, null, null] }));
  const not = refused.map(({ line, expected, got }) => ({ line, fields: [null, null, null, expected, got] }));
  for (const { line, fields } of [...made, ...not].sort((a, b) => a.line - b.line)) {
    yield `${[line, ...fields.map(csvValue)].join(',')}\r\n`;
  }
}

export function bulkRoutes({ devices }: ApiPorts) {
  const router = createRouter();
  router.openapi(create, async c => {
    const type = c.req.header('Content-Type') ?? 'nothing';
    if ((type.split(';')[0] as string).trim().toLowerCase() !== 'text/csv') {
      throw new Refusal('bad_request', `expected Content-Type text/csv, got ${type}`);
    }
    const { rows, bad } = readDevices(Buffer.from(await c.req.arrayBuffer()));
    const report = await devices.createAll(rows);
    const refused = [...bad, ...report.refused].sort((a, b) => a.line - b.line);
    const answered = { devices: report.devices, refused };
    if (c.req.valid('query').format === 'csv') return csvResponse(reportLines(answered), 'devices') as never;
    return c.json(answered, 200);
  });
  return router;
}
