// A viewer made of Node's own WebSocket: keeps every frame that came, and lets a test wait for one.
import { type ClientFrame, type ServerFrame, subprotocol } from '../../src/contract/index.ts';
import { withTestEnd } from './side-by-side.ts';

type Of<Type extends ServerFrame['t']> = ServerFrame & { t: Type };
type Fits<Type extends ServerFrame['t']> = (frame: Of<Type>) => boolean;

export class TestViewer {
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  private readonly socket: WebSocket;
  private waiting: {
    fits: (frame: ServerFrame) => boolean;
    resolve: (frame: ServerFrame) => void;
    reject: (error: Error) => void;
  }[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      const parsed = JSON.parse(String(data)) as ServerFrame | ServerFrame[];
      for (const frame of Array.isArray(parsed) ? parsed : [parsed]) this.take(frame);
    };
    this.closed = new Promise(resolve => {
      socket.onclose = ({ code, reason }) => {
        for (const { reject } of this.waiting) reject(new Error(`closed with ${code} ${reason}`));
        resolve({ code, reason });
      };
    });
  }

  /** Connects as a program with a token; rejects where the upgrade is refused. */
  static connect(http: string, token: string, protocol: string = subprotocol): Promise<TestViewer> {
    return TestViewer.connectWith(http, [protocol], { Authorization: `Bearer ${token}` });
  }

  /** Connects with these subprotocols and headers. */
  static async connectWith(
    http: string,
    protocols: readonly string[],
    headers: Record<string, string>,
  ): Promise<TestViewer> {
    const url = `${http.replace('http', 'ws')}/api/v1/ws`;
    // Node's WebSocket takes headers, which its type does not say.
    const options = { protocols, headers } as unknown as string[];
    const socket = new WebSocket(url, options);
    withTestEnd(() => socket.close());
    const viewer = new TestViewer(socket);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error('the upgrade was refused'));
    });
    return viewer;
  }

  send(frame: ClientFrame | ClientFrame[]): void {
    this.socket.send(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  close(): void {
    this.socket.close();
  }

  /** The first frame of the type that fits, whether it came already or is still to come. */
  async frame<Type extends ServerFrame['t']>(type: Type, fits: Fits<Type> = () => true): Promise<Of<Type>> {
    const all = (frame: ServerFrame) => frame.t === type && fits(frame as Of<Type>);
    const known = this.frames.find(all);
    if (known !== undefined) return known as Of<Type>;
    return new Promise((resolve, reject) => {
      this.waiting.push({ fits: all, resolve: frame => resolve(frame as Of<Type>), reject });
    });
  }

  of<Type extends ServerFrame['t']>(type: Type): Of<Type>[] {
    return this.frames.filter((frame): frame is Of<Type> => frame.t === type);
  }

  /** All rows of `data` and `snap` frames in order, by the metric's name. */
  readings(): { metric: string; ts: number | null; value: unknown }[] {
    const names = new Map(
      this.of('def').flatMap(({ series }) => series.map(([index, , metric]) => [index, metric] as const)),
    );
    return this.frames.flatMap(frame =>
      frame.t === 'data' || frame.t === 'snap'
        ? frame.rows.map(([index, ts, value]) => ({ metric: names.get(index) ?? '?', ts, value }))
        : [],
    );
  }

  private take(frame: ServerFrame): void {
    this.frames.push(frame);
    this.waiting = this.waiting.filter(({ fits, resolve }) => {
      if (!fits(frame)) return true;
      resolve(frame);
      return false;
    });
  }
}
