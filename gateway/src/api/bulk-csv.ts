// A CSV of devices to be created (RFC 4180): a header with the column id, and if wanted name and tags; then a device a
// line.
import { isDeviceId, isTag, limits, Refusal } from '../contract/index.ts';
import { fieldText, findRecord, malformed, newFields } from '../lib/csv-record.ts';

export type BulkRow = { line: number; id: string; name: string; tags: string[] };
type Wrong = { expected: string; got: string };
type BadLine = Wrong & { line: number };

const newline = 10;
const excerptLength = 80;
const nameLengthMax = 128;
const columns = ['id', 'name', 'tags'] as const;
/** Between tags; whatever stands between the fields, tags are in quotes where it is the same. */
const tagSeparator = ';';

type Header = { delimiter: number; count: number; id: number; name: number; tags: number; next: number };

const shown = (text: string | null | undefined): string =>
  text === null ? 'bytes that are not UTF-8' : text ? JSON.stringify(text.slice(0, excerptLength)) : 'nothing';

/** Reads the header; the delimiter is the one that brings out the names. Throws Refusal('bad_request'). */
function readHeader(bytes: Buffer): Header {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const fields = newFields();
  for (const delimiter of [',', ';', '\t'].map(mark => mark.charCodeAt(0))) {
    const next = findRecord(bytes, isMarked ? 3 : 0, true, delimiter, fields);
    if (next === malformed) continue;
    const names = Array.from({ length: fields.count }, (_, i) => fieldText(bytes, fields, i)?.trim().toLowerCase());
    if (!names.includes('id')) continue;
    const stranger = names.find(name => !columns.includes(name as 'id'));
    if (stranger !== undefined) {
      throw new Refusal('bad_request', `line 1: expected the columns ${columns.join(', ')}, got ${shown(stranger)}`);
    }
    const [id = -1, name = -1, tags = -1] = columns.map(column => names.indexOf(column));
    return { delimiter, count: names.length, id, name, tags, next };
  }
  const got = bytes
    .subarray(0, excerptLength)
    .toString()
    .split(/[\r\n]/, 1)[0];
  throw new Refusal('bad_request', `line 1: expected a header with the column id, got ${shown(got)}`);
}

type Field = string | null | undefined;

/** What is wrong with a device's id, name or tags, or null. */
function wrongWith(id: Field, name: Field, tags: Field): Wrong | null {
  if (typeof id !== 'string' || !isDeviceId(id)) {
    return { expected: 'a device id: 1 to 128 characters, no / + # or control', got: shown(id) };
  }
  // A line without a name has the id for one.
  if (name === null || (name !== undefined && name.length > nameLengthMax)) {
    return { expected: `a name of at most ${nameLengthMax} characters`, got: shown(name) };
  }
  const listed = tags === null ? null : tagsIn(tags);
  if (listed !== null && listed.length <= limits.tagsPerDeviceMax && listed.every(isTag)) return null;
  return { expected: `at most ${limits.tagsPerDeviceMax} tags with ${tagSeparator} between them`, got: shown(tags) };
}

const tagsIn = (text = ''): string[] =>
  text
    .split(tagSeparator)
    .map(tag => tag.trim())
    .filter(tag => tag !== '');

const tooMany = (count: number, got: number): Wrong => ({
  expected: `${count} fields, as the header has`,
  got: `${got}: is there a delimiter in a name without quotes?`,
});

/**
 * The devices of a file, and the lines that are none. Lines count from 1, the header among them.
 * Throws Refusal('bad_request') where there is no header, Refusal('too_large') where there are too many lines.
 */
export function readDevices(bytes: Buffer): { rows: BulkRow[]; bad: BadLine[] } {
  const header = readHeader(bytes);
  const rows: BulkRow[] = [];
  const bad: BadLine[] = [];
  const fields = newFields();
  let line = 2;
  for (let at = header.next; at < bytes.length; line++) {
    if (rows.length + bad.length >= limits.bulkDevicesMax) {
      throw new Refusal('too_large', `expected at most ${limits.bulkDevicesMax} devices in a file`);
    }
    const next = findRecord(bytes, at, true, header.delimiter, fields);
    if (next === malformed) {
      const end = bytes.indexOf(newline, at);
      const lineEnd = end < 0 ? bytes.length : end;
      bad.push({
        line,
        expected: 'quotes that are closed (RFC 4180)',
        got: shown(bytes.toString('utf8', at, lineEnd)),
      });
      at = lineEnd + 1;
      continue;
    }
    const fieldAt = (place: number) =>
      place >= 0 && place < fields.count ? fieldText(bytes, fields, place) : undefined;
    const [id, name, tags] = [fieldAt(header.id), fieldAt(header.name), fieldAt(header.tags)];
    const isBlank = fields.count === 1 && fields.starts[0] === fields.ends[0];
    const wrong = fields.count > header.count ? tooMany(header.count, fields.count) : wrongWith(id, name, tags);
    if (isBlank) {
      // A blank line says nothing.
    } else if (wrong !== null) bad.push({ line, ...wrong });
    else rows.push({ line, id: id as string, name: name || (id as string), tags: tagsIn(tags as string | undefined) });
    line += fields.newlines;
    at = next;
  }
  return { rows, bad };
}
