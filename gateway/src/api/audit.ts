// /audit: who did what, from where and why. It is read here and nowhere written: no route changes or deletes a line.
import { createRoute, z } from '@hono/zod-openapi';
import { type AuditEntry, type AuditFilter, type AuditPage, auditActions, limits } from '../contract/index.ts';
import type { ApiPorts } from './context.ts';
import { csvForeign, csvResponse, csvValue, csvVisible, isoTime } from './csv.ts';
import { timeQuery } from './history.ts';
import { createRouter, needs } from './router.ts';
import { answer, deviceId, limitQuery, millis, pageOf } from './schemas.ts';
import { type Sees, sightOf } from './sight.ts';

const auditSchema = pageOf(
  z.object({
    id: z.int(),
    at: millis,
    action: z.enum(auditActions),
    what: z.string().openapi({ description: 'The step: a state of a command, method and route of a request' }),
    device: z.string().nullable(),
    by: z.string().nullable().openapi({ description: 'null: the gateway or the device itself' }),
    from: z.string().nullable(),
    reason: z.string().nullable(),
    subject: z.string().nullable(),
    detail: z.any().openapi({ description: 'What was asked, sent or answered' }),
  }),
).openapi('Audit') satisfies z.ZodType<AuditPage>;

/** A name or id that a line may have; longer ones are in none. */
const named = z.string().min(1).max(256);

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['audit'],
  middleware: needs('operator'),
  summary: 'Who did what, from where and why, newest first; of the devices that one may see',
  request: {
    query: z.object({
      device: deviceId.optional(),
      by: named.optional().openapi({ description: 'A person, or a token as user/token; exactly' }),
      action: z.enum(auditActions).optional(),
      subject: named.optional().openapi({ description: 'Id of a command, group or type, or whom a request is about' }),
      from: timeQuery.optional().openapi({ description: 'First instant' }),
      to: timeQuery.optional().openapi({ description: 'The first instant after the range' }),
      limit: limitQuery(limits.pageRowsMax, 50),
      cursor: z
        .string()
        .regex(/^\d{1,15}$/, 'expected the `next` of the page before')
        .optional(),
      format: z
        .enum(['json', 'csv'])
        .default('json')
        .openapi({ description: 'csv: all lines of the filter, not a page of them' }),
    }),
  },
  responses: {
    200: {
      description: 'A page; it may be short, also empty, before the end',
      content: { ...answer('', auditSchema).content, 'text/csv': { schema: z.string() } },
    },
  },
});

/** Questions to the store for one page: each looks through so many lines that others wait some milliseconds for it. */
const questionsMax = 10;

async function pageFrom(
  { audit }: Pick<ApiPorts, 'audit'>,
  filter: AuditFilter,
  sees: Sees,
  before: number,
  limit: number,
): Promise<{ items: AuditEntry[]; next: number | null }> {
  const items: AuditEntry[] = [];
  let at = before;
  for (let question = 0; question < questionsMax; question++) {
    const found = await audit.list(filter, at, sees === null ? limit - items.length : limits.pageRowsMax);
    for (const line of found.items) {
      // What concerns no device concerns the gateway as a whole, and who sees a part of it has no business there.
      if (sees !== null && (line.device === null || !sees(line.device))) continue;
      items.push(line);
      if (items.length === limit) return { items, next: line.id };
    }
    if (found.next === null) return { items, next: null };
    at = found.next;
  }
  return { items, next: at };
}

/** Lines read at once for a file. A line with all that was sent and answered may have some ten kilobytes. */
const fileLines = 100;

function csvLine({ at, action, what, device, by, from, reason, subject, detail }: AuditEntry): string {
  const texts = [action, what, device, by, from, reason, subject].map(text =>
    csvForeign(text === null ? null : csvVisible(text)),
  );
  const json = detail === null ? '' : csvValue(csvVisible(JSON.stringify(detail)));
  return `${[isoTime(at), at, ...texts, json].join(',')}\r\n`;
}

/** All lines of a filter, read while the client takes them, and no further once it is gone. */
async function* csvLines(ports: Pick<ApiPorts, 'audit'>, filter: AuditFilter, sees: Sees): AsyncIterable<string> {
  yield 'time,ts,action,what,device,by,from,reason,subject,detail\r\n';
  for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null; ) {
    const page = await pageFrom(ports, filter, sees, before, fileLines);
    // Empty pages too: between two of them it is seen that nobody reads on.
    yield page.items.map(csvLine).join('');
    before = page.next;
  }
}

export function auditRoutes(ports: ApiPorts) {
  const router = createRouter();
  router.openapi(list, async c => {
    const { limit, cursor, format, ...filter } = c.req.valid('query');
    const sees = sightOf(ports, c.get('principal'));
    if (format === 'csv') return csvResponse(csvLines(ports, filter, sees), 'audit') as never;
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
    const { items, next } = await pageFrom(ports, filter, sees, before, limit);
    return c.json({ items, next: next === null ? null : String(next) }, 200);
  });
  return router;
}
