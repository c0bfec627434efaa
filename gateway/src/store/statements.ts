// The SQL beside the log, by name: effects are written together with an entry, in its transaction; queries are
// answered by the reader thread. Rows beside the log are JSON bodies with the few columns that are searched by.

/** What may be written beside the log. Each overwrites, so that no effect can fail its whole commit. */
export const effects = Object.freeze({
  'device.put': 'INSERT OR REPLACE INTO device (id, body) VALUES (?, ?)',
  'device.delete': 'DELETE FROM device WHERE id = ?',
  'presence.put': 'INSERT OR REPLACE INTO presence (device, at, state) VALUES (?, ?, ?)',
  'command.put': 'INSERT OR REPLACE INTO command (id, device, state, key, body) VALUES (?, ?, ?, ?, ?)',
  'deadLetter.add': 'INSERT INTO dead_letter (body) VALUES (?)',
  'deadLetter.trim': 'DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?',
  'credential.put': 'INSERT OR REPLACE INTO credential (name, body) VALUES (?, ?)',
  'credential.delete': 'DELETE FROM credential WHERE name = ?',
  'user.put': 'INSERT OR REPLACE INTO user (name, body) VALUES (?, ?)',
  'secret.put': 'INSERT OR REPLACE INTO secret (hash, kind, name, expires_at, body) VALUES (?, ?, ?, ?, ?)',
  'secret.delete': 'DELETE FROM secret WHERE hash = ?',
  'secret.deleteNamed': 'DELETE FROM secret WHERE kind = ? AND name = ?',
  'secret.trim': 'DELETE FROM secret WHERE expires_at < ?',
  'view.put': 'INSERT OR REPLACE INTO view (name, offset, body) VALUES (?, ?, ?)',
});

export type EffectName = keyof typeof effects;
export type EffectParam = string | number | null | Uint8Array;
/** A named statement and its parameters. */
export type Effect = [name: EffectName, ...params: EffectParam[]];

/** What may be asked beside history and log. Each has a LIMIT or answers one row. */
export const queries = Object.freeze({
  'device.all': 'SELECT body FROM device ORDER BY id LIMIT ?',
  'credential.all': 'SELECT body FROM credential LIMIT ?',
  'user.all': 'SELECT body FROM user LIMIT ?',
  'secret.get': 'SELECT hash, kind, name, expires_at AS expiresAt, body FROM secret WHERE hash = ?',
  'view.get': 'SELECT offset, body FROM view WHERE name = ?',
  'series.all': 'SELECT id, device, metric FROM series ORDER BY id LIMIT ?',
  'command.get': 'SELECT body FROM command WHERE id = ?',
  'command.byKey': 'SELECT body FROM command WHERE key = ?',
  'command.open': `SELECT body FROM command WHERE state IN ('queued', 'sent') ORDER BY id LIMIT ?`,
  'command.list': `SELECT id, body FROM command WHERE id < ? ORDER BY id DESC LIMIT ?`,
  'command.listDevice': `SELECT id, body FROM command WHERE device = ? AND id < ? ORDER BY id DESC LIMIT ?`,
  'command.listState': `SELECT id, body FROM command WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?`,
  'command.listDeviceState':
    'SELECT id, body FROM command WHERE device = ? AND state = ? AND id < ? ORDER BY id DESC LIMIT ?',
  'deadLetter.list': 'SELECT id, body FROM dead_letter WHERE id < ? ORDER BY id DESC LIMIT ?',
});

export type QueryName = keyof typeof queries;
