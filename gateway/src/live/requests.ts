// What a viewer asks over its connection: messages are counted, parsed and checked, and each frame is answered.
import {
  type ClientFrame,
  type Code,
  Refusal,
  type Role,
  roleCovers,
  type Scope,
  type ServerFrame,
} from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import type { Sight } from './channel.ts';
import { parseFrames } from './frames.ts';

/** Messages from a viewer in a second, and frames in them; a page sends all its subscriptions when it opens. */
const messageRate = { perSecond: 100, burst: 100 };
const frameRate = { perSecond: 200, burst: 200 };

/** Who looks; `scope` null stands for all devices. */
export type Viewing = { name: string; role: Role; scope: Scope | null; hash: string };

export type RequestPorts = {
  clock: Clock;
  /** What the viewer sees; without it all. */
  sight?: Sight;
  command(frame: ClientFrame & { t: 'cmd' }, viewing: Viewing, address: string): Promise<string>;
  desired(frame: ClientFrame & { t: 'desired' }, viewing: Viewing, address: string): Promise<number>;
};

/** The viewer that asks. */
export type Asker = {
  subscribe(ask: ClientFrame & { t: 'sub' }): void;
  unsubscribe(name: string): void;
  sign(t: 'pong'): { t: 'pong'; offset: number; now: number };
  sendFrame(frame: ServerFrame): void;
  refuse(refusal: Refusal, id?: number): void;
  close(code: Code, detail: string): void;
};

export class Requests {
  private readonly messages: TokenBucket;
  private readonly frames: TokenBucket;
  private readonly asker: Asker;
  private readonly viewing: Viewing;
  private readonly address: string;
  private readonly ports: RequestPorts;

  constructor(asker: Asker, viewing: Viewing, address: string, ports: RequestPorts) {
    this.asker = asker;
    this.viewing = viewing;
    this.address = address;
    this.ports = ports;
    this.messages = new TokenBucket(messageRate, ports.clock.elapsed());
    this.frames = new TokenBucket(frameRate, ports.clock.elapsed());
  }

  receive(text: string, isBinary: boolean): void {
    const now = this.ports.clock.elapsed();
    if (!this.messages.tryTake(now)) return this.asker.close('too_many', 'too many messages a second');
    const frames = isBinary ? null : parseFrames(text);
    if (frames === null) return this.asker.close('bad_message', 'expected a JSON object or an array of objects');
    if (this.frames.spend(frames.length, now) > 0) return this.asker.close('too_many', 'too many frames a second');
    for (const checked of frames) {
      if (checked.ok) this.handle(checked.frame);
      else this.asker.refuse(new Refusal('bad_message', checked.detail), checked.id);
    }
  }

  private handle(frame: ClientFrame): void {
    const { asker } = this;
    switch (frame.t) {
      case 'ping':
        return asker.sendFrame({ ...asker.sign('pong'), id: frame.id });
      case 'sub':
        return asker.subscribe(frame);
      case 'unsub':
        asker.unsubscribe(frame.sub);
        return asker.sendFrame({ t: 'ok', id: frame.id, sub: frame.sub });
      case 'cmd':
        return void this.ask(frame, 'sending commands', async () => ({
          command: await this.ports.command(frame, this.viewing, this.address),
        }));
      case 'desired':
        return void this.ask(frame, 'desired state', async () => ({
          version: await this.ports.desired(frame, this.viewing, this.address),
        }));
    }
  }

  /** Does what needs the role operator and concerns one device, and answers what comes of it. */
  private async ask(
    frame: ClientFrame & { id: number; device: string },
    what: string,
    work: () => Promise<{ command: string } | { version: number }>,
  ): Promise<void> {
    const { name, role } = this.viewing;
    try {
      if (!roleCovers(role, 'operator')) {
        throw new Refusal('forbidden', `${what} needs the role operator; ${name} is ${role}`);
      }
      // In the words for a device that is not there ([ACC-6]).
      if (this.ports.sight?.sees(frame.device) === false) {
        throw new Refusal('not_found', `no device is called ${JSON.stringify(frame.device)}`);
      }
      this.asker.sendFrame({ t: 'ok', id: frame.id, ...(await work()) });
    } catch (error) {
      this.asker.refuse(error instanceof Refusal ? error : new Refusal('internal'), frame.id);
    }
  }
}
