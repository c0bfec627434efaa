// The frames of a viewer as messages, with an example of each use.
import type { ClientFrame } from '../../contract/index.ts';
import type { FrameOf } from '../exact.ts';
import type { Message } from './parts.ts';

const correlatedBy = 'id';

/** By type; a frame that the contract has and this has not does not compile. */
export const clientMessages: { [Type in ClientFrame['t']]: Message<FrameOf<ClientFrame, Type>> } = {
  sub: {
    summary: 'Begins a subscription, in place of one of the same name',
    payload: 'SubFrame',
    correlatedBy,
    examples: [
      { name: 'everything', payload: { t: 'sub', id: 1, sub: 'all' } },
      {
        name: 'temperaturesOfOneHall',
        payload: { t: 'sub', id: 2, sub: 'hall', device: ['cold-room-*'], metric: ['temp*'], intervalMs: 250 },
      },
      {
        name: 'everyReadingSinceTheLast',
        payload: {
          t: 'sub',
          id: 3,
          sub: 'chart',
          device: ['cold-room-1'],
          mode: 'log',
          since: { epoch: '01KAN4Y8Z3M5QJ7W2RX6T9VBCD', offset: 812_345 },
        },
      },
    ],
  },
  unsub: {
    summary: 'Ends a subscription',
    payload: 'UnsubFrame',
    correlatedBy,
    examples: [{ name: 'unsub', payload: { t: 'unsub', id: 4, sub: 'hall' } }],
  },
  cmd: {
    summary: 'Asks a device to do something; needs the role operator',
    description:
      'The answer says that the command is in the ledger, not that it is done: events say what becomes of it.',
    payload: 'CmdFrame',
    correlatedBy,
    examples: [
      {
        name: 'setTarget',
        payload: {
          t: 'cmd',
          id: 5,
          device: 'cold-room-1',
          name: 'setTarget',
          params: { value: 4 },
          ttlMs: 30_000,
          key: '5f3c9a52-6b0d-4a41-9a53-0f7a6f0b8f11',
          reason: 'the door stood open',
        },
      },
    ],
  },
  desired: {
    summary: 'Sets fields of a device’s desired state; needs the role operator',
    description:
      'Null takes a field back. The version is the one that was seen: where it is another by now, the change is refused. ' +
      'The answer has the version that the change made.',
    payload: 'DesiredFrame',
    correlatedBy,
    examples: [
      {
        name: 'target',
        payload: {
          t: 'desired',
          id: 7,
          device: 'cold-room-1',
          fields: { target: 4, 'defrost.auto': true },
          version: 0,
          reason: 'the new season',
        },
      },
    ],
  },
  ping: {
    summary: 'Asks whether the gateway is there, and how far this connection has come',
    payload: 'PingFrame',
    correlatedBy,
    examples: [{ name: 'ping', payload: { t: 'ping', id: 6 } }],
  },
};
