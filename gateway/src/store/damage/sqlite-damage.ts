// Tells SQLite's errors that come from what is in a file from those that come from the machine around it.

const damageCodes = [
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_FORMAT',
  'SQLITE_TOOBIG',
  'SQLITE_IOERR_READ',
  'SQLITE_IOERR_SHORT_READ',
  'SQLITE_IOERR_CORRUPTFS',
  'SQLITE_IOERR_DATA',
];

/** Whether the error says that the file is damaged. A full disk or a missing permission is no damage. */
export function isDamage(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code);
  // Plain SQLITE_ERROR is how a header from a future format and a statement on a missing column are answered.
  return code === 'SQLITE_ERROR' || damageCodes.some(known => code === known || code.startsWith(`${known}_`));
}
