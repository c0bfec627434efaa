// The live stream over HTTP in the AsyncAPI document: server-sent events and the long poll.
import { z } from '@hono/zod-openapi';
import type { LogAnswer, Problem, StreamRequest } from '../../contract/index.ts';
import {
  logAnswerSchema,
  logQuerySchema,
  logWaitSchema,
  streamPositionSchema,
  streamQuerySchema,
  streamRequestSchema,
} from '../frame-schemas.ts';
import { problemOf, problemSchema } from '../problem.ts';
import { pushed } from './live.ts';
import { carries, type Message, operation, type Part, ref } from './parts.ts';

const position = '01KAN4Y8Z3M5QJ7W2RX6T9VBCD:812345';

const messages: {
  lastEvent: Message;
  streamRequest: Message<StreamRequest>;
  logAnswer: Message<LogAnswer>;
  problem: Message<Problem>;
} = {
  lastEvent: {
    summary: 'A request without a body. The query has the one subscription, which is called stream',
    headers: 'StreamHeaders',
    examples: [{ name: 'goingOn', headers: { 'Last-Event-ID': position } }],
  },
  streamRequest: {
    summary: 'All that one connection asks for, and where to go on',
    payload: 'StreamRequest',
    examples: [
      {
        name: 'twoSubscriptions',
        payload: {
          subs: [
            { sub: 'fleet', metric: ['temperature'], intervalMs: 250 },
            { sub: 'chart', device: ['cold-room-1'], mode: 'log' },
          ],
          after: position,
        },
      },
    ],
  },
  logAnswer: {
    summary: 'What there was to tell, and what to ask for next',
    payload: 'LogAnswer',
    examples: [
      {
        name: 'oneReading',
        payload: {
          frames: [
            { t: 'def', series: [[17, 'cold-room-1', 'temperature', '°C', 'number']] },
            { t: 'data', sub: 'stream', offset: 812_346, rows: [[17, 1_763_820_000_123, 4.1]] },
          ],
          now: 1_763_820_000_140,
          next: '01KAN4Y8Z3M5QJ7W2RX6T9VBCD:812346',
        },
      },
    ],
  },
  problem: {
    summary: 'The request was refused (RFC 9457)',
    contentType: 'application/problem+json',
    payload: 'Problem',
    examples: [{ name: 'notSignedIn', payload: problemOf('not_signed_in') }],
  },
};

const http = (method: string, query?: string) => ({
  http: { method, ...(query && { query: ref('components', 'schemas', query) }), bindingVersion: '0.3.0' },
});

/** A stream says hello, or the request is refused. */
const opened = ['hello', 'problem'];
const polled = ['logAnswer', 'problem'];

/** Server-sent events and the long poll. */
export const liveHttpPart: Part = {
  channels: {
    stream: {
      address: '/api/v1/stream',
      title: 'The live stream as server-sent events',
      description:
        'From the gateway alone, text/event-stream: the data of each event is one frame, and where the position moved ' +
        'the id of the event is the position. Last-Event-ID, or after, goes on there. A stream ends after ten minutes ' +
        'with bye, code stream_over, and is opened again at once. Commands go over REST.',
      servers: [ref('servers', 'http')],
      messages: carries(['lastEvent', 'streamRequest', ...pushed, 'problem']),
    },
    log: {
      address: '/api/v1/log',
      title: 'The live stream as a long poll',
      description:
        'Each answer comes as soon as there is something to tell, else after wait; its next is the after of the next ' +
        'question. Without after, and with one of another epoch, it begins with hello. Series are defined anew in ' +
        'each answer.',
      servers: [ref('servers', 'http')],
      messages: carries(['streamRequest', 'logAnswer', 'problem']),
    },
  },
  operations: {
    openStream: operation('receive', 'stream', ['lastEvent'], {
      summary: 'A viewer opens a stream with one subscription, as an EventSource does',
      answers: opened,
      bindings: http('GET', 'StreamQuery'),
    }),
    openStreamOfMany: operation('receive', 'stream', ['streamRequest'], {
      summary: 'A viewer opens a stream with as many subscriptions as a WebSocket may have',
      answers: opened,
      bindings: http('POST'),
    }),
    sendStream: operation('send', 'stream', pushed, {
      summary: 'The gateway tells a viewer what its subscriptions cover',
    }),
    pollLog: operation('receive', 'log', [], {
      summary: 'A viewer asks what is new for one subscription; the question is in the query',
      answers: polled,
      bindings: http('GET', 'LogQuery'),
    }),
    pollLogOfMany: operation('receive', 'log', ['streamRequest'], {
      summary: 'A viewer asks what is new for several subscriptions',
      answers: polled,
      bindings: http('POST', 'LogWait'),
    }),
  },
  messages,
  schemas: {
    StreamRequest: streamRequestSchema,
    LogAnswer: logAnswerSchema,
    StreamPosition: streamPositionSchema,
    StreamQuery: streamQuerySchema,
    LogQuery: logQuerySchema,
    LogWait: logWaitSchema,
    StreamHeaders: z.object({ 'Last-Event-ID': streamPositionSchema.optional() }),
    Problem: problemSchema,
  },
};
