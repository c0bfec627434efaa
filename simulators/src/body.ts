// The part of a device that has no line: its model and its faults. It turns time into readings, as the JSON they are
// sent as, and what it is told into deeds.
import type { CommandAnswer, Millis } from '@telltale/gateway/contract';
import { type Conduct, type Fault, goodConduct, type Hands } from './faults/fault.ts';
import type { Model, Values } from './models/model.ts';

/** A thing with its faults. */
export class Body {
  readonly #model: Model;
  readonly #faults: readonly Fault[];
  readonly #intervalMs: number;

  constructor(model: Model, faults: readonly Fault[], intervalMs: number) {
    this.#model = model;
    this.#faults = faults;
    this.#intervalMs = intervalMs;
  }

  /** Time between two samples: the model's own where it decides that itself. */
  get intervalMs(): number {
    return this.#model.intervalMs ?? this.#intervalMs;
  }

  /** True while something that it was told to move still moves. */
  get settling(): boolean {
    return this.#model.settling === true;
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

  /** How it will deal with something that it is told now, and that is to be done before `expiresAt`. */
  conduct(expiresAt: Millis, nowMs: Millis): Conduct {
    let conduct = goodConduct;
    for (const fault of this.#faults) conduct = fault.conduct?.(conduct, expiresAt, nowMs) ?? conduct;
    return conduct;
  }

  /** Carries out a command, or says why not. */
  perform(name: string, params: unknown): CommandAnswer {
    return this.#model.command(name, params);
  }

  /** Takes of these fields those that it has, with values that are possible. */
  take(fields: Readonly<Values>): void {
    for (const [name, value] of Object.entries(fields)) this.#model.take(name, value);
  }

  /** What its fields are set to, as the JSON that it reports them as. */
  reported(): string {
    return JSON.stringify(this.#model.reported());
  }

  /** What the device says about itself when it starts. */
  attributes(serial: string): string {
    const { product, units, commandsText } = this.#model;
    const facts = { model: product, firmware: '2.4.1', serial, commands: commandsText, units };
    return JSON.stringify({ ...facts, ...this.#model.reported() });
  }
}
