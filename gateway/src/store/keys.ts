// Where a row of readings or rollups lies: one number made of level, window, series and part. Rows of one window lie
// side by side, so that what is written together fills pages together, and what grows old together goes together.

/** A day, the window of the first level. */
export const dayMs = 86_400_000;
/** Each further level's windows are so many times as long: a day, 32 days, 1,024 days. */
export const levelFactor = 32;
/** Levels of `chunk`, and units of `rollup`, from the finest. */
export const levels = Object.freeze([1, 2, 3] as const);
export type Level = (typeof levels)[number];

const seriesSpan = 2 ** 20;
const partSpan = 2 ** 12;
/** Days from 1970 to 2149; ingest takes in nothing beyond. */
const windowSpan = 2 ** 16;

/** Length of a level's windows in milliseconds. */
export const windowMs = (level: Level): number => dayMs * levelFactor ** (level - 1);

/** Number of the window of `level` that holds `ts`, counted from 1970. */
export const windowOf = (level: Level, ts: number): number => Math.floor(ts / windowMs(level));

/** First key of a level's window; the keys of a window end where the next one's begin. */
export const windowKey = (level: Level, window: number): number =>
  (level * windowSpan + window) * seriesSpan * partSpan;

/** Key of a part of a series' readings in a window. */
export const keyOf = (level: Level, window: number, series: number, part = 0): number =>
  ((level * windowSpan + window) * seriesSpan + series) * partSpan + part;

/** Parts of one series in one window. */
export const partsMax = partSpan;

/** Level of a key of `chunk` or `rollup`. */
export const levelOf = (key: number): Level => levels.findLast(level => key >= windowKey(level, 0)) ?? 1;

export const partOf = (key: number): number => key % partSpan;
export const seriesOf = (key: number): number => Math.floor(key / partSpan) % seriesSpan;
export const windowOfKey = (key: number): number => Math.floor(key / (partSpan * seriesSpan)) % windowSpan;

/** Key of a series in a batch of sealed readings. */
export const sealedKey = (batch: number, series: number): number => batch * seriesSpan + series;
export const seriesOfSealed = (key: number): number => key % seriesSpan;
