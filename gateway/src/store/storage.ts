// What the store takes on disk, what is written, and when it will be full; and the pace of commits that follows from it.

import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage } from '../contract/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { diskWriteCounter } from './disk-writes.ts';
import type { GroupCommitCounters } from './group-commit.ts';
import { dayMs } from './keys.ts';
import { DailyPace } from './pace.ts';
import { fileName } from './schema.ts';
import type { Effect, QueryName } from './statements.ts';
import type { StoreConfig } from './store.ts';

/** Days that a forecast looks back. */
const daysMax = 14;
/** How often the day's figures are written down; a kill loses what came after. */
const saveEveryMs = 10 * 60_000;
/** Below this a trend is noise. */
const trendMsMin = 60 * 60_000;

type Parts = {
  clock: Clock;
  log: Logger;
  query<Row>(name: QueryName, ...params: (string | number)[]): Promise<Row[]>;
  keeping: { waiting: number };
  write(effects: Effect[]): Promise<void>;
};
type Day = { day: number; used: number; written: number };
type Pages = { size: number; count: number; free: number };

export type StorageWatch = {
  pace: { intervalMs(): number; slotsEnough(): number; mayHurry(): boolean };
  open(counters: GroupCommitCounters): void;
  read(): Promise<Storage>;
  close(): void;
};

/** Begins to watch; `open` is called once there are commits to count. */
export async function openStorage(config: StoreConfig, parts: Parts): Promise<StorageWatch> {
  const { clock, query, write } = parts;
  let counters: GroupCommitCounters | null = null;
  const today = () => Math.floor(clock.now() / dayMs);
  const days = await query<Day>('day.list', daysMax);
  const pace = new DailyPace({
    settings: config,
    clock,
    writtenToday: days.find(({ day }) => day === today())?.written ?? 0,
    written: diskWriteCounter(() => counters?.bytes ?? 0),
    commits: () => counters?.commits ?? 0,
  });
  const usedBytes = async () => {
    const [pages] = await query<Pages>('pages');
    return pages === undefined
      ? { used: 0, free: 0 }
      : { used: pages.size * (pages.count - pages.free), free: pages.size * pages.free };
  };
  const begun = { at: clock.now(), used: (await usedBytes()).used };
  const save = async () => write([['day.put', today(), (await usedBytes()).used, Math.round(pace.today)]]);
  let timer: Timer | null = null;

  async function read(): Promise<Storage> {
    const { used, free } = await usedBytes();
    const [[kept], [sealed], [logged], past, disk] = await Promise.all([
      query<{ readings: number; bytes: number; rollupBytes: number; oldest: number | null }>('use.total'),
      query<{ readings: number; oldest: number | null }>('batch.total'),
      query<{ oldest: number | null }>('log.oldest'),
      query<Day>('day.list', daysMax),
      statfs(config.dir),
    ]);
    const sizes = await Promise.all([fileName, `${fileName}-wal`].map(name => sizeOf(join(config.dir, name))));
    const diskFree = disk.bavail * disk.bsize;
    const now = clock.now();
    const left = config.diskBudget === null ? diskFree : config.diskBudget - used;
    const perDay = pace.perDay();
    const oldest = [kept?.oldest, sealed?.oldest, logged?.oldest].filter(ts => ts !== null && ts !== undefined);
    return {
      now,
      bytes: {
        file: sizes[0] ?? 0,
        wal: sizes[1] ?? 0,
        log: Math.max(0, used - (kept?.bytes ?? 0) - (kept?.rollupBytes ?? 0)),
        readings: kept?.bytes ?? 0,
        rollups: kept?.rollupBytes ?? 0,
        free,
      },
      readings: (kept?.readings ?? 0) + (sealed?.readings ?? 0) + parts.keeping.waiting,
      oldest: oldest.length === 0 ? null : Math.min(...oldest),
      diskBudget: config.diskBudget,
      diskFree,
      fullAt: forecast(now, used, left, [
        ...past.map(({ day, used: then }) => ({ at: (day + 1) * dayMs, used: then })),
        begun,
      ]),
      written: {
        today: Math.round(pace.today),
        perDayMax: config.writtenPerDay,
        perDay: Math.round(perDay),
        commitIntervalMs: Math.round(pace.intervalMs()),
        cardEndurance: config.cardEndurance,
        cardYears: perDay > 0 ? config.cardEndurance / perDay / 365.25 : null,
      },
    };
  }

  return {
    pace,
    open(found) {
      counters = found;
      // A full disk refuses this as it refuses readings; the next round tries again.
      timer = clock.every(saveEveryMs, () => void save().catch(() => {}));
    },
    read,
    close: () => timer?.cancel(),
  };
}

const sizeOf = (path: string) =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** When `left` will be used up, by the growth since the oldest of the samples; null where it does not grow, or soon told. */
export function forecast(
  now: number,
  used: number,
  left: number,
  samples: { at: number; used: number }[],
): number | null {
  if (left <= 0) return now;
  const oldest = samples.filter(({ at }) => now - at >= trendMsMin).sort((a, b) => a.at - b.at)[0];
  if (oldest === undefined || used <= oldest.used) return null;
  const at = now + (left * (now - oldest.at)) / (used - oldest.used);
  return at > 8.64e15 ? null : Math.round(at);
}
