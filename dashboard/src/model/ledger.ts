// The recent commands of one device: a page of the ledger, kept true by command events.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type Command, type LiveEvent, limits } from '@telltale/gateway/contract';
import type { Clock, Connection } from '../connection/index.ts';
import { createNewestWins } from '../history/newest-wins.ts';
import { createReload } from '../history/reload.ts';
import type { Api } from '../history/rest.ts';
import type { Batcher } from './batcher.ts';

/** Commands shown of one device to begin with. */
const rowsAtFirst = 30;
/** So many further ones each time: with that all are in sight that may be open at a device. */
const rowsMore = 100;
const reloadDelayMs = 250;

type CommandEvent = Extract<LiveEvent, { kind: 'command' }>;
type LedgerStatus = { name: 'loading' } | { name: 'ready' } | { name: 'failed'; error: unknown };

export type Ledger = {
  /** Newest first. */
  readonly commands: ReadonlySignal<readonly Command[]>;
  readonly status: ReadonlySignal<LedgerStatus>;
  /** There are older ones, which `loadOlder` brings. */
  readonly older: ReadonlySignal<boolean>;
  loadOlder(): void;
  /** A command that this page has just sent, or that an answer brought up to date. */
  put(command: Command): void;
  reload(): void;
  close(): void;
};

/** Loads at once, and again after each reconnect. */
export function openLedger(
  device: string,
  ports: { api: Pick<Api, 'commands'>; connection: Pick<Connection, 'listen'>; batcher: Batcher; clock: Clock },
): Ledger {
  const commands: Signal<readonly Command[]> = signal([]);
  const status: Signal<LedgerStatus> = signal({ name: 'loading' });
  const older = signal(false);
  let rows = rowsAtFirst;
  const loads = createNewestWins();
  const reload = createReload(ports.clock, reloadDelayMs, () => load());

  function load(): void {
    void loads.ask(
      () => ports.api.commands({ device, limit: rows }),
      page => {
        for (const command of page.items) put(command);
        older.value = page.next !== null && rows < limits.pageRowsMax;
        status.value = { name: 'ready' };
      },
      error => {
        status.value = { name: 'failed', error };
      },
    );
  }

  function put(command: Command): void {
    const held = commands.peek().find(each => each.id === command.id);
    const next = held === undefined ? command : furthest(held, command);
    const others = commands.peek().filter(each => each.id !== command.id);
    commands.value = [next, ...others].sort((a, b) => b.createdAt - a.createdAt).slice(0, rows);
  }

  function heard(event: LiveEvent): void {
    if (event.kind !== 'command' || event.device !== device) return;
    const held = commands.peek().find(each => each.id === event.command);
    // Somebody else's command: its parameters and reason are in the ledger, not in the event.
    const next = held === undefined ? null : applyEvent(held, event);
    if (next !== null) put(next);
    // Nor is who agreed to it, or asked for what took its place.
    if (next === null || event.cause === 'approved' || event.cause === 'newer') reload.soon();
  }

  const unlisten = ports.connection.listen({
    event: event => ports.batcher(() => heard(event)),
    state: state => state.name === 'open' && reload.soon(),
    gap: () => reload.soon(),
  });
  load();

  return {
    commands,
    status,
    older,
    loadOlder() {
      rows = Math.min(rows + rowsMore, limits.pageRowsMax);
      load();
    },
    put,
    reload: load,
    close() {
      loads.close();
      unlisten();
      reload.cancel();
    },
  };
}

/**
 * The command after the event; null where steps are missing in between. An event that is known already, be it from an
 * answer over REST that knew more, changes nothing.
 */
export function applyEvent(command: Command, event: CommandEvent): Command | null {
  const { state, at, cause, step } = event;
  const known = command.transitions.length;
  if (step <= known) return command;
  if (step > known + 1) return null;
  return {
    ...command,
    state,
    updatedAt: at,
    transitions: [...command.transitions, { state, at, cause }],
    attempts: event.attempts,
    needsApproval: command.needsApproval && cause !== 'approved',
    sentAt: event.attempts === 0 ? null : (command.sentAt ?? at),
    deliveredAt: event.deliveredAt ?? command.deliveredAt,
    answeredAt: command.answeredAt ?? (cause === 'answer' || cause === 'late-answer' ? at : null),
    result: event.result === undefined ? command.result : event.result,
    error: event.error ?? command.error,
    proof: event.proof ?? command.proof,
  };
}

/** Of two accounts of one command, the one that has gone further; the second where both are as far. */
export function furthest(a: Command, b: Command): Command {
  return b.transitions.length >= a.transitions.length ? b : a;
}
