// A device that comes and goes, takes commands, answers some of them, and writes down every delivery: what it was told
// cannot be known better by anybody else.
import { setTimeout as delay } from 'node:timers/promises';
import { packet } from './mqtt-bytes.ts';
import { type Packet, publishPacket, types, Wire } from './mqtt-wire.ts';

export type Delivery = { command: string; dup: boolean; name: string; expiresAt: number; at: number };

export type TakingDeviceArgs = {
  device: string;
  secret: string;
  /** False keeps its session over its connections. */
  clean: boolean;
  random(): number;
};

const pauseMsMax = 80;
const stayMsMax = 400;
/** Shares of the commands that it does not acknowledge (PUBACK), does not answer, refuses, and answers twice. */
const share = { unacknowledged: 0.1, unanswered: 0.25, refused: 0.15, answeredTwice: 0.1 } as const;

export class TakingDevice {
  readonly device: string;
  /** In the order in which they came. */
  readonly deliveries: Delivery[] = [];
  /** Commands whose answer the gateway has acknowledged. */
  readonly answered = new Set<string>();
  private readonly args: TakingDeviceArgs;
  private messageId = 0;

  constructor(args: TakingDeviceArgs) {
    this.args = args;
    this.device = args.device;
  }

  /** Comes and goes as long as the gateway is there. */
  async run(mqttPort: number, isGone: () => boolean): Promise<void> {
    const { random } = this.args;
    while (!isGone()) {
      const leave = await this.visit(mqttPort).catch(() => null);
      await delay(random() * (leave === null ? pauseMsMax : stayMsMax));
      await leave?.();
    }
  }

  /**
   * Connects and takes what comes; rejects where the gateway is not there. The function that it resolves with ends the
   * connection, politely or not, and resolves when all that came over it is written down.
   */
  async visit(mqttPort: number): Promise<() => Promise<void>> {
    const { device, secret, clean, random } = this.args;
    const wire = await Wire.connect(mqttPort, { id: device, user: device, secret, clean });
    const pending = new Map<number, string>();
    const taken = Promise.allSettled([this.take(wire, pending), this.hear(wire, pending)]);
    await wire.subscribe(`devices/${device}/commands/+`);
    return async () => {
      await (random() < 0.5 ? wire.disconnect() : wire.breakOff());
      await taken;
    };
  }

  private async take(wire: Wire, pending: Map<number, string>): Promise<never> {
    for (;;) this.delivered(wire, await wire.next(types.publish), pending);
  }

  private async hear(wire: Wire, pending: Map<number, string>): Promise<never> {
    for (;;) {
      const { body } = await wire.next(types.puback);
      const command = pending.get(body.readUInt16BE(0));
      if (command !== undefined) this.answered.add(command);
    }
  }

  private delivered(wire: Wire, { flags, body }: Packet, pending: Map<number, string>): void {
    const { random } = this.args;
    const topicEnd = 2 + body.readUInt16BE(0);
    const topic = body.toString('utf8', 2, topicEnd);
    const command = topic.slice(topic.lastIndexOf('/') + 1);
    const { name, expiresAt } = JSON.parse(body.toString('utf8', topicEnd + 2)) as { name: string; expiresAt: number };
    this.deliveries.push({ command, dup: (flags & 8) !== 0, name, expiresAt, at: Date.now() });
    if (random() >= share.unacknowledged) wire.send(packet(0x40, body.subarray(topicEnd, topicEnd + 2)));
    if (random() < share.unanswered) return;
    const answer = random() < share.refused ? '{"ok":false,"error":"stuck"}' : '{"ok":true}';
    const times = random() < share.answeredTwice ? 2 : 1;
    for (let i = 0; i < times; i++) {
      // 0 is no packet id.
      this.messageId = (this.messageId % 65_535) + 1;
      pending.set(this.messageId, command);
      wire.send(publishPacket(`${topic}/result`, answer, 1, this.messageId));
    }
  }
}
