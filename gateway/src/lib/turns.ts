// One thing at a time: what is decided by how things are is done before the next that would change them.

export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` once all that was asked for before has settled. Work must not wait for a turn of its own. */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(work);
    this.last = result.catch(() => {});
    return result;
  }
}
