// What MQTT 3.1.1, 1.5.3 and 4.7 ask of texts: UTF-8 strings, topic names and topic filters.
import { isUtf8 } from 'node:buffer';
import { limits } from '../../contract/index.ts';
import { type Breach, breaches } from './breach.ts';

/** Control characters, surrogates and code points that are no characters: 1.5.3 lets a receiver refuse them all. */
const unsound = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

const slash = 0x2f;
const hash = 0x23;
const plus = 0x2b;

/** Why the bytes are no text, or null. Nothing is made of plain ASCII, which nearly all of it is. */
export function textBreach(bytes: Buffer, start: number, end: number): Breach | null {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte > 0x7e) return rareTextBreach(bytes, start, end);
  }
  return null;
}

function rareTextBreach(bytes: Buffer, start: number, end: number): Breach | null {
  const text = bytes.subarray(start, end);
  return isUtf8(text) && !unsound.test(text.toString()) ? null : breaches.text;
}

/** Why the bytes are no topic to publish to, or null (4.7.1.1, 4.7.3). One pass over each. */
export function topicBreach(bytes: Buffer, start: number, end: number): Breach | null {
  if (start === end) return breaches.topicEmpty;
  if (end - start > limits.topicBytesMax) return breaches.topicLong;
  let levels = 1;
  let plain = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === slash) levels++;
    else if (byte === hash || byte === plus) return breaches.topicWildcard;
    else if (byte < 0x20 || byte > 0x7e) plain = false;
  }
  if (levels > limits.topicLevelsMax) return breaches.topicLevels;
  return plain ? null : rareTextBreach(bytes, start, end);
}

/** Why the bytes are no filter, or null (4.7.1.2, 4.7.1.3). */
export function filterBreach(bytes: Buffer, start: number, end: number): Breach | null {
  if (start === end) return breaches.filter;
  if (end - start > limits.topicBytesMax) return breaches.filterLevels;
  let levels = 1;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === slash) levels++;
    if (byte !== hash && byte !== plus) continue;
    const begins = i === start || bytes[i - 1] === slash;
    const ends = i + 1 === end || (byte === plus && bytes[i + 1] === slash);
    if (!begins || !ends) return breaches.filter;
  }
  if (levels > limits.topicLevelsMax) return breaches.filterLevels;
  return textBreach(bytes, start, end);
}
