// Asks the devices of groups, and says what becomes of a request that was not taken: a refusal, or one to try again.
// Full: so many requests of all groups are on their way to the ledger; further groups wait for their turn.
import { Refusal } from '../contract/index.ts';
import type { GroupStep } from './group-progress.ts';
import { type GroupRun, retryMs, stepOf } from './group-run.ts';
import type { GroupPorts } from './groups.ts';

/** Devices of all groups together that are asked at a time: each asks the store for its key, which has other work, too. */
const askingMax = 64;

type Hears = {
  heard(run: GroupRun, step: GroupStep): void;
  refused(run: GroupRun, device: string, error: Error): void;
  /** The disk is full, or the gateway closes. */
  retryLater(run: GroupRun): void;
  /** There is room again. */
  tend(run: GroupRun): void;
};

export class GroupAsking {
  /** Requests on their way to the ledger, and the runs that wait for room among them, in turn. */
  private asking = 0;
  private readonly hungry = new Set<GroupRun>();
  private readonly ports: Pick<GroupPorts, 'clock' | 'plan' | 'request'>;
  private readonly hears: Hears;

  constructor(ports: Pick<GroupPorts, 'clock' | 'plan' | 'request'>, hears: Hears) {
    this.ports = ports;
    this.hears = hears;
  }

  /** Asks as many devices as may be open by now. */
  askOn(run: GroupRun): void {
    const { concurrency, progress } = run;
    // Where the gateway could not take a request, it is left in peace for a while.
    while (run.retry === null && progress.openCount() < concurrency && progress.asideCount() < concurrency) {
      if (this.asking >= askingMax) {
        this.hungry.add(run);
        return;
      }
      const device = progress.take();
      if (device === null) return;
      void this.ask(run, device);
    }
  }

  private async ask(run: GroupRun, device: string): Promise<void> {
    const { group, request, approval } = run.shown();
    const { id, by, from, total } = group;
    const options = { key: device, requester: { by, from }, group: id, confirmation: String(total), approval };
    this.asking++;
    try {
      const command = await this.ports.request(device, request, options).finally(() => this.asking--);
      if (command.group !== id) throw new Refusal('conflict', 'the idempotency key was used for another command');
      this.hears.heard(run, stepOf(command));
    } catch (error) {
      this.notAsked(run, device, error as Error);
    }
    this.feed();
  }

  /** What is not the device's fault, as a full disk is not, passes: the device is asked again later. */
  private notAsked(run: GroupRun, device: string, error: Error): void {
    const code = error instanceof Refusal ? error.code : null;
    if (error instanceof Refusal && error.status === 503) {
      run.giveBack(device, false);
      this.hears.retryLater(run);
    } else if (code === 'too_many' && this.mayWait(run, device)) {
      run.giveBack(device, true);
      this.takeUpLater(run);
      this.hears.tend(run);
    } else this.hears.refused(run, device, error);
  }

  /** A device without room for a command is waited for as long as the command would have lived. */
  private mayWait(run: GroupRun, device: string): boolean {
    const { group, request } = run.shown();
    try {
      const { ttlMs } = this.ports.plan(device, request, String(group.total));
      return !run.isWaitOver(device, this.ports.clock.elapsed(), ttlMs);
    } catch {
      // It would be refused for another reason by now.
      return false;
    }
  }

  private takeUpLater(run: GroupRun): void {
    run.takeUp ??= this.ports.clock.after(retryMs, () => {
      run.takeUp = null;
      run.progress.takeUp();
      this.hears.tend(run);
    });
  }

  /** Lets runs that waited for room ask, one after the other. */
  private feed(): void {
    for (const run of this.hungry) {
      if (this.asking >= askingMax) return;
      this.hungry.delete(run);
      this.hears.tend(run);
    }
  }
}
