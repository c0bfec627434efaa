import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { Tickets, ticketMs } from './tickets.ts';

let clock: ManualClock;
let tickets: Tickets<{ hash: string }>;
const ann = { hash: 'ann' };
beforeEach(() => {
  clock = new ManualClock();
  tickets = new Tickets(clock);
});

describe('a ticket', () => {
  test('[ACC-11] is good once, for whoever it was issued to', () => {
    const { ticket } = tickets.issue(ann);
    expect(tickets.spend('another')).toBeNull();
    expect([tickets.spend(ticket), tickets.spend(ticket)]).toEqual([ann, null]);
  });

  test('[ACC-11] ends after half a minute, and no later where the clock is set back', () => {
    const late = tickets.issue(ann);
    expect(late.expiresAt).toBe(clock.now() + 30_000);
    clock.advance(ticketMs);
    expect(tickets.spend(late.ticket)).toBeNull();
    const early = tickets.issue(ann);
    clock.set(clock.now() - 3_600_000);
    expect(tickets.spend(early.ticket)).toBeNull();
  });

  test('[ACC-11] is one of twenty that a session may have unspent; others have theirs', () => {
    const issued = Array.from({ length: 20 }, () => tickets.issue(ann));
    expect(() => tickets.issue(ann)).toThrow('at most 20');
    expect(tickets.spend(tickets.issue({ hash: 'ben' }).ticket)).toEqual({ hash: 'ben' });
    tickets.spend(issued[3]?.ticket ?? '');
    expect(() => tickets.issue(ann)).not.toThrow();
    clock.advance(ticketMs);
    expect(() => tickets.issue(ann)).not.toThrow();
  });
});
