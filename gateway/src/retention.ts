// Lets go of what grew too old beside the readings: ended commands, finished groups, the history of desired and reported
// state, and the audit trail. A clock in doubt deletes nothing ([RUN-3]).
import type { Clock, Timer } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import type { SteadyClock } from './lib/steady-clock.ts';
import { ulidsFrom } from './lib/ulid.ts';
import { type Effect, type QueryName, type Store, trimRowsMax } from './store/index.ts';

const everyMs = 3_600_000;

export type RetentionParts = {
  clock: Pick<Clock, 'every'>;
  steady: Pick<SteadyClock, 'sure'>;
  store: Pick<Store, 'query' | 'write'>;
  log: Logger;
  /** Milliseconds that commands, their groups and the history of state are kept after they began, and audit lines. */
  commandsKeptMs: number;
  auditKeptMs: number;
};

/** A question whether something is due, with the effects that delete some of it. */
type Slice = { due: QueryName; params: (string | number)[]; trim: Effect[] };

export class Retention {
  private readonly parts: RetentionParts;
  private timer: Timer | null = null;
  private isClosed = false;
  private running: Promise<void> | null = null;

  constructor(parts: RetentionParts) {
    this.parts = parts;
  }

  open(): void {
    this.timer = this.parts.clock.every(everyMs, () => void this.trim());
  }

  /** Deletes all that is due, some hundred rows in a commit: others' commits come in between. */
  trim(): Promise<void> {
    this.running ??= this.trimAll()
      .catch(error => this.parts.log.warn({ error: (error as Error).message }, 'what grew too old was not deleted'))
      .finally(() => {
        this.running = null;
      });
    return this.running;
  }

  /** Resolves once what was begun has ended. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.running;
  }

  private async trimAll(): Promise<void> {
    const { store } = this.parts;
    for (const sliceAt of slices(this.parts)) {
      for (;;) {
        // Asked anew for each slice: the clock may be set meanwhile.
        const sure = this.parts.steady.sure();
        if (sure === null || this.isClosed) return;
        const { due, params, trim } = sliceAt(sure);
        if ((await store.query(due, ...params)).length === 0) break;
        await store.write(trim);
      }
    }
  }
}

function slices({ commandsKeptMs, auditKeptMs }: RetentionParts): ((sure: number) => Slice)[] {
  const byId = (kind: 'command' | 'commandGroup') => (sure: number) => {
    const before = ulidsFrom(Math.max(sure - commandsKeptMs, 0));
    const trim: Effect[] = [[`${kind}.trim`, before, trimRowsMax]];
    if (kind === 'commandGroup') trim.push(['commandGroup.trimCounts', before]);
    return { due: `${kind}.due`, params: [before], trim } satisfies Slice;
  };
  const byTime = (kind: 'stateChange' | 'audit', keptMs: number) => (sure: number) => {
    const before = sure - keptMs;
    return { due: `${kind}.due`, params: [before, sure], trim: [[`${kind}.trim`, before, sure]] } satisfies Slice;
  };
  return [byId('command'), byId('commandGroup'), byTime('stateChange', commandsKeptMs), byTime('audit', auditKeptMs)];
}
