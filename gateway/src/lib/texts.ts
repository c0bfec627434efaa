// Texts that come again and again from outside, each kept in memory once: every request brings a copy of its own.

export class Texts {
  private readonly known = new Map<string, string>();
  private readonly countMax: number;

  /** Beyond `countMax` texts all are forgotten: what is held by then stays, and is only no longer shared. */
  constructor(countMax: number) {
    this.countMax = countMax;
  }

  /** The same text, in the copy that was seen first. */
  same(text: string): string {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    if (this.known.size >= this.countMax) this.known.clear();
    this.known.set(text, text);
    return text;
  }
}
