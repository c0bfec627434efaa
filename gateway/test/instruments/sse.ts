// A reader of server-sent events over fetch: keeps every frame with the position that was told with it, and lets a test
// wait for one.
import { onTestFinished } from 'vitest';
import type { ServerFrame, StreamRequest } from '../../src/contract/index.ts';

type Of<Type extends ServerFrame['t']> = ServerFrame & { t: Type };
export type Told = { frame: ServerFrame; id: string | null };

export class SseReader {
  readonly told: Told[] = [];
  readonly closed: Promise<void>;
  private readonly abort = new AbortController();
  private waiting: {
    fits: (frame: ServerFrame) => boolean;
    resolve: (told: Told) => void;
    reject: (e: Error) => void;
  }[] = [];

  private constructor(response: Response, abort: AbortController) {
    this.abort = abort;
    this.closed = this.read(response).catch(() => {});
    void this.closed.then(() => {
      for (const { reject } of this.waiting) reject(new Error('the stream ended'));
    });
  }

  /** `ask` is a query, or the body of a POST. Rejects where the answer is not a stream. */
  static async open(
    base: string,
    token: string,
    ask: string | StreamRequest,
    headers: Record<string, string> = {},
  ): Promise<SseReader> {
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const all = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers };
    const url = `${base}/api/v1/stream${typeof ask === 'string' ? `?${ask}` : ''}`;
    const body = typeof ask === 'string' ? {} : { method: 'POST', body: JSON.stringify(ask) };
    const response = await fetch(url, { ...body, headers: all, signal: abort.signal });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return new SseReader(response, abort);
  }

  /** The first frame of the type that fits, whether it came already or is still to come, with its position. */
  async frame<Type extends ServerFrame['t']>(
    type: Type,
    fits: (frame: Of<Type>) => boolean = () => true,
  ): Promise<{ frame: Of<Type>; id: string | null }> {
    const all = (frame: ServerFrame) => frame.t === type && fits(frame as Of<Type>);
    const known = this.told.find(({ frame }) => all(frame));
    const found =
      known ?? (await new Promise<Told>((resolve, reject) => this.waiting.push({ fits: all, resolve, reject })));
    return found as { frame: Of<Type>; id: string | null };
  }

  of<Type extends ServerFrame['t']>(type: Type): Of<Type>[] {
    return this.told.flatMap(({ frame }) => (frame.t === type ? [frame as Of<Type>] : []));
  }

  /** The last position that was told, as a browser would send it back. */
  lastId(): string | null {
    return this.told.findLast(({ id }) => id !== null)?.id ?? null;
  }

  close(): void {
    this.abort.abort();
  }

  private async read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const messages = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) this.take(message);
    }
  }

  private take(message: string): void {
    const field = (name: string) =>
      message
        .split('\n')
        .find(line => line.startsWith(`${name}:`))
        ?.slice(name.length + 1) ?? null;
    const data = field('data');
    if (data === null) return;
    const told = { frame: JSON.parse(data) as ServerFrame, id: field('id') };
    this.told.push(told);
    this.waiting = this.waiting.filter(({ fits, resolve }) => {
      if (!fits(told.frame)) return true;
      resolve(told);
      return false;
    });
  }
}
