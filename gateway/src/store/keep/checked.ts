// Which tables the background check reads, and how it checks a row of each.
import { verifyCells } from '../cells.ts';
import { verifyChunks } from '../codec/chunk.ts';
import { levelOf } from '../keys.ts';
import { decodeRun } from '../run.ts';

export const checkedTables: { table: string; check: (body: Uint8Array, key: number) => void }[] = [
  { table: 'log', check: (body, key) => checkEntry(body, key) },
  { table: 'sealed', check: body => void verifyChunks(body) },
  { table: 'chunk', check: body => void verifyChunks(body) },
  { table: 'rollup', check: (body, key) => void verifyCells(body, levelOf(key)) },
  // A payload may be anything: that it can be read is all that can be said of it.
  { table: 'mqtt_queued', check: () => {} },
  { table: 'mqtt_retained', check: () => {} },
];

/** A run of readings, or an event as JSON. */
function checkEntry(body: Uint8Array, offset: number): void {
  const isJson = body[0] === 0x7b;
  try {
    if (isJson) return void JSON.parse(Buffer.from(body).toString());
  } catch {
    // A run may begin with the byte of a brace, too.
  }
  decodeRun(offset, body);
}
