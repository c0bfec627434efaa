// The certificate of a listener, read again when its files change ([ACC-10]).
// Invariant: what a listener is given is a pair that was checked; a broken one is refused and the old one stays.
import type { Clock, Timer } from './clock.ts';
import type { Logger } from './logger.ts';
import { readTls, rereadTls, type TlsFiles, type TlsMaterial } from './tls-material.ts';

/** How often the files are looked at. By their content: links are swapped, and times of files are not to be trusted. */
export const lookMs = 10_000;
const dayMs = 86_400_000;
/** From so many days before its end on, a certificate is warned of each day. */
const warnDays = 14;

export type TlsCounters = Record<
  'certificatesReloaded' | 'certificatesRefused' | 'handshakesFailed' | 'handshakesRefused' | 'endedByNewTrust',
  number
>;

/** Told of the new material; what was in force before beside it. */
type Listener = (now: TlsMaterial, before: TlsMaterial) => void;

export class ReloadedTls {
  /** Of the certificate, and of the listener that has it. */
  readonly counters: TlsCounters = {
    certificatesReloaded: 0,
    certificatesRefused: 0,
    handshakesFailed: 0,
    handshakesRefused: 0,
    endedByNewTrust: 0,
  };
  private current: TlsMaterial;
  /** What the files held at the last look, where that is not in force: taken once it has been still for a look. */
  private unsettled: string | null = null;
  private refused: string | null = null;
  private looking = false;
  private warnedAt = Number.NEGATIVE_INFINITY;
  private readonly listeners: Listener[] = [];
  private readonly looks: Timer;
  readonly name: string;
  private readonly files: TlsFiles;
  private readonly clock: Clock;
  private readonly log: Logger;

  /** `name` says in the log which listener it is. Throws TlsProblem where the files are no good to begin with. */
  constructor(name: string, files: TlsFiles, { clock, log }: { clock: Clock; log: Logger }) {
    this.name = name;
    this.files = files;
    this.clock = clock;
    this.log = log;
    this.current = readTls(files);
    this.looks = clock.every(lookMs, () => void this.look());
    this.warn();
  }

  get material(): TlsMaterial {
    return this.current;
  }

  onChange(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Days until the certificate ends, with a fraction; negative after that. */
  daysLeft(): number {
    return (this.current.notAfter - this.clock.now()) / dayMs;
  }

  /** Looks at the files. What changed is taken at the second look that sees it, for files change one by one. */
  async look(): Promise<void> {
    this.warn();
    // A disk that does not answer is asked once.
    if (this.looking) return;
    this.looking = true;
    const found = await this.find();
    this.looking = false;
    if (found.seen === this.current.fingerprint) this.unsettled = this.refused = null;
    else if (found.seen === this.refused) this.unsettled = null;
    else if (found.seen === this.unsettled) this.take(found);
    else this.unsettled = found.seen;
  }

  /** Takes what the files hold at this moment. */
  async reload(): Promise<void> {
    const found = await this.find();
    if (found.seen !== this.current.fingerprint) this.take(found);
  }

  close(): void {
    this.looks.cancel();
  }

  private async find(): Promise<{ seen: string; material: TlsMaterial | null }> {
    try {
      const material = await rereadTls(this.files);
      return { seen: material.fingerprint, material };
    } catch (error) {
      return { seen: (error as Error).message, material: null };
    }
  }

  private take({ seen, material }: { seen: string; material: TlsMaterial | null }): void {
    this.unsettled = null;
    if (material === null) {
      this.refused = seen;
      this.counters.certificatesRefused++;
      this.log.error(
        { listener: this.name, problem: seen },
        'the new certificate is refused, and the old one stays in force',
      );
      return;
    }
    const before = this.current;
    this.current = material;
    this.refused = null;
    this.counters.certificatesReloaded++;
    for (const listener of this.listeners) listener(material, before);
    this.log.info(
      { listener: this.name, until: new Date(material.notAfter).toISOString() },
      'a new certificate is in force',
    );
    this.warnedAt = Number.NEGATIVE_INFINITY;
    this.warn();
  }

  private warn(): void {
    const now = this.clock.now();
    const { notBefore, notAfter } = this.current;
    if (Math.abs(now - this.warnedAt) < dayMs) return;
    const fields = { listener: this.name, from: new Date(notBefore), until: new Date(notAfter) };
    if (now < notBefore) this.log.warn(fields, 'the certificate is not valid yet');
    else if (now >= notAfter) this.log.warn(fields, 'the certificate has expired: clients will refuse it');
    else if (notAfter - now < warnDays * dayMs) this.log.warn(fields, 'the certificate expires soon');
    else return;
    this.warnedAt = now;
  }
}
