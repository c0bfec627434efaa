// Which tables hold encoded bodies, and how each is checked: for the background check and for backups alike.
import { verifyCells } from '../cells.ts';
import { verifyChunks } from '../codec/chunk.ts';
import { type Level, levels, windowKey } from '../keys.ts';

const levelOf = (key: number): Level => levels.findLast(level => key >= windowKey(level, 0)) ?? 1;

export const checkedTables: { table: string; check: (body: Uint8Array, key: number) => void }[] = [
  { table: 'sealed', check: body => void verifyChunks(body) },
  { table: 'chunk', check: body => void verifyChunks(body) },
  { table: 'rollup', check: (body, key) => void verifyCells(body, levelOf(key)) },
];
