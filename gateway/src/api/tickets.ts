// /ticket: what a page of another origin opens its WebSocket with, for a browser lets it send no header there ([ACC-11]).
import { createRoute, z } from '@hono/zod-openapi';
import type { ApiPorts } from './context.ts';
import { createRouter } from './router.ts';
import { answer, problem } from './schemas.ts';

const ticketSchema = z
  .object({
    ticket: z
      .string()
      .openapi({ description: 'Offered as the WebSocket subprotocol `telltale.ticket.{ticket}`, once' }),
    expiresAt: z.int(),
  })
  .openapi('Ticket');

const issue = createRoute({
  method: 'post',
  path: '/ticket',
  tags: ['live'],
  summary: 'A ticket that opens one WebSocket within 30 seconds, with the rights of whoever asked for it',
  responses: { 201: answer('The ticket', ticketSchema), 429: problem('Too many that were not used') },
});

export function ticketRoutes({ access }: ApiPorts) {
  const router = createRouter();
  router.openapi(issue, c => c.json(access.issueTicket(c.get('principal')), 201));
  return router;
}
