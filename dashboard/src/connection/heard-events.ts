// The events that came already. A subscription that goes on hears the events after its position once more, and some of
// them came before the connection broke: events overtake readings ([LIV-2]).

/** Offsets grow within an epoch, and events come in their order: the last one says it all. */
export class HeardEvents {
  #epoch: string | null = null;
  #offset = -1;

  /** A link greeted: offsets of another epoch mean nothing in this one. */
  in(epoch: string): void {
    if (this.#epoch !== epoch) this.forget();
    this.#epoch = epoch;
  }

  /** The log is not the one that was heard of. */
  forget(): void {
    this.#offset = -1;
  }

  /** True where it is a new one, which then counts as heard. */
  isNew(offset: number): boolean {
    if (offset <= this.#offset) return false;
    this.#offset = offset;
    return true;
  }
}
