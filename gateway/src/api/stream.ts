// /stream and /log: the live stream for those who have no WebSocket. The answer is written by whoever has the log; here
// it is decided who may ask, and whether the question can be understood.
import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { StreamRequest } from '../contract/index.ts';
import { type ApiEnv, type ApiPorts, addressOf } from './context.ts';
import {
  logQuerySchema,
  logWaitSchema,
  streamPositionSchema,
  streamQuerySchema,
  streamRequestSchema,
} from './frame-schemas.ts';
import { answerHeaders } from './pages.ts';
import type { Principal } from './people-ports.ts';
import { createRouter } from './router.ts';
import { body, problem } from './schemas.ts';

const tags = ['live'];
/** What the one subscription of a stream asked for with GET is called. */
const onlySubscription = 'stream';

const lastEventId = z.object({ 'last-event-id': streamPositionSchema.optional() });

const frames = 'Frames as on the WebSocket; SPEC.md and /api/v1/asyncapi.json describe them';
const responses = (type: string, text: string) => ({
  200: { description: text, content: { [type]: { schema: z.any() } } },
  429: problem('Too many viewers'),
});

const getStream = createRoute({
  method: 'get',
  path: '/stream',
  tags,
  summary: 'One subscription as server-sent events',
  request: { query: streamQuerySchema, headers: lastEventId },
  responses: responses('text/event-stream', frames),
});
const postStream = createRoute({
  method: 'post',
  path: '/stream',
  tags,
  summary: 'Several subscriptions as server-sent events',
  request: { body: body(streamRequestSchema) },
  responses: responses('text/event-stream', frames),
});
const getLog = createRoute({
  method: 'get',
  path: '/log',
  tags,
  summary: 'One subscription as a long poll: ask again with `next` as `after`',
  request: { query: logQuerySchema },
  responses: responses('application/json', `{frames, now, next}. ${frames}`),
});
const postLog = createRoute({
  method: 'post',
  path: '/log',
  tags,
  summary: 'Several subscriptions as a long poll',
  request: { query: logWaitSchema, body: body(streamRequestSchema) },
  responses: responses('application/json', `{frames, now, next}. ${frames}`),
});

type Query = z.infer<typeof streamQuerySchema>;

function oneSubscription({ after, ...wanted }: Query): StreamRequest {
  return { subs: [{ sub: onlySubscription, ...wanted }], after };
}

/** Hands the answer to whoever writes to it over time. Who asks for the head alone is not watched for. */
function handOver(c: Context<ApiEnv>, write: (answer: ServerResponse, who: Principal, address: string) => void) {
  if (c.req.method === 'HEAD') return c.body(null, 200);
  // Whoever left while it was looked up who they are would count as a viewer for ever: their end has been told.
  if (c.env.outgoing.destroyed) return RESPONSE_ALREADY_SENT;
  // Whoever writes does so past the application, which gives its headers to no other answer.
  for (const [name, value] of Object.entries(answerHeaders(c))) c.env.outgoing.setHeader(name, value);
  write(c.env.outgoing, c.get('principal'), addressOf(c));
  return RESPONSE_ALREADY_SENT;
}

export function streamRoutes({ live }: ApiPorts) {
  const router = createRouter();
  router.openapi(getStream, c => {
    // A browser that comes back asks with the address it began with, and tells in the header how far it has come.
    const { 'last-event-id': after = c.req.valid('query').after } = c.req.valid('header');
    const wanted = oneSubscription({ ...c.req.valid('query'), after });
    return handOver(c, (answer, who, address) => live.stream(answer, wanted, who, address));
  });
  router.openapi(postStream, c =>
    handOver(c, (answer, who, address) => live.stream(answer, c.req.valid('json'), who, address)),
  );
  router.openapi(getLog, c => {
    const { wait, ...wanted } = c.req.valid('query');
    return handOver(c, (answer, who, address) => live.poll(answer, oneSubscription(wanted), wait, who, address));
  });
  router.openapi(postLog, c => {
    const { wait } = c.req.valid('query');
    return handOver(c, (answer, who, address) => live.poll(answer, c.req.valid('json'), wait, who, address));
  });
  return router;
}
