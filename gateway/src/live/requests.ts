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
import type { Sight } from './channel.ts';
import { parseFrames } from './frames.ts';

/** Messages from a viewer in one second, and frames in them; a page sends all its subscriptions when it opens. */
const messagesPerSecondMax = 100;
const framesPerSecondMax = 200;

/** Who looks; `scope` null stands for all devices. */
export type Viewing = { name: string; role: Role; scope: Scope | null; hash: string };

export type RequestPorts = {
  clock: Clock;
  /** What the viewer sees; without it all. */
  sight?: Sight;
  command(frame: ClientFrame & { t: 'cmd' }, viewing: Viewing, address: string): Promise<string>;
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
  private second = 0;
  private messagesThisSecond = 0;
  private framesThisSecond = 0;
  private readonly asker: Asker;
  private readonly viewing: Viewing;
  private readonly address: string;
  private readonly ports: RequestPorts;

  constructor(asker: Asker, viewing: Viewing, address: string, ports: RequestPorts) {
    this.asker = asker;
    this.viewing = viewing;
    this.address = address;
    this.ports = ports;
  }

  receive(text: string, isBinary: boolean): void {
    const second = Math.floor(this.ports.clock.now() / 1_000);
    if (this.second !== second) this.messagesThisSecond = this.framesThisSecond = 0;
    this.second = second;
    if (++this.messagesThisSecond > messagesPerSecondMax) {
      return this.asker.close('too_many', 'too many messages a second');
    }
    const frames = isBinary ? null : parseFrames(text);
    if (frames === null) return this.asker.close('bad_message', 'expected a JSON object or an array of objects');
    this.framesThisSecond += frames.length;
    if (this.framesThisSecond > framesPerSecondMax) return this.asker.close('too_many', 'too many frames a second');
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
        void this.command(frame);
    }
  }

  private async command(frame: ClientFrame & { t: 'cmd' }): Promise<void> {
    const { name, role } = this.viewing;
    try {
      if (!roleCovers(role, 'operator')) {
        throw new Refusal('forbidden', `sending commands needs the role operator; ${name} is ${role}`);
      }
      // In the words for a device that is not there ([ACC-6]).
      if (this.ports.sight?.sees(frame.device) === false) {
        throw new Refusal('not_found', `no device is called ${JSON.stringify(frame.device)}`);
      }
      const command = await this.ports.command(frame, this.viewing, this.address);
      this.asker.sendFrame({ t: 'ok', id: frame.id, command });
    } catch (error) {
      this.asker.refuse(error instanceof Refusal ? error : new Refusal('internal'), frame.id);
    }
  }
}
