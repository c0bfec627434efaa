// The numbers of the storage page: the parts of the database, and what is to be expected, in words.
import type { Storage } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatBytes, formatDate, formatNumber, formatShare } from '../i18n/format.ts';

export type SpacePart = { name: keyof typeof text.storage.part; bytes: number; share: number };

const monthsPerYear = 12;

/** All bytes of the database and its write-ahead log. */
export function bytesTotal({ bytes }: Storage): number {
  return bytes.file + bytes.wal;
}

/** In the order of the bar. What is empty is left out; the shares are of all bytes and add up to one. */
export function spaceParts(storage: Storage): SpacePart[] {
  const { readings, rollups, log, free, wal, file } = storage.bytes;
  const total = bytesTotal(storage);
  // Parts are counted one after the other while the gateway writes, so that they may exceed the file for a moment.
  const other = Math.max(0, file - readings - rollups - log - free);
  const all = Math.max(total, readings + rollups + log + other + free + wal);
  return Object.entries({ readings, rollups, log, other, free, wal })
    .filter(([, bytes]) => bytes > 0)
    .map(([name, bytes]) => ({ name: name as SpacePart['name'], bytes, share: bytes / all }));
}

/** When it will be full. Past times are the present: then it is full. */
export function forecastWords({ fullAt, now }: Storage): string {
  if (fullAt === null) return text.storage.notInSight;
  return fullAt <= now ? text.storage.fullNow : text.storage.fullOn(formatDate(fullAt));
}

const soonMs = 30 * 86_400_000;

/** True where somebody should do something about the space before long. */
export function isFullSoon({ fullAt, now }: Storage): boolean {
  return fullAt !== null && fullAt - now < soonMs;
}

/** How much of the budget is used; null without one. */
export function budgetShare(storage: Storage): number | null {
  return storage.diskBudget === null ? null : share(bytesTotal(storage), storage.diskBudget);
}

/** What was written today, of what may be; null where there is no limit. */
export function allowanceShare({ written }: Storage): number | null {
  return written.perDayMax === null ? null : share(written.today, written.perDayMax);
}

/** The allowance of a day and how much of it is gone. */
export function allowanceWords(storage: Storage): string {
  const used = allowanceShare(storage);
  if (used === null || storage.written.perDayMax === null) return text.storage.noAllowance;
  return `${text.storage.bytesPerDay(formatBytes(storage.written.perDayMax))}, ${text.storage.ofAllowance(formatShare(used))}`;
}

/** How long a card lasts: as precise as anybody can know. */
export function cardWords({ written: { cardYears } }: Storage): string {
  if (cardYears === null) return text.storage.unknown;
  if (cardYears > 100) return text.storage.ages;
  if (cardYears >= 10) return text.storage.years(formatNumber(Math.round(cardYears)));
  if (cardYears >= 2) return text.storage.years(formatNumber(Math.round(cardYears * 10) / 10));
  const months = Math.floor(cardYears * monthsPerYear);
  return months < 1 ? text.storage.days : text.storage.months(months);
}

/** The time between two commits, which is a matter of milliseconds or of seconds. */
export function commitWords({ written: { commitIntervalMs } }: Storage): string {
  return commitIntervalMs < 1_000
    ? `${formatNumber(Math.round(commitIntervalMs))} ${text.unit.millisecond}`
    : `${formatNumber(Math.round(commitIntervalMs / 100) / 10)} ${text.unit.second}`;
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 1 : part / whole;
}
