// The live stream in the AsyncAPI document: a WebSocket, server-sent events and a long poll with the same frames.
import type { z } from '@hono/zod-openapi';
import { type ClientFrame, closeCodes, limits, type ServerFrame, subprotocol } from '../../contract/index.ts';
import {
  clientFrameSchema,
  clientFrameSchemas,
  clientFramesSchema,
  positionSchema,
  subscriptionAskSchema,
} from '../client-frame-schemas.ts';
import { serverFrameSchema, serverFrameSchemas, serverFramesSchema } from '../server-frame-schemas.ts';
import { clientMessages } from './client-messages.ts';
import { carries, type Message, operation, type Part, ref } from './parts.ts';
import { serverMessages } from './server-messages.ts';

const asked = Object.keys(clientMessages) as ClientFrame['t'][];
const told = Object.keys(serverMessages) as ServerFrame['t'][];
const answers: readonly ServerFrame['t'][] = ['ok', 'err', 'pong'];

/** Frames that come without being asked for: all that there are where the viewer cannot send any. */
export const pushed = told.filter(type => !answers.includes(type));

/** Several frames in one text message, as a page with many subscriptions sends them. */
const batches: Record<'clientFrames' | 'serverFrames', Message<(ClientFrame | ServerFrame)[]>> = {
  clientFrames: {
    summary: 'Several frames in one message; each is answered by itself',
    payload: 'ClientFrames',
    examples: [
      {
        name: 'twoSubscriptions',
        payload: [
          { t: 'sub', id: 7, sub: 'fleet', metric: ['temperature'] },
          { t: 'sub', id: 8, sub: 'device', device: ['cold-room-1'], mode: 'log' },
        ],
      },
    ],
  },
  serverFrames: {
    summary: 'Several frames in one message',
    payload: 'ServerFrames',
    examples: [
      {
        name: 'definitionAndData',
        payload: [
          { t: 'def', series: [[20, 'cold-room-2', 'temperature', '°C', 'number']] },
          { t: 'data', sub: 'fleet', offset: 812_350, rows: [[20, 1_763_820_001_123, 5.2]] },
        ],
      },
    ],
  },
};

const webSocket = {
  address: '/api/v1/ws',
  title: 'The live stream as a WebSocket',
  description:
    `Both ways. The client offers the subprotocol ${subprotocol}. A text message is one frame or an array of frames, ` +
    `and a message of a viewer has at most ${limits.viewerFrameBytesMax} bytes. x-close-codes says when to come back.`,
  servers: [ref('servers', 'webSocket')],
  messages: carries([...asked, ...told, ...Object.keys(batches)]),
  bindings: {
    ws: {
      method: 'GET',
      headers: {
        type: 'object',
        properties: { 'Sec-WebSocket-Protocol': { type: 'string', const: subprotocol } },
        required: ['Sec-WebSocket-Protocol'],
      },
      bindingVersion: '0.1.0',
    },
  },
  'x-close-codes': closeCodes,
};

const receives = (names: readonly string[], summary: string, answered: readonly string[]) =>
  operation('receive', 'webSocket', names, { summary, answers: answered });

/** `sub` is called `SubFrame`. */
const named = <Type extends string>(schemas: Record<Type, z.ZodType>): Record<string, z.ZodType> =>
  Object.fromEntries(
    Object.entries<z.ZodType>(schemas).map(([type, schema]) => [
      `${type.charAt(0).toUpperCase()}${type.slice(1)}Frame`,
      schema,
    ]),
  );

/** The WebSocket, and the frames that the other transports have in common with it. */
export const livePart: Part = {
  channels: { webSocket },
  operations: {
    receiveSub: receives(['sub'], 'A viewer subscribes', ['ok', 'err']),
    receiveUnsub: receives(['unsub'], 'A viewer ends a subscription', ['ok', 'err']),
    receiveCmd: receives(['cmd'], 'A viewer asks a device to do something', ['ok', 'err']),
    receiveDesired: receives(['desired'], 'A viewer sets how a device should be', ['ok', 'err']),
    receivePing: receives(['ping'], 'A viewer asks whether the gateway is there', ['pong', 'err']),
    receiveClientFrames: receives(['clientFrames'], 'A viewer sends several frames at once', answers),
    sendFrames: operation('send', 'webSocket', [...pushed, 'serverFrames'], {
      summary: 'The gateway tells a viewer what its subscriptions cover',
    }),
  },
  messages: { ...clientMessages, ...serverMessages, ...batches },
  schemas: {
    ...named(clientFrameSchemas),
    ...named(serverFrameSchemas),
    ClientFrame: clientFrameSchema,
    ClientFrames: clientFramesSchema,
    ServerFrame: serverFrameSchema,
    ServerFrames: serverFramesSchema,
    SubscriptionAsk: subscriptionAskSchema,
    Position: positionSchema,
  },
};
