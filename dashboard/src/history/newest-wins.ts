// Questions whose answers supersede each other: however long each takes, only the one asked last is listened to.

export type NewestWins = {
  /** Asks; tells `answered` or `failed` unless another question was asked, or all was closed, in the meantime. */
  ask<T>(question: () => Promise<T>, answered: (answer: T) => void, failed: (error: unknown) => void): Promise<void>;
  /** What is still under way is not listened to any more. */
  close(): void;
};

/** Nothing asked yet. */
export function createNewestWins(): NewestWins {
  let turn = 0;
  return {
    async ask(question, answered, failed) {
      turn += 1;
      const mine = turn;
      try {
        const answer = await question();
        if (mine === turn) answered(answer);
      } catch (error) {
        if (mine === turn) failed(error);
      }
    },
    close() {
      turn += 1;
    },
  };
}
