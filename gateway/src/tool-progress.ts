// How far a transfer is, on standard error: a bar for a person who looks on, a line now and then for a log.

const redrawMs = 100;
const plainLineMs = 5_000;
const barWidth = 24;

const count = (number: number) => Math.round(number).toLocaleString('en');
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

function span(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number: number) => String(number).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export class Progress {
  private readonly started = performance.now();
  private readonly total: number | null;
  private readonly out: NodeJS.WriteStream;
  private readonly timer: NodeJS.Timeout;
  private bytes = 0;
  private lines = 0;

  /** `total`: bytes that will come, where that is known. */
  constructor(total: number | null, out: NodeJS.WriteStream = process.stderr) {
    this.total = total;
    this.out = out;
    this.timer = setInterval(() => this.show(), out.isTTY ? redrawMs : plainLineMs);
    this.timer.unref();
  }

  /** Passes `body` on, and counts it. */
  async *through(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.bytes += chunk.byteLength;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) this.lines++;
      yield chunk;
    }
  }

  /** Lines that went through: the header among them, and those inside of a quoted text. */
  lineCount(): number {
    return this.lines;
  }

  seconds(): number {
    return Math.max((performance.now() - this.started) / 1000, 0.001);
  }

  /** Ends the bar, so that what is said next has a line of its own. */
  end(): void {
    clearInterval(this.timer);
    if (this.out.isTTY) this.out.write('\r\x1b[K');
  }

  private show(): void {
    if (this.out.isTTY) this.out.write(`\r${this.text()}\x1b[K`);
    else this.out.write(`${this.text()}\n`);
  }

  private text(): string {
    const { bytes, lines, total } = this;
    const rate = `${count(lines)} readings  ${count(lines / this.seconds())}/s`;
    if (total === null || total === 0) return `${megabytes(bytes)} MB  ${rate}`;
    const share = Math.min(bytes / total, 1);
    const filled = Math.round(share * barWidth);
    const bar = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`;
    const left = bytes === 0 ? '' : `  ${span((this.seconds() * (total - bytes)) / bytes)} left`;
    return `${bar} ${Math.floor(share * 100)} %  ${megabytes(bytes)} of ${megabytes(total)} MB  ${rate}${left}`;
  }
}

/** `1 line`, `1,234 lines`. */
export const counted = (number: number, what: string) => `${count(number)} ${what}${number === 1 ? '' : 's'}`;

/** `1,234 readings in 1.2 s (1,028 a second)`. */
export function summary(readings: number, seconds: number): string {
  return `${counted(readings, 'reading')} in ${seconds.toFixed(1)} s (${count(readings / seconds)} a second)`;
}
