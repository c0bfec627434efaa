// The frames of the gateway as messages, with an example of each use.
import { codes, limits, protocolVersion, type ServerFrame } from '../../contract/index.ts';
import type { FrameOf } from '../exact.ts';
import type { Message } from './parts.ts';

const correlatedBy = 'id';
const at = 1_763_820_000_123;
const command = '01KAN5T7ZQ0V6D3N8HXR2M4JWE';
const { status, title } = codes.bad_message;

/** By type; a frame that the contract has and this has not does not compile. */
export const serverMessages: { [Type in ServerFrame['t']]: Message<FrameOf<ServerFrame, Type>> } = {
  hello: {
    summary: 'The first frame of a connection',
    payload: 'HelloFrame',
    examples: [
      {
        name: 'hello',
        payload: {
          t: 'hello',
          v: protocolVersion,
          epoch: '01KAN4Y8Z3M5QJ7W2RX6T9VBCD',
          offset: 812_345,
          now: at,
          heartbeatMs: 20_000,
          transport: 'ws',
          user: 'ada',
          role: 'operator',
          limits: {
            frameBytesMax: limits.viewerFrameBytesMax,
            subscriptionsMax: limits.subscriptionsPerViewerMax,
            rowsPerFrameMax: limits.rowsPerFrameMax,
          },
        },
      },
    ],
  },
  ok: {
    summary: 'A frame was understood. That of a sub comes before its data',
    payload: 'OkFrame',
    correlatedBy,
    examples: [
      { name: 'toSub', payload: { t: 'ok', id: 1, sub: 'all' } },
      { name: 'toCmd', payload: { t: 'ok', id: 5, command } },
      { name: 'toDesired', payload: { t: 'ok', id: 7, version: 1 } },
    ],
  },
  err: {
    summary: 'A frame was refused; the connection goes on',
    payload: 'ErrFrame',
    correlatedBy,
    examples: [
      {
        name: 'modeUnknown',
        payload: {
          t: 'err',
          id: 2,
          code: 'bad_message',
          status,
          title,
          detail: 'mode: expected latest or log, got "fast"',
        },
      },
    ],
  },
  def: {
    summary: 'Names of series by index, before the index is first used and where the unit changed',
    description: 'A row is index, device, metric, unit and type.',
    payload: 'DefFrame',
    examples: [
      {
        name: 'twoSeries',
        payload: {
          t: 'def',
          series: [
            [17, 'cold-room-1', 'temperature', '°C', 'number'],
            [18, 'cold-room-1', 'door', null, 'string'],
          ],
        },
      },
    ],
  },
  snap: {
    summary: 'Latest values; the last frame of a snapshot says so',
    description: 'A row is index, source time, value and freshness.',
    payload: 'SnapFrame',
    examples: [
      {
        name: 'snapshot',
        payload: {
          t: 'snap',
          sub: 'all',
          offset: 812_345,
          rows: [
            [17, at - 400, 3.9, 'live'],
            [18, at - 9_000_000, 'closed', 'stale'],
            [19, null, null, 'never'],
          ],
          done: true,
        },
      },
    ],
  },
  data: {
    summary: 'New readings',
    description: 'A row is index, source time and value, and freshness where the newest value is not live.',
    payload: 'DataFrame',
    examples: [
      {
        name: 'readings',
        payload: {
          t: 'data',
          sub: 'all',
          offset: 812_346,
          rows: [
            [17, at, 4.1],
            [18, at - 600_000, 'open', 'late'],
          ],
        },
      },
    ],
  },
  fresh: {
    summary: 'Freshness that changed without a reading',
    description: 'A row is index and freshness.',
    payload: 'FreshFrame',
    examples: [{ name: 'late', payload: { t: 'fresh', sub: 'all', offset: 812_346, rows: [[17, 'late']] } }],
  },
  event: {
    summary: 'Presence, a command, a device or what is desired of it changed',
    payload: 'EventFrame',
    examples: [
      {
        name: 'presence',
        payload: {
          t: 'event',
          offset: 812_347,
          kind: 'presence',
          device: 'cold-room-1',
          at,
          state: 'offline',
          since: at,
          cause: 'lost',
        },
      },
      {
        name: 'command',
        payload: {
          t: 'event',
          offset: 812_348,
          kind: 'command',
          device: 'cold-room-1',
          command,
          name: 'setTarget',
          state: 'acknowledged',
          at,
          cause: 'answer',
          by: 'ada',
          step: 3,
          attempts: 1,
          result: { value: 4 },
        },
      },
      {
        name: 'desired',
        payload: {
          ...{ t: 'event', offset: 812_348, kind: 'desired', device: 'cold-room-1' },
          ...{ version: 7, fields: { target: 4, 'defrost.auto': null }, by: 'ada', at },
        },
      },
      {
        name: 'device',
        payload: { t: 'event', offset: 812_349, kind: 'device', device: 'cold-room-2', change: 'created', at },
      },
    ],
  },
  gap: {
    summary: 'Entries after from up to to are not delivered; a snapshot follows',
    payload: 'GapFrame',
    examples: [
      { name: 'slowViewer', payload: { t: 'gap', sub: 'chart', from: 812_349, to: 1_012_400, reason: 'slow' } },
      { name: 'missedEvents', payload: { t: 'gap', from: 812_349, to: 812_900, reason: 'trimmed' } },
    ],
  },
  slow: {
    summary: 'The viewer cannot take what comes as fast as it comes, or has caught up',
    payload: 'SlowFrame',
    examples: [{ name: 'behind', payload: { t: 'slow', sub: 'all', offset: 812_349, behind: true } }],
  },
  control: {
    summary: 'Who watches a device now, and who has it: to whoever subscribes to this device alone',
    payload: 'ControlFrame',
    examples: [
      {
        name: 'leased',
        payload: {
          t: 'control',
          device: 'cold-room-1',
          watching: ['ada', 'ben'],
          lease: { by: 'ben', since: at, until: at + limits.leaseMsDefault, reason: 'adjusting the valves' },
        },
      },
      { name: 'free', payload: { t: 'control', device: 'cold-room-1', watching: ['ada'], lease: null } },
    ],
  },
  hb: {
    summary:
      'A heartbeat, where nothing else was sent, and at once where the disk is full or has room again: the connection has everything up to here',
    payload: 'HbFrame',
    examples: [
      { name: 'heartbeat', payload: { t: 'hb', offset: 812_349, now: at } },
      { name: 'diskFull', payload: { t: 'hb', offset: 812_349, now: at, storing: false } },
    ],
  },
  pong: {
    summary: 'The answer to a ping: the connection has everything up to here',
    payload: 'PongFrame',
    correlatedBy,
    examples: [{ name: 'pong', payload: { t: 'pong', id: 6, offset: 812_349, now: at } }],
  },
  bye: {
    summary: 'The connection is about to end; after retryMs the viewer may come back',
    payload: 'ByeFrame',
    examples: [
      { name: 'closing', payload: { t: 'bye', code: 'closing', retryMs: 3_200 } },
      { name: 'streamOver', payload: { t: 'bye', code: 'stream_over' } },
    ],
  },
};
