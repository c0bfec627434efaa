// What a device is told: commands and desired state. They are carried out as its faults have it, and what its fields are
// set to afterwards is reported. When too much is put off, a command is refused, and a desired state is left alone.
import { type Millis, parseTopic, topics } from '@telltale/gateway/contract';
import type { Body } from './body.ts';
import { CommandInbox } from './command-inbox.ts';
import { readDesired } from './desired.ts';
import type { Totals } from './totals.ts';

/** Desired states that a slow device puts off at once; what is left alone is still a difference at the next connect. */
const desiredPutOffMax = 100;

/** What it needs of the device that it sits in. */
export type InstructionPorts = {
  device: string;
  body: Body;
  totals: Totals;
  /** Publishes, and waits where there is no line. */
  send(topic: string, payload: string): void;
  /** Takes a reading now, and the next ones soon enough to follow what moves. */
  showEffect(): void;
  /** Cuts the line, and stays away for so long. */
  cut(awayMs: Millis): void;
};

/** The instructions of one device. */
export class Instructions {
  readonly #ports: InstructionPorts;
  /** Made with the first command: most devices never get one. */
  #inbox: CommandInbox | null = null;
  /** Of what is put off. */
  readonly #timers = new Set<NodeJS.Timeout>();
  #desiredPutOff = 0;
  /** The fields as they were last told. */
  #reported = '';

  constructor(ports: InstructionPorts) {
    this.#ports = ports;
  }

  /** Takes a message that came for the device. */
  take(topic: string, payload: string): void {
    const parsed = parseTopic(topic);
    if (parsed?.device !== this.#ports.device) return;
    if (parsed.kind === 'command') {
      this.#inbox ??= this.#createInbox();
      this.#inbox.take(parsed.command, payload);
    } else if (parsed.kind === 'desired') this.#desired(payload);
  }

  /** Tells what the device is, and what its fields are set to. */
  describe(serial: string): void {
    const { body, device, send } = this.#ports;
    this.#reported = body.reported();
    send(topics.attributes(device), body.attributes(serial));
  }

  /** Tells what its fields are set to, where that is not what it told the last time. */
  reportChanges(): void {
    if (this.#ports.body.reported() !== this.#reported) this.#report();
  }

  /** Forgets what is put off. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #createInbox(): CommandInbox {
    const { body, device, send, totals, cut } = this.#ports;
    return new CommandInbox({
      conduct: (expiresAt, nowMs) => body.conduct(expiresAt, nowMs),
      perform: (name, params) => body.perform(name, params),
      now: Date.now,
      later: (afterMs, task) => this.#later(afterMs, task),
      answer: (id, answer) => send(topics.commandResult(device, id), answer),
      carriedOut: () => {
        this.reportChanges();
        this.#ports.showEffect();
      },
      cut,
      counted: repeated => {
        if (repeated) totals.commandsRepeated++;
        else totals.commandsAnswered++;
      },
    });
  }

  /** Takes what it can, and tells what is now: what it did not take is still reported as it was. */
  #desired(payload: string): void {
    const desired = readDesired(payload);
    if (desired === null || this.#desiredPutOff >= desiredPutOffMax) return;
    const { body, cut, showEffect } = this.#ports;
    const { lies, beforeMs, dies } = body.conduct(Date.now(), Date.now());
    const carryOut = () => {
      if (!lies && dies?.carriedOut !== false) body.take(desired.fields);
      if (dies !== null) return cut(dies.awayMs);
      this.#report();
      showEffect();
    };
    if (beforeMs <= 0) return carryOut();
    this.#desiredPutOff++;
    this.#later(beforeMs, () => {
      this.#desiredPutOff--;
      carryOut();
    });
  }

  #report(): void {
    const { body, device, send } = this.#ports;
    this.#reported = body.reported();
    send(topics.attributes(device), this.#reported);
  }

  #later(afterMs: Millis, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, afterMs);
    this.#timers.add(timer);
  }
}
