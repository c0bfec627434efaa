// The value column of readings: their types, their numbers and booleans as doubles, their texts by a dictionary.
import type { Columns } from '../columns.ts';
import { booleanType, numberType, textType } from '../run.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readBytes, writeBytes } from './bytes.ts';
import { DamagedError } from './damaged.ts';
import type { Decimals } from './decimals.ts';
import { readDoubles, writeDoubles } from './doubles.ts';
import { readIntegers, writeIntegers } from './integers.ts';
import { readTexts, writeTexts } from './texts.ts';

/** In place of the type that all readings have: each has its own. */
const mixed = 2;

/** The type that all bytes in [begin, end) have, or -1. */
export function uniformType(types: Uint8Array, begin: number, end: number): number {
  const type = types[begin] as number;
  for (let i = begin + 1; i < end; i++) if (types[i] !== type) return -1;
  return type;
}

/** Doubles as words: a NaN that went through a number may lose its bits. */
function wordsOf(doubles: Float64Array): Uint32Array {
  return new Uint32Array(doubles.buffer, doubles.byteOffset, 2 * doubles.length);
}

/** Writes the values of [begin, end). Returns the decimals where all are numbers that are such, else null. */
export function writeValues(writer: ByteWriter, columns: Columns, begin: number, end: number): Decimals | null {
  const type = uniformType(columns.types, begin, end);
  if (type === numberType || type === booleanType) {
    writer.byte(type);
    // In memory of its own the column begins at an address that its words can be read from.
    const decimals = writeDoubles(writer, columns.doubles.slice(begin, end));
    return type === numberType ? decimals : null;
  }
  writer.byte(mixed);
  writeBytes(writer, columns.types.subarray(begin, end));
  const doubles = new Float64Array(end - begin);
  const places = new Float64Array(end - begin);
  const from = wordsOf(columns.doubles);
  const to = wordsOf(doubles);
  const dictionary = new Map<string, number>();
  let others = 0;
  let texts = 0;
  for (let i = begin; i < end; i++) {
    if (columns.types[i] !== textType) {
      to[2 * others] = from[2 * i] as number;
      to[2 * others + 1] = from[2 * i + 1] as number;
      others++;
      continue;
    }
    const text = columns.value(i) as string;
    let place = dictionary.get(text);
    if (place === undefined) {
      place = dictionary.size;
      dictionary.set(text, place);
    }
    places[texts++] = place;
  }
  writeDoubles(writer, doubles.subarray(0, others));
  if (texts === 0) return null;
  writeTexts(writer, [...dictionary.keys()]);
  writeIntegers(writer, places.subarray(0, texts));
  return null;
}

/** Reads `n` values to behind the end of the columns, where room was made for them. Throws DamagedError. */
export function readValues(reader: ByteReader, into: Columns, n: number): void {
  const start = into.count;
  const mode = reader.byte();
  if (mode === numberType || mode === booleanType) {
    into.types.fill(mode, start, start + n);
    readDoubles(reader, into.doubles.subarray(start, start + n));
    return;
  }
  if (mode !== mixed) throw new DamagedError(`no values begin with ${mode}`);
  const types = readBytes(reader, n);
  into.types.set(types, start);
  let texts = 0;
  for (let i = 0; i < n; i++) if (types[i] === textType) texts++;
  const doubles = new Float64Array(n - texts);
  readDoubles(reader, doubles);
  const places = new Float64Array(texts);
  const dictionary = texts === 0 ? [] : readTexts(reader);
  readIntegers(reader, places);
  // A list that is larger than the call stack must not be spread.
  const base = into.texts.length;
  for (const text of dictionary) into.texts.push(text);
  scatter(types, doubles, places, dictionary.length, into, base);
}

function scatter(
  types: Uint8Array,
  doubles: Float64Array,
  places: Float64Array,
  known: number,
  into: Columns,
  base: number,
) {
  const from = wordsOf(doubles);
  const to = wordsOf(into.doubles);
  let others = 0;
  let texts = 0;
  for (let i = 0; i < types.length; i++) {
    if (types[i] !== textType) {
      const at = 2 * (into.count + i);
      to[at] = from[2 * others] as number;
      to[at + 1] = from[2 * others + 1] as number;
      others++;
      continue;
    }
    const place = places[texts++] as number;
    if (!(place >= 0 && place < known) || !Number.isInteger(place))
      throw new DamagedError(`no text ${place} of ${known}`);
    into.doubles[into.count + i] = base + place;
  }
}
