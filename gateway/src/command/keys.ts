// Idempotency keys: a repeated request is one command ([CMD-4]), also while the first is still on its way to the log.
import { type Command, Refusal } from '../contract/index.ts';

/** Keys whose first request is on its way to the log; the ledger knows all that are there, for as long as it keeps them. */
const runningMax = 10_000;

export class Keys {
  private readonly running = new Map<string, Promise<Command>>();
  private readonly findByKey: (key: string) => Promise<Command | null>;

  constructor(findByKey: (key: string) => Promise<Command | null>) {
    this.findByKey = findByKey;
  }

  /**
   * Runs `create` for a key that is new; else answers with the command that the key stands for. Throws
   * Refusal('store_busy') where too many are on their way: of one that was forgotten a repeat would be another command.
   */
  async once(key: string, create: () => Promise<Command>): Promise<{ command: Command; repeated: boolean }> {
    const running = this.running.get(key);
    if (running !== undefined) return { command: await running, repeated: true };
    if (this.running.size >= runningMax) throw new Refusal('store_busy');
    let repeated = false;
    const work = this.findByKey(key).then(known => {
      repeated = known !== null;
      return known ?? create();
    });
    this.running.set(key, work);
    try {
      return { command: await work, repeated };
    } finally {
      this.running.delete(key);
    }
  }
}
