// What became of a connection, in plain words.
import type { ConnectionEntry } from '@telltale/gateway/contract';
import { codes } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatCount, formatDuration } from '../i18n/format.ts';

const words = text.connections;

/** Why it ended or was refused: the words for a code of the gateway, or the sentence that it gave. */
export function reasonWords(reason: string | null): string | null {
  if (reason === null || reason === '') return null;
  if (Object.hasOwn(words.reason, reason)) return words.reason[reason] as string;
  if (Object.hasOwn(codes, reason)) return codes[reason as keyof typeof codes].title;
  return reason;
}

/** How often the same happened, and within what time where that is a time; null for once. */
export function repeatWords({ count, at, lastAt }: ConnectionEntry): string | null {
  if (count === 1) return null;
  const often = formatCount(count);
  return lastAt - at < 1_000 ? words.times(often) : words.timesIn(often, formatDuration(lastAt - at));
}

/** From where, as whom, and how: what is known of it. */
export function detailWords({ address, client, clean, keepAliveS, topic }: ConnectionEntry): string {
  return [
    topic === null ? null : words.topic(topic),
    address === '' ? null : words.from(address),
    client === '' ? null : words.client(client),
    clean === null ? null : clean ? words.clean : words.kept,
    keepAliveS === null ? null : words.keepAlive(keepAliveS),
  ]
    .filter(part => part !== null)
    .join(' · ');
}
