// A list of texts, stored as JSON with its length. JSON keeps every string, even one that is no valid Unicode.
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { deflateRatioMax, readBytes, writeBytes } from './bytes.ts';
import { DamagedError } from './damaged.ts';

/** Writes a list of texts. */
export function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  const bytes = Buffer.from(JSON.stringify(texts));
  writer.varint(bytes.length);
  writeBytes(writer, bytes);
}

/** Reads a list of texts. Throws DamagedError. */
export function readTexts(reader: ByteReader): string[] {
  const length = reader.varint();
  // No text is longer than the bytes that are left can hold, however it is stored.
  if (length > reader.left() * deflateRatioMax) throw new DamagedError(`no room for texts of ${length} bytes`);
  const texts = parse(Buffer.from(readBytes(reader, length)).toString());
  if (!Array.isArray(texts) || !texts.every(text => typeof text === 'string'))
    throw new DamagedError('no list of texts');
  return texts;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new DamagedError('texts are no JSON', { cause: error });
  }
}
