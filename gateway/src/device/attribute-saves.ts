// Recording what devices say of themselves: one record of a device is on its way to the disk at a time, and the next has
// all that the device said meanwhile. A record may have hundreds of kilobytes, and a device may change a byte of it ten
// thousand times a second: each time would be written, and kept in memory until then.
import type { Value } from '../contract/index.ts';

type News = Map<string, Value>;
type Saving = { done: Promise<void>; next: { news: News; done: Promise<void> } | null };

export class AttributeSaves {
  private readonly underWay = new Map<string, Saving>();
  private readonly save: (device: string, news: News) => Promise<void>;

  /** `save` records a device as it is then; `news` are the attributes that go into its history. */
  constructor(save: (device: string, news: News) => Promise<void>) {
    this.save = save;
  }

  /** Resolves once what the device said by now, and with it `news`, is recorded; rejects where that was refused. */
  add(device: string, news: News): Promise<void> {
    const saving = this.underWay.get(device);
    if (saving === undefined) return this.begin(device, news);
    if (saving.next === null) {
      const gathered: News = new Map();
      // What was refused before says nothing of what comes next.
      const done = saving.done.catch(() => {}).then(() => this.begin(device, gathered));
      saving.next = { news: gathered, done };
    }
    for (const [name, value] of news) saving.next.news.set(name, value);
    return saving.next.done;
  }

  /** Resolves once what is under way for a device is recorded, at once where nothing is. */
  recorded(device: string): Promise<void> {
    const saving = this.underWay.get(device);
    return saving?.next?.done ?? saving?.done ?? Promise.resolve();
  }

  private begin(device: string, news: News): Promise<void> {
    const saving: Saving = { done: Promise.resolve(), next: null };
    this.underWay.set(device, saving);
    saving.done = this.save(device, news).finally(() => {
      if (saving.next === null) this.underWay.delete(device);
    });
    return saving.done;
  }
}
