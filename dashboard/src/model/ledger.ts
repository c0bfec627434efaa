// The recent commands of one device: a page of the ledger, kept true by command events.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Command, CommandState, LiveEvent, Transition } from '@telltale/gateway/contract';
import { commandTransitions } from '@telltale/gateway/contract';
import type { Clock, Connection } from '../connection/index.ts';
import { createNewestWins } from '../history/newest-wins.ts';
import { createReload } from '../history/reload.ts';
import type { Api } from '../history/rest.ts';
import type { Batcher } from './batcher.ts';

/** Commands shown of one device. */
const ledgerRowsMax = 30;
const reloadDelayMs = 250;

type CommandEvent = Extract<LiveEvent, { kind: 'command' }>;
type LedgerStatus = { name: 'loading' } | { name: 'ready' } | { name: 'failed'; error: unknown };

export type Ledger = {
  /** Newest first. */
  readonly commands: ReadonlySignal<readonly Command[]>;
  readonly status: ReadonlySignal<LedgerStatus>;
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
  const loads = createNewestWins();
  const reload = createReload(ports.clock, reloadDelayMs, () => load());

  function load(): void {
    void loads.ask(
      () => ports.api.commands({ device, limit: ledgerRowsMax }),
      page => {
        for (const command of page.items) put(command);
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
    commands.value = [next, ...others].sort((a, b) => b.createdAt - a.createdAt).slice(0, ledgerRowsMax);
  }

  function heard(event: LiveEvent): void {
    if (event.kind !== 'command' || event.device !== device) return;
    const held = commands.peek().find(each => each.id === event.command);
    // Somebody else's command: its parameters and reason are in the ledger, not in the event.
    if (held === undefined) reload.soon();
    else put(applyEvent(held, event));
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
    put,
    reload: load,
    close() {
      loads.close();
      unlisten();
      reload.cancel();
    },
  };
}

/** The command after the event. An event that is known already changes nothing. */
export function applyEvent(command: Command, event: CommandEvent): Command {
  const { state, at, cause } = event;
  if (command.transitions.some(each => each.state === state && each.at === at)) return command;
  const transitions: Transition[] = [...command.transitions, { state, at, cause }].sort((a, b) => a.at - b.at);
  const next = { ...command, transitions };
  // An event may come later than an answer over REST that knew more already.
  if (!mayFollow(command.state, state)) return next;
  return {
    ...next,
    state,
    updatedAt: at,
    result: event.result === undefined ? command.result : event.result,
    error: event.error ?? command.error,
  };
}

/** Of two accounts of one command, the one that has gone further. */
export function furthest(a: Command, b: Command): Command {
  if (a.state === b.state) return b.transitions.length >= a.transitions.length ? b : a;
  return mayFollow(a.state, b.state) ? b : a;
}

/** True where `to` can be reached from `from`, in one step or several. */
export function mayFollow(from: CommandState, to: CommandState): boolean {
  return commandTransitions[from].some(next => next === to || mayFollow(next, to));
}
