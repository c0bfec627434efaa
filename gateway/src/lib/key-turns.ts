// Work on the same key, one after the other; on different keys beside each other.

export class KeyTurns {
  private readonly last = new Map<string, Promise<unknown>>();

  /** True while work on this key is under way or waits. */
  isTaken(key: string): boolean {
    return this.last.has(key);
  }

  /** Does `work` after everything that was asked for on this key before, whatever became of that. */
  async take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const mine = (this.last.get(key) ?? Promise.resolve()).then(work, work);
    this.last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.last.get(key) === mine) this.last.delete(key);
    }
  }
}
