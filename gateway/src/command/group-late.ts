// What becomes of a group's commands after the group is over: a late answer still changes what is shown of it.
import type { Command, CommandGroup, CommandState } from '../contract/index.ts';
import type { KeyTurns } from '../lib/key-turns.ts';
import type { GroupPorts } from './groups.ts';

type Counts = CommandGroup['counts'];

export class LateSteps {
  /** By group, which outcomes are more and which are fewer than its row says. */
  private readonly waiting = new Map<string, Map<CommandState, number>>();
  private readonly ports: Pick<GroupPorts, 'find' | 'save'>;
  private readonly saves: KeyTurns;

  constructor(ports: Pick<GroupPorts, 'find' | 'save'>, saves: KeyTurns) {
    this.ports = ports;
    this.saves = saves;
  }

  /** Counts a command of a group that is over by its newest state in place of the one before. */
  add(group: string, { state, transitions }: Command): void {
    const before = transitions.at(-2)?.state;
    if (before === undefined || before === state) return;
    const known = this.waiting.get(group);
    const changes = known ?? new Map<CommandState, number>();
    changes.set(before, (changes.get(before) ?? 0) - 1);
    changes.set(state, (changes.get(state) ?? 0) + 1);
    if (known !== undefined) return;
    this.waiting.set(group, changes);
    // What a full disk refuses here is in the commands all the same; the row is a summary that may lag behind them.
    this.saves.take(group, () => this.write(group)).catch(() => {});
  }

  private async write(id: string): Promise<void> {
    const changes = this.waiting.get(id);
    this.waiting.delete(id);
    const row = await this.ports.find(id);
    if (row === null || changes === undefined) return;
    const { group } = row;
    await this.ports.save({ ...row, group: { ...group, counts: changed(group.counts, changes) } }, group.state, []);
  }
}

/** The counts after the changes; as they were where a change does not fit them. They add up to the same in any case. */
function changed(counts: Counts, changes: ReadonlyMap<CommandState, number>): Counts {
  const after: Counts = { ...counts };
  for (const [state, change] of changes) {
    const count = (after[state] ?? 0) + change;
    if (count < 0) return counts;
    if (count === 0) delete after[state];
    else after[state] = count;
  }
  return after;
}
