// A world for groups in memory: devices, a ledger of few words, and a store. Every step that takes time waits until a
// test lets it go on, so that a gateway can be killed between any two.
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import {
  type Command,
  type CommandGroup,
  type CommandState,
  type GroupRequest,
  isOpen,
  Refusal,
  type TransitionCause,
} from '../contract/index.ts';
import { GrowingUlids } from '../lib/ulid.ts';
import { commandDefaults } from './earlier-commands.ts';
import type { GroupColumn, GroupLine, GroupRow } from './group-row.ts';
import { stepOf } from './group-run.ts';
import { type GroupPorts, Groups } from './groups.ts';

export const ada = { by: 'ada', from: '::1' };
export const bob = { by: 'bob', from: '::1' };

export const commandLifeMs = 30_000;

export class GroupWorld {
  readonly clock = new ManualClock();
  readonly rows = new Map<string, { row: GroupRow; column: GroupColumn }>();
  readonly lines: GroupLine[] = [];
  readonly commands = new Map<string, Command>();
  devices: string[] = [];
  /** Devices that the ledger refuses. */
  readonly refusing = new Set<string>();
  /** Devices that have all the commands that they may have. */
  readonly roomless = new Set<string>();
  /** Devices whose command another person has to agree to. */
  readonly careful = new Set<string>();
  /** Who withdrew commands; null is the gateway. */
  readonly withdrawnBy = new Set<string | null>();
  /** True where the disk is full. */
  full = false;
  /** While true each step waits for `letGo`. */
  stepwise = false;
  /** How many were asked of the ledger by the group now, repeats included. */
  requests = 0;
  groups: Groups;
  private readonly ids = new GrowingUlids();
  private steps: (() => void)[] = [];
  private life = 0;

  constructor(count: number) {
    this.devices = Array.from({ length: count }, (_, i) => `d${String(i).padStart(5, '0')}`);
    this.groups = this.makeGroups();
  }

  async open(): Promise<this> {
    await this.groups.resume([], { restored: false });
    return this;
  }

  /** A gateway that starts on what the store holds; all that was under way is lost. */
  async restart(restored = false): Promise<void> {
    this.life++;
    this.steps = [];
    // Its timers go with the process.
    this.groups.close();
    this.groups = this.makeGroups();
    // The ledger comes first, and nobody hears of it.
    const sent = [...this.commands.values()].filter(({ state }) => state === 'sent');
    for (const command of sent) this.move(command, 'unknown', restored ? 'restored' : 'restart');
    const open = [...this.rows.values()].filter(({ column }) => ['waiting', 'running', 'stopping'].includes(column));
    const rows = open.map(({ row }) => structuredClone(row));
    const stepwise = this.stepwise;
    this.stepwise = false;
    await this.groups.resume(rows, { restored });
    this.stepwise = stepwise;
  }

  make(request: Partial<GroupRequest> = {}, key: string | null = null): Promise<CommandGroup> {
    return this.groups.create({ name: 'set', devices: ['*'], ...request }, key, ada, null);
  }

  /** Steps that wait. */
  waiting(): number {
    return this.steps.length;
  }

  /** Lets the step at this place go on, and all that follows at once. */
  async letGo(at: number): Promise<void> {
    this.steps.splice(at, 1)[0]?.();
    await settle();
  }

  of(device: string): Command[] {
    return [...this.commands.values()].filter(command => command.device === device);
  }

  openCommands(): Command[] {
    return [...this.commands.values()].filter(isOpen);
  }

  /** Moves a command on. */
  move({ id }: Command, state: CommandState, cause: TransitionCause = 'answer'): void {
    const before = this.commands.get(id) as Command;
    const at = this.clock.now();
    const attempts = before.attempts + Number(state === 'sent');
    const transitions = [...before.transitions, { state, at, cause }];
    const after = { ...before, state, updatedAt: at, attempts, transitions };
    this.commands.set(id, after);
    this.groups.moved(after);
  }

  /** Moves on the command of this device, as the device would. */
  moveOf(device: string, ...states: CommandState[]): void {
    const [command] = this.of(device);
    if (command === undefined) throw new Error(`${device} was asked nothing`);
    for (const state of states) this.move(command, state);
  }

  async shown(id: string): Promise<CommandGroup> {
    return (await this.groups.get(id)).group;
  }

  private makeGroups(): Groups {
    const { life } = this;
    const alive = async () => {
      if (this.stepwise) await new Promise<void>(resolve => this.steps.push(resolve));
      // What a killed process was about to do is never done.
      if (life !== this.life) await new Promise(() => {});
    };
    const disk = () => {
      if (this.full) throw new Refusal('store_full');
    };
    const ports: GroupPorts = {
      clock: this.clock,
      devicesOf: async (_, sees) => this.devices.filter(device => sees === null || sees(device)),
      plan: (device, { name, confirm }, confirmation) => {
        if (name === 'danger' && confirm !== confirmation) throw new Refusal('confirm_needed');
        if (name === 'unfit') throw new Refusal('params_refused', 'expected params.t');
        return { needsApproval: this.careful.has(device), ttlMs: commandLifeMs };
      },
      request: async (device, request, options) => {
        this.requests++;
        await alive();
        if (this.refusing.has(device)) throw new Refusal('controlled', 'bob has it');
        const isKnown = ({ group, key }: Command) => group === options.group && key === options.key;
        const known = [...this.commands.values()].find(isKnown);
        if (known !== undefined) return known;
        if (this.roomless.has(device)) throw new Refusal('too_many', 'at most 100 open commands a device');
        disk();
        const command = this.queued(device, request.name, options);
        this.commands.set(command.id, command);
        this.groups.moved(command);
        await alive();
        return command;
      },
      cancel: async (id, requester) => {
        await alive();
        const command = this.commands.get(id);
        if (command?.state !== 'queued') throw new Refusal('unprocessable');
        disk();
        this.withdrawnBy.add(requester?.by ?? null);
        this.move(command, 'cancelled');
      },
      save: async (row, column, lines) => {
        const kept = structuredClone({ row, column });
        await alive();
        disk();
        this.rows.set(row.group.id, kept);
        this.lines.push(...lines);
        await alive();
      },
      find: async id => this.kept(id),
      findByKey: async key => structuredClone([...this.rows.values()].find(({ row }) => row.key === key)?.row ?? null),
      list: async before => [...this.rows.keys()].filter(id => id < before).map(id => this.kept(id) as GroupRow),
      steps: async (group, before, limit) =>
        [...this.commands.values()]
          .filter(command => command.group === group && command.id < before)
          .sort((a, b) => (a.id < b.id ? 1 : -1))
          .slice(0, limit)
          .map(stepOf),
    };
    return new Groups(ports);
  }

  /** As the store has it: the commands are counted as they are there, whatever the row said when it was written. */
  private kept(id: string): GroupRow | null {
    const row = structuredClone(this.rows.get(id)?.row ?? null);
    if (row === null) return null;
    const { refused = 0 } = row.group.counts;
    const counts: CommandGroup['counts'] = {};
    const commands = [...this.commands.values()].filter(({ group }) => group === id);
    for (const { state } of commands) counts[state] = (counts[state] ?? 0) + 1;
    const pending = row.group.total - commands.length - refused;
    row.group.counts = { ...(pending > 0 && { pending }), ...(refused > 0 && { refused }), ...counts };
    return row;
  }

  private queued(
    device: string,
    name: string,
    { key, group, requester }: { key: string; group: string; requester: typeof ada },
  ): Command {
    const now = this.clock.now();
    return {
      ...commandDefaults,
      ...requester,
      id: this.ids.next(now),
      device,
      name,
      params: null,
      state: 'queued',
      createdAt: now,
      updatedAt: now,
      expiresAt: now + commandLifeMs,
      reason: null,
      key,
      group,
      result: null,
      error: null,
      transitions: [{ state: 'queued', at: now, cause: 'requested' }],
    };
  }
}

/** Resolves when all that follows at once from what was done has followed. */
export const settle = () => new Promise<void>(resolve => setImmediate(resolve));
