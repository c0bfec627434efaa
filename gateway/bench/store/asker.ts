// Asks over HTTP on one connection that stays open, and takes the time until the last byte of the answer.
import { Agent, request } from 'node:http';

export type Answer = { status: number; bytes: number; ms: number };

export class Asker {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly base: string;
  private readonly headers: Record<string, string>;

  constructor(base: string, headers: Record<string, string> = {}) {
    this.base = base;
    this.headers = headers;
  }

  /** The body is thrown away as it comes. */
  get(path: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const begin = performance.now();
      const asked = request(`${this.base}${path}`, { agent: this.agent, headers: this.headers }, answer => {
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes, ms: performance.now() - begin }));
        answer.on('error', reject);
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  /** Times of so many requests after the warm-ups, ms. Throws where one is not answered with 200. */
  async times(path: string, warmups: number, requests: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < warmups + requests; i++) {
      const { status, ms } = await this.get(path);
      if (status !== 200) throw new Error(`GET ${path} was answered with ${status}`);
      if (i >= warmups) times.push(ms);
    }
    return times;
  }

  close(): void {
    this.agent.destroy();
  }
}
