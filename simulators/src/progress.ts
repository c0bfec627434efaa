// Says how a fleet is doing: one line now and then, and a summary at the end.
import type { Screen } from './screen.ts';
import type { Totals } from './totals.ts';

const liveEveryMs = 1_000;
const plainEveryMs = 5_000;

function everyMs(screen: Screen): number {
  return screen.live ? liveEveryMs : plainEveryMs;
}

function show(screen: Screen, text: string): void {
  if (screen.live) screen.status(text);
  else screen.line(text);
}

const grouped = new Intl.NumberFormat('en-US');

function count(number: number, one: string, many: string): string {
  return `${grouped.format(number)} ${number === 1 ? one : many}`;
}

/** The progress line; `perS` is messages in a second. */
export function progressText(totals: Totals, perS: number): string {
  const parts = [
    `connected ${grouped.format(totals.connected)}/${grouped.format(totals.devices)}`,
    `${grouped.format(Math.round(perS))} messages/s`,
    `${grouped.format(totals.acknowledged)} acknowledged`,
    `${grouped.format(totals.inFlight)} in flight`,
    `${count(totals.commandsAnswered, 'command', 'commands')} answered`,
    count(totals.reconnects, 'reconnect', 'reconnects'),
  ];
  if (totals.refused > 0) parts.push(`${grouped.format(totals.refused)} refused`);
  if (totals.readingsDropped > 0) parts.push(`${grouped.format(totals.readingsDropped)} readings dropped`);
  return parts.join(' · ');
}

/** Shows how the registration goes, at the pace of the progress line. */
export function createRegistrationProgress(devices: number, screen: Screen): (registered: number) => void {
  let shownAt = performance.now();
  return registered => {
    const now = performance.now();
    if (registered === devices) screen.status('');
    if (registered === devices || now - shownAt < everyMs(screen)) return;
    shownAt = now;
    show(screen, `registered ${grouped.format(registered)}/${grouped.format(devices)}`);
  };
}

/** The summary at the end of a run. */
export function summaryText(totals: Totals, ranS: number): string {
  return [
    `Ran for ${grouped.format(Math.round(ranS))} s: ${count(totals.sent, 'message', 'messages')} sent`,
    `${grouped.format(totals.acknowledged)} acknowledged`,
    `${grouped.format(totals.sent - totals.acknowledged)} not`,
    `${count(totals.readingsDropped, 'reading', 'readings')} dropped`,
    `${count(totals.commandsAnswered, 'command', 'commands')} answered`,
    `${count(totals.reconnects, 'reconnect', 'reconnects')}.`,
  ].join(', ');
}

/** Shows progress until the returned function is called: rewritten on a terminal, else as plain lines. */
export function showProgress(totals: Totals, screen: Screen): () => void {
  let lastSent = totals.sent;
  let lastAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const text = progressText(totals, ((totals.sent - lastSent) * 1000) / (now - lastAt));
    lastSent = totals.sent;
    lastAt = now;
    show(screen, text);
  }, everyMs(screen));
  return () => {
    clearInterval(timer);
    screen.status('');
  };
}
