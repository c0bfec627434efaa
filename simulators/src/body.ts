// The part of a device that has no line: its model, its commands and its faults. It turns time into readings, as the
// JSON they are sent as, and commands into answers.
import type { Millis } from '@telltale/gateway/contract';
import { CommandInbox, type Handled } from './command-inbox.ts';
import type { Fault, Hands } from './faults/fault.ts';
import type { Model } from './models/model.ts';

/** A thing with its faults. */
export class Body {
  readonly #model: Model;
  readonly #faults: readonly Fault[];
  readonly #inbox: CommandInbox;
  readonly #intervalMs: number;
  /** True where commands are carried out and never answered. */
  readonly mute: boolean;

  constructor(model: Model, faults: readonly Fault[], intervalMs: number) {
    this.#model = model;
    this.#faults = faults;
    this.#intervalMs = intervalMs;
    this.#inbox = new CommandInbox((name, params) => model.command(name, params));
    this.mute = faults.some(fault => fault.mute === true);
  }

  /** Time between two samples: the model's own where it decides that itself. */
  get intervalMs(): number {
    return this.#model.intervalMs ?? this.#intervalMs;
  }

  /** Lets time pass. */
  step(dtMs: number): void {
    this.#model.step(dtMs / 1000);
  }

  /** One reading of all sensors, filed under `ts` or what the device takes for it. */
  reading(ts: Millis): string {
    let stamped = ts;
    for (const fault of this.#faults) stamped = fault.stamp?.(stamped) ?? stamped;
    return JSON.stringify({ ts: stamped, values: this.#model.read() });
  }

  /** Gives each fault its chance after a sample. */
  misbehave(nowMs: Millis, hands: Hands): void {
    for (const fault of this.#faults) fault.sampled?.(nowMs, hands);
  }

  /** True while a fault keeps readings back. */
  holding(nowMs: Millis): boolean {
    return this.#faults.some(fault => fault.holding?.(nowMs) === true);
  }

  /** Handles one delivery of a command. */
  handle(id: string, payload: string, nowMs: Millis): Handled {
    return this.#inbox.handle(id, payload, nowMs);
  }

  /** What the device says about itself when it starts. */
  attributes(serial: string): string {
    const { product, units, commandsText } = this.#model;
    return JSON.stringify({ model: product, firmware: '2.4.1', serial, commands: commandsText, units });
  }
}
