// Kills a gateway again and again while commands are asked for and devices take them by turns, and then compares three
// books: what the one who asked was told, what the devices were handed, and what the ledger says.
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, type CommandRequest, commandTransitions, type Page } from '../../src/contract/index.ts';
import type { GatewayProgram, Rest } from './gateway.ts';
import type { TakingDevice } from './taking-device.ts';

/** Each list has the ids (or keys) of which it is true; all of them have to be empty. */
export type CommandFindings = {
  /** Handed over more often than they may be. */
  delivered: { tooOften: string[]; withoutSent: string[]; outOfOrder: string[]; unknown: string[] };
  /** Keys that stand for several commands, and ids that a request was told of and that the ledger lacks. */
  keys: { doubled: string[]; lost: string[] };
  /** A PUBACK said that the answer is in the ledger, and it is not. */
  answersLost: string[];
  /** Not to be reached by the table; sent after their life; still queued though the device was there. */
  states: { impossible: string[]; sentTooLate: string[]; stuck: string[] };
};
export type CommandCycleCounts = { commands: number; deliveries: number; answers: number; unknown: number };

type Asked = { key: string; device: string; ids: Set<string> };

const killWithinMs = 400;
const askedAtOnce = 3;
const retriesAllowed = 2;
/** Several times what it takes to drain a queue; a command that waits then is stuck. */
const drainMsMax = 15_000;

/** Asks for commands with idempotency keys; asks again with the same key where it was not told what became of it. */
class Asker {
  readonly asked: Asked[] = [];
  private readonly device: string;
  private readonly random: () => number;
  private told = 0;

  constructor(device: string, random: () => number) {
    this.device = device;
    this.random = random;
  }

  /** Asks as long as the gateway is there. What it was told nothing of it asks the next gateway for. */
  async run(rest: Rest, isGone: () => boolean): Promise<void> {
    const askWhile = async (): Promise<void> => {
      while (!isGone()) {
        await this.ask(rest, this.next(), isGone);
        await delay(this.random() * 30);
      }
    };
    await this.catchUp(rest, isGone);
    await Promise.all(Array.from({ length: askedAtOnce }, askWhile));
  }

  /** Asks again for all that it does not know about. */
  async catchUp(rest: Rest, isGone: () => boolean = () => false): Promise<void> {
    for (const asked of this.asked) if (asked.ids.size === 0) await this.ask(rest, asked, isGone);
  }

  /** Resolves once so many requests more were accepted. */
  async whenTold(more: number): Promise<void> {
    const enough = this.told + more;
    while (this.told < enough) await delay(5);
  }

  private next(): Asked {
    const asked = { key: `${this.device}-${this.asked.length}`, device: this.device, ids: new Set<string>() };
    this.asked.push(asked);
    return asked;
  }

  /** What is asked for follows from the key, so that it is the same each time. */
  private static body(key: string): CommandRequest {
    const turn = Number(key.slice(key.lastIndexOf('-') + 1)) % 10;
    const name = key;
    if (turn === 3) return { name, ttlMs: 300 };
    if (turn === 6) return { name, ttlMs: 20_000, supersede: 'target' };
    if (turn === 8) return { name, ttlMs: 20_000, retries: retriesAllowed, retryAfterMs: 500 };
    return { name, ttlMs: 20_000 };
  }

  private async ask(rest: Rest, asked: Asked, isGone: () => boolean): Promise<void> {
    // Now and then twice at once, as a client does that gave up waiting.
    const times = this.random() < 0.2 ? 2 : 1;
    while (!isGone() && asked.ids.size === 0) {
      await Promise.all(Array.from({ length: times }, () => this.askOnce(rest, asked)));
      if (asked.ids.size === 0) await delay(20);
    }
  }

  private async askOnce(rest: Rest, asked: Asked): Promise<void> {
    try {
      const answer = await rest.fetch(`/devices/${asked.device}/commands`, {
        method: 'POST',
        body: JSON.stringify(Asker.body(asked.key)),
        headers: { 'Idempotency-Key': asked.key },
      });
      // 429: so many are open already; the same is asked for later.
      if (answer.status !== 202) return void (await answer.text());
      asked.ids.add(((await answer.json()) as Command).id);
      this.told++;
    } catch {
      // Killed meanwhile: whether it is in the ledger is what nobody knows.
    }
  }
}

export type CommandCycles = {
  /** Starts the program; resolves once it is ready. */
  start(): Promise<GatewayProgram>;
  devices: readonly TakingDevice[];
  kills: number;
  random(): number;
};

/** Runs the cycles, lets what waits be delivered, and compares the books. */
export async function commandCycles({ start, devices, kills, random }: CommandCycles) {
  const askers = devices.map(({ device }) => new Asker(device, random));
  for (let kill = 0; kill < kills; kill++) {
    const gateway = await start();
    let gone = false;
    const isGone = () => gone;
    const runs = [
      ...askers.map(asker => asker.run(gateway.rest, isGone)),
      ...devices.map(device => device.run(gateway.mqttPort, isGone)),
    ];
    await Promise.all(askers.map(asker => asker.whenTold(2)));
    await delay(random() * killWithinMs);
    gone = true;
    await gateway.kill();
    await Promise.all(runs);
  }
  const gateway = await start();
  await Promise.all(askers.map(asker => asker.catchUp(gateway.rest)));
  const leave = await Promise.all(devices.map(device => device.visit(gateway.mqttPort)));
  await drained(gateway.rest);
  await Promise.all(leave.map(end => end()));
  const ledger = await all(gateway.rest);
  await gateway.kill();
  const asked = askers.flatMap(asker => asker.asked);
  return { findings: compare(ledger, asked, devices), counts: count(ledger, devices) };
}

async function all(rest: Rest, query = ''): Promise<Command[]> {
  const commands: Command[] = [];
  let cursor = '';
  do {
    const page = await rest.get<Page<Command>>(`/commands?limit=1000${query}${cursor}`);
    commands.push(...page.items);
    cursor = page.next === null ? '' : `&cursor=${page.next}`;
  } while (cursor !== '');
  return commands;
}

async function drained(rest: Rest): Promise<void> {
  const end = performance.now() + drainMsMax;
  while (performance.now() < end && (await all(rest, '&state=queued')).length > 0) await delay(50);
}

function compare(
  ledger: readonly Command[],
  asked: readonly Asked[],
  devices: readonly TakingDevice[],
): CommandFindings {
  const byId = new Map(ledger.map(command => [command.id, command]));
  const times = new Map<string, number>();
  for (const { command } of devices.flatMap(device => device.deliveries)) {
    times.set(command, (times.get(command) ?? 0) + 1);
  }
  const where = (is: (command: Command, delivered: number) => boolean) =>
    ledger.filter(command => is(command, times.get(command.id) ?? 0)).map(describe);
  const answered = new Set(devices.flatMap(device => [...device.answered]));
  return {
    delivered: {
      tooOften: where(({ retries }, delivered) => delivered > 1 + retries),
      withoutSent: where(({ transitions }, delivered) => delivered > 0 && !transitions.some(isSent)),
      outOfOrder: devices.flatMap(({ deliveries }) => outOfOrder(deliveries, byId)),
      unknown: [...times.keys()].filter(id => !byId.has(id)),
    },
    keys: {
      doubled: [...Map.groupBy(ledger, ({ key }) => key ?? '')].flatMap(([key, { length }]) =>
        length > 1 ? [key] : [],
      ),
      lost: asked.flatMap(({ ids }) => [...ids].filter(id => !byId.has(id))),
    },
    answersLost: where(({ id, state, answeredAt }) => answered.has(id) && answeredAt === null && !isAnswered(state)),
    states: {
      impossible: where(command => !isPossible(command)),
      sentTooLate: where(({ expiresAt, transitions }) => transitions.some(one => isSent(one) && one.at >= expiresAt)),
      stuck: where(({ state }) => state === 'queued'),
    },
  };
}

function count(ledger: readonly Command[], devices: readonly TakingDevice[]): CommandCycleCounts {
  const sum = (of: (device: TakingDevice) => number) => devices.reduce((total, device) => total + of(device), 0);
  return {
    commands: ledger.length,
    deliveries: sum(({ deliveries }) => deliveries.length),
    answers: sum(({ answered }) => answered.size),
    unknown: ledger.filter(({ transitions }) => transitions.some(({ state }) => state === 'unknown')).length,
  };
}

const describe = ({ id, key, transitions }: Command) =>
  `${id} ${key}: ${transitions.map(({ state, cause, at }) => `${state} (${cause}, ${at})`).join(' ')}`;
const isSent = ({ state }: { state: Command['state'] }) => state === 'sent';
const isAnswered = (state: Command['state']) => state === 'acknowledged' || state === 'rejected';

/** True where the states follow each other as the table has it, and the last one is the command's. */
function isPossible({ state, transitions }: Command): boolean {
  const states = transitions.map(transition => transition.state);
  const follows = states.every((next, i) => i === 0 || commandTransitions[states[i - 1] ?? 'failed'].includes(next));
  return states[0] === 'queued' && states.at(-1) === state && follows;
}

/** Those that came after a later one did. What may be sent again may come late. */
function outOfOrder(deliveries: TakingDevice['deliveries'], byId: ReadonlyMap<string, Command>): string[] {
  const once = deliveries.flatMap(({ command }) => byId.get(command) ?? []).filter(({ retries }) => retries === 0);
  return once.flatMap((command, i) => {
    const before = once[i - 1];
    return before !== undefined && command.id < before.id ? [`${describe(command)}, after ${describe(before)}`] : [];
  });
}
