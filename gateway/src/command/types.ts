// Command types: what may be sent to which device, and what comes of a request by its type ([CMD-8]).
// Invariant: what a type refuses is not queued; a type that is shown is in the store or in the configuration.
// Full: so many types in all; a further one is refused.
import {
  type CommandRequest,
  type CommandType,
  type CommandTypeRequest,
  type CommandTypeTarget,
  type Expectation,
  type FieldProblem,
  type GroupPreview,
  type JsonSchema,
  limits,
  type Millis,
  Refusal,
  type UntypedRule,
} from '../contract/index.ts';
import { matchesPattern } from '../lib/pattern.ts';
import { expectedEffect, withDefaults } from './effects.ts';
import { type CheckedRequest, checkRequest, readExpectations, refusal } from './request-checks.ts';

/** What types go by. */
export type DeviceTraits = { tags: readonly string[]; model: string | null };

export type CommandTypesConfig = { untyped: UntypedRule; types: readonly CommandType[] };

export type CommandTypesPorts = {
  /** A check of parameters; an empty answer is that they keep to the schema. */
  compile(schema: JsonSchema): (params: unknown) => FieldProblem[];
  /** Reads what was given over REST. */
  read(given: Record<string, unknown>): { ok: true; type: CommandType } | { ok: false; errors: FieldProblem[] };
  traitsOf(device: string): DeviceTraits;
  /** Ids of all devices. */
  devices(): Iterable<string>;
  /** Keeps a type, or with null forgets it, together with who did it. */
  save(id: string, type: CommandType | null, requester: { by: string; from: string }): Promise<void>;
};

/** What a request comes to, before anything is queued. */
export type Plan = {
  type: string | null;
  params: unknown;
  ttlMs: Millis;
  expect: Expectation[];
  retries: number;
  retryAfterMs: Millis;
  reply: boolean;
  supersede: string | null;
  needsApproval: boolean;
};

type Known = { type: CommandType; check: (params: unknown) => FieldProblem[] };

/** Devices, and types for one, that are looked at before others have their turn: some milliseconds. */
const lookedAtOnce = 10_000;

export class CommandTypes {
  readonly untyped: UntypedRule;
  private readonly known = new Map<string, Known>();
  /** By the command's name, in order of id: a request looks through few. */
  private readonly byName = new Map<string, Known[]>();
  /** New ones that are being written. */
  private arriving = 0;
  private readonly ports: CommandTypesPorts;

  constructor({ untyped, types }: CommandTypesConfig, ports: CommandTypesPorts) {
    this.untyped = untyped;
    this.ports = ports;
    for (const type of types) this.add(type);
  }

  /** Takes in what the store holds. What the configuration has an id for stays as the configuration has it. */
  load(types: readonly CommandType[]): void {
    for (const type of types) if (this.known.get(type.id)?.type.source !== 'config') this.add(type);
  }

  /** Types after the id `after`, in order of id. */
  list(after: string | null, limit: number): CommandType[] {
    const ids = [...this.known.keys()].sort().filter(id => after === null || id > after);
    return ids.slice(0, limit).map(id => this.get(id));
  }

  /** Throws Refusal('not_found'). */
  get(id: string): CommandType {
    const known = this.known.get(id);
    if (known === undefined) throw new Refusal('not_found', `no command type has the id ${JSON.stringify(id)}`);
    return known.type;
  }

  /** Makes a type or takes the place of one. Throws Refusal where it is wrong, or where the configuration has it. */
  async put(id: string, given: CommandTypeRequest, requester: { by: string; from: string }): Promise<CommandType> {
    const read = this.ports.read({ ...given, id });
    if (!read.ok) throw refusal('bad_request', read.errors);
    this.needChangeable(id);
    const isNew = !this.known.has(id);
    if (isNew && this.known.size + this.arriving >= limits.commandTypesMax) {
      throw new Refusal('too_many', `at most ${limits.commandTypesMax} command types`);
    }
    if (isNew) this.arriving++;
    try {
      await this.ports.save(id, read.type, requester);
    } finally {
      if (isNew) this.arriving--;
    }
    this.add(read.type);
    return read.type;
  }

  async remove(id: string, requester: { by: string; from: string }): Promise<void> {
    this.get(id);
    this.needChangeable(id);
    await this.ports.save(id, null, requester);
    this.drop(id);
  }

  /** What can be sent to a device, in order of id: of several types for one name the one that counts. */
  forDevice(device: string): CommandType[] {
    const traits = this.ports.traitsOf(device);
    const found: CommandType[] = [];
    for (const types of this.byName.values()) {
      const first = types.find(({ type }) => fits(type, device, traits));
      if (first !== undefined) found.push(first.type);
    }
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Of these types those that fit a device that is seen. */
  async fitting(types: readonly CommandType[], sees: (device: string) => boolean): Promise<CommandType[]> {
    const left = new Set(types);
    await this.lookAt(sees, (device, traits) => {
      for (const type of left) if (fits(type, device, traits)) left.delete(type);
      return left.size;
    });
    return types.filter(type => !left.has(type));
  }

  /** How many of the devices that are seen a type would fit, and the first of them. */
  async preview(target: Partial<CommandTypeTarget>, sees: ((device: string) => boolean) | null): Promise<GroupPreview> {
    const { devices = [], tags = [], models = [] } = target;
    const found: string[] = [];
    await this.lookAt(sees ?? (() => true), (device, traits) => {
      if (fits({ devices, tags, models }, device, traits)) found.push(device);
      return 1;
    });
    return { total: found.length, devices: found.sort().slice(0, limits.previewDevicesMax) };
  }

  /** Looks at the devices that are seen, a part of many at a time. `look` says for how many types it still has to. */
  private async lookAt(
    sees: (device: string) => boolean,
    look: (device: string, traits: DeviceTraits) => number,
  ): Promise<void> {
    let left = 1;
    let looked = 0;
    for (const device of this.ports.devices()) {
      if (left === 0) break;
      looked++;
      if (sees(device)) {
        left = look(device, this.ports.traitsOf(device));
        looked += left;
      }
      if (looked < lookedAtOnce) continue;
      looked = 0;
      await new Promise<void>(resolve => setImmediate(resolve));
    }
  }

  /**
   * What the request comes to. `confirmation` is what has to be typed before something dangerous is sent. Throws Refusal
   * where the request is wrong, its parameters are not what the type takes, it is not confirmed, or there is no type and
   * there has to be one.
   */
  plan(device: string, request: CommandRequest, confirmation: string): Plan {
    const checked = checkRequest(request);
    const known = this.find(device, checked.name);
    if (known === undefined) return this.withoutType(device, checked);
    const { type, check } = known;
    const params = type.params === null ? checked.params : withDefaults(type.params, checked.params);
    const problems = check(params);
    if (problems.length > 0) throw refusal('params_refused', problems);
    needConfirmation(type, checked, confirmation);
    const {
      retries = type.retries,
      retryAfterMs = type.retryAfterMs,
      reply = type.reply,
      ttlMs = type.ttlMs,
    } = checked;
    if (retries > type.retries) {
      const expected = type.retries === 0 ? `0, for ${type.id} is sent at most once` : `at most ${type.retries}`;
      throw refusal('bad_request', [{ where: 'retries', expected, got: String(retries) }]);
    }
    const expect = needProof(reply, checked.expect ?? effectOf(type, params));
    const supersede = checked.supersede ?? (type.supersede ? type.id : null);
    const needsApproval = type.secondPerson;
    return {
      type: type.id,
      params: params ?? null,
      ttlMs,
      expect,
      retries,
      retryAfterMs,
      reply,
      supersede,
      needsApproval,
    };
  }

  private withoutType(device: string, request: CheckedRequest): Plan {
    if (this.untyped === 'refuse') {
      const name = JSON.stringify(request.name);
      throw new Refusal(
        'unprocessable',
        `${JSON.stringify(device)} has no command type for ${name}, and commands.untyped is refuse`,
      );
    }
    const { reply = true, retryAfterMs = limits.commandRetryMsDefault, retries = 0 } = request;
    return {
      type: null,
      params: request.params ?? null,
      ttlMs: request.ttlMs ?? limits.commandTtlMsDefault,
      expect: needProof(reply, request.expect ?? []),
      retries,
      retryAfterMs,
      reply,
      supersede: request.supersede ?? null,
      needsApproval: false,
    };
  }

  private find(device: string, name: string): Known | undefined {
    const named = this.byName.get(name);
    if (named === undefined) return undefined;
    const traits = this.ports.traitsOf(device);
    return named.find(({ type }) => fits(type, device, traits));
  }

  private needChangeable(id: string): void {
    if (this.known.get(id)?.type.source !== 'config') return;
    throw new Refusal('unprocessable', `${id} stands in the configuration (commands.types), and is changed there`);
  }

  private add(type: CommandType): void {
    this.drop(type.id);
    const known = { type, check: type.params === null ? () => [] : this.ports.compile(type.params) };
    this.known.set(type.id, known);
    const named = [...(this.byName.get(type.name) ?? []), known];
    this.byName.set(
      type.name,
      named.sort((a, b) => (a.type.id < b.type.id ? -1 : 1)),
    );
  }

  private drop(id: string): void {
    const name = this.known.get(id)?.type.name;
    if (name === undefined) return;
    this.known.delete(id);
    const others = (this.byName.get(name) ?? []).filter(({ type }) => type.id !== id);
    if (others.length > 0) this.byName.set(name, others);
    else this.byName.delete(name);
  }
}

function fits({ devices, tags, models }: CommandTypeTarget, device: string, traits: DeviceTraits): boolean {
  if (devices.length + tags.length + models.length === 0) return true;
  const { model } = traits;
  return (
    devices.some(pattern => matchesPattern(pattern, device)) ||
    traits.tags.some(tag => tags.includes(tag)) ||
    (model !== null && models.some(pattern => matchesPattern(pattern, model)))
  );
}

/** Who sends something dangerous has looked twice: at what it is sent to, and at why. */
function needConfirmation({ danger, id }: CommandType, { confirm, reason = '' }: CheckedRequest, typed: string): void {
  if (danger !== 'danger') return;
  const missing: FieldProblem[] = [];
  if (confirm !== typed) {
    missing.push({ where: 'confirm', expected: JSON.stringify(typed), got: JSON.stringify(confirm) ?? 'nothing' });
  }
  if (reason.trim() === '') missing.push({ where: 'reason', expected: `why ${id} is sent`, got: 'nothing' });
  if (missing.length > 0) throw refusal('confirm_needed', missing);
}

function effectOf(type: CommandType, params: unknown): Expectation[] {
  const problems: FieldProblem[] = [];
  const expect = readExpectations(expectedEffect(type.expect, params), problems);
  // Two parameters, each right by itself, may be a least that is above its most.
  if (problems.length > 0) throw refusal('params_refused', problems);
  return expect;
}

/** Of a device that does not answer nothing would ever be known without something that is expected. */
function needProof(reply: boolean, expect: Expectation[]): Expectation[] {
  if (!reply && expect.length === 0) {
    throw refusal('bad_request', [
      { where: 'expect', expected: 'something to be seen, for reply is false', got: 'nothing' },
    ]);
  }
  return expect;
}
