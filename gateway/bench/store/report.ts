// What the parts print: medians, units, and beside each figure the aim and whether it was reached.

/** A limit that a figure is held against. */
export type Aim = { most: number } | { least: number };

/** The value below which `share` (0 to 1) of the numbers lie. */
export function percentile(numbers: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

export const median = (numbers: ArrayLike<number>) => percentile(numbers, 0.5);

export function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export const megabytes = (bytes: number) => `${number(bytes / 1e6)} MB`;

export function heading(text: string): void {
  console.log(`\n${text}`);
}

/** One figure: its name, value and unit, what else there is to say, and the aim where it has one. */
export function line(name: string, value: number, unit: string, beside = '', aim?: Aim): void {
  const parts = [`  ${name.padEnd(58)}`, number(value).padStart(10), unit.padEnd(14)];
  if (aim !== undefined) {
    parts.push(verdict(value, aim));
    if (!reaches(value, aim)) missed.push(name);
  }
  if (beside !== '') parts.push(beside);
  console.log(parts.join(' ').trimEnd());
}

export function note(text: string): void {
  console.log(`  ${text}`);
}

const missed: string[] = [];

/** The names of the figures that missed their aims so far. */
export const missedAims = (): readonly string[] => missed;

function verdict(value: number, aim: Aim): string {
  const [sign, limit] = 'most' in aim ? ['<=', aim.most] : ['>=', aim.least];
  return `[${sign} ${number(limit)}: ${reaches(value, aim) ? 'reached' : 'MISSED'}]`;
}

const reaches = (value: number, aim: Aim) => ('most' in aim ? value <= aim.most : value >= aim.least);
