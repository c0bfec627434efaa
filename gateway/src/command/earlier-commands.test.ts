// The ledger against databases of earlier versions.
import { beforeEach, describe, expect, test } from 'vitest';
import type { CommandState, Transition } from '../contract/index.ts';
import { ofAnyVersion } from './earlier-commands.ts';
import { Ledger } from './ledger.fixture.ts';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger();
});

const comeBack = () => {
  ledger.reachable.add('a');
  return ledger.commands.deviceConnected('a');
};
const sentIds = () => ledger.sent.map(({ command }) => command);
const left = () => [ledger.commands.openCount(), ledger.clock.timers()];

describe('a command of an earlier version', () => {
  const earlier = (state: CommandState) => {
    const at = ledger.clock.now();
    const transitions: Transition[] = [{ state: 'queued', at, cause: 'requested' }];
    if (state !== 'queued') transitions.push({ state: 'sent', at, cause: 'device-connected' });
    return ofAnyVersion({
      ...{
        id: '01',
        device: 'a',
        name: 'x',
        params: null,
        state,
        createdAt: at,
        updatedAt: at,
        expiresAt: at + 60_000,
      },
      ...{ by: 'ada', from: '', reason: null, key: null, result: null, error: null, transitions },
    });
  };

  test('[CMD-4] that was sent is not sent again, and its answer is taken', async () => {
    const next = new Ledger(ledger.clock, [earlier('sent')]);
    ledger = next;
    await ledger.commands.resume([earlier('sent')], '01');
    await comeBack();
    expect([ledger.state('01'), sentIds(), left()]).toEqual(['unknown', [], [0, 0]]);
    await ledger.commands.answered('a', '01', { ok: true });
    expect(ledger.state('01')).toBe('acknowledged');
  });

  test('[CMD-4] that waited is sent', async () => {
    ledger = new Ledger(ledger.clock, [earlier('queued')]);
    await ledger.commands.resume([earlier('queued')], '01');
    await comeBack();
    expect([ledger.state('01'), sentIds()]).toEqual(['sent', ['01']]);
  });
});
