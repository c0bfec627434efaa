// Frames of one series whose value is its own position, for tests of what carries them.

export const def = {
  t: 'def' as const,
  series: [[1, 'a', 'temp', '°C', 'number'] as [number, string, string, string, 'number']],
};

export const snap = (sub: string, offset: number, done = true) => ({
  t: 'snap' as const,
  sub,
  offset,
  rows: [[1, offset, offset, 'live'] as [number, number, number, 'live']],
  done,
});

export const data = (sub: string, offset: number) => ({
  t: 'data' as const,
  sub,
  offset,
  rows: [[1, offset, offset] as [number, number, number]],
});

export const hb = (offset: number) => ({ t: 'hb' as const, offset, now: 1 });
