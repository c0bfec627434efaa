// The SQL beside the log, by name: effects are written together with an entry, in its transaction; queries are
// answered by the reader thread. Rows beside the log are JSON bodies with the few columns that are searched by.

/** Rows from the oldest on that a slice of a trim looks at, and deletes at most: some milliseconds of the writer. */
export const trimRowsMax = 500;

/**
 * The oldest rows that were dated before a time, up to the first that was not: what a wrong clock dated too early in the
 * midst of others waits for its turn. What was dated ahead of the present stays, and holds nothing up. Bounded, for no
 * index has the times. Parameters: the time before which rows go, and the present.
 */
function oldest(table: 'audit' | 'state_change'): string {
  return `WITH given (before, now) AS (VALUES (?, ?)),
    first AS MATERIALIZED (SELECT id, at FROM ${table} ORDER BY id LIMIT ${trimRowsMax})
    SELECT id FROM first, given WHERE at < before AND id <
      coalesce((SELECT min(id) FROM first, given WHERE at BETWEEN before AND now), 9223372036854775807)`;
}

function trimByAge(table: 'audit' | 'state_change'): string {
  return `DELETE FROM ${table} WHERE id IN (${oldest(table)})`;
}

/** Rows that one question looks through at most, so that the reader is not held for long: some tens of milliseconds. */
export const auditLookedMax = 20_000;

type AuditColumn = 'device' | 'by' | 'subject' | 'action';

/**
 * A page of the audit trail, newest first, of lines that an index leads to by `column` or by their ids alone. What the
 * other filters leave out is looked at, and counts. An empty text leaves a filter out. Parameters: the value of the
 * column, the ids from which on and before which to look, action, device, by, from, to, and how many lines are wanted.
 */
function auditPage(column: AuditColumn | null): string {
  return `WITH given (key, first, before, action, device, by, after, until) AS (VALUES (?, ?, ?, ?, ?, ?, ?, ?))
    SELECT id, at, line.action, line.device, line.by, subject, body FROM (
      SELECT * FROM audit WHERE ${auditIndexed(column)} ORDER BY id DESC LIMIT ${auditLookedMax}
    ) AS line, given
    WHERE given.action IN ('', line.action) AND (given.device = '' OR given.device = line.device)
      AND (given.by = '' OR given.by = line.by) AND at >= after AND at < until
    LIMIT ?`;
}

/** Id of the last line that such a page looked at where it found no more. Parameters: as its first three. */
function auditReach(column: AuditColumn | null): string {
  return `WITH given (key, first, before) AS (VALUES (?, ?, ?))
    SELECT id FROM audit WHERE ${auditIndexed(column)} ORDER BY id DESC LIMIT 1 OFFSET ${auditLookedMax - 1}`;
}

const auditIndexed = (column: AuditColumn | null): string =>
  `${column === null ? '' : `${column} = (SELECT key FROM given) AND `}id >= (SELECT first FROM given)
        AND id < (SELECT before FROM given)`;

/** As the index has it: whole days, towards zero. */
const auditDay = 'at / 86400000';

/**
 * Between which ids lines of some days are: the first, and the last of those before an id. From day to day on the index,
 * so that days without lines cost nothing, and days whose lines a wrong clock put among those of others are found all
 * the same. Parameters: the first and the last day, and the id.
 */
const auditSpan = `WITH RECURSIVE given (since, until, before) AS (VALUES (?, ?, ?)),
  day (n) AS (
    SELECT (SELECT ${auditDay} FROM audit WHERE ${auditDay} >= since ORDER BY ${auditDay} LIMIT 1) FROM given
    UNION ALL
    SELECT (SELECT ${auditDay} FROM audit WHERE ${auditDay} > n ORDER BY ${auditDay} LIMIT 1) FROM day, given
      WHERE n < until
  )
  SELECT min((SELECT id FROM audit WHERE ${auditDay} = n ORDER BY id LIMIT 1)) AS first,
    max((SELECT id FROM audit WHERE ${auditDay} = n AND id < before ORDER BY id DESC LIMIT 1)) AS last
  FROM day, given WHERE n <= until`;

/** What may be written beside the log. Each overwrites, so that no effect can fail its whole commit. */
export const effects = Object.freeze({
  'device.put': 'INSERT OR REPLACE INTO device (id, body) VALUES (?, ?)',
  'device.delete': 'DELETE FROM device WHERE id = ?',
  'presence.put': 'INSERT OR REPLACE INTO presence (device, at, state) VALUES (?, ?, ?)',
  'command.put':
    'INSERT OR REPLACE INTO command (id, device, state, key, open, group_id, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
  // Those of a group that is not over tell, after a restart, which of its devices were asked.
  'command.trim': `DELETE FROM command WHERE id IN
    (SELECT id FROM command WHERE id < ? AND open = 0 AND (group_id IS NULL OR group_id NOT IN
      (SELECT id FROM command_group WHERE state IN ('waiting', 'running', 'stopping'))) ORDER BY id LIMIT ?)`,
  'commandType.put': 'INSERT OR REPLACE INTO command_type (id, body) VALUES (?, ?)',
  'commandType.delete': 'DELETE FROM command_type WHERE id = ?',
  'commandGroup.put': 'INSERT OR REPLACE INTO command_group (id, state, body) VALUES (?, ?, ?)',
  'commandGroup.trim': `DELETE FROM command_group WHERE id IN
    (SELECT id FROM command_group WHERE id < ? AND state IN ('stopped', 'finished') ORDER BY id LIMIT ?)`,
  'commandGroup.trimCounts': `DELETE FROM command_group_count
    WHERE group_id < ? AND NOT EXISTS (SELECT 1 FROM command_group WHERE id = group_id)`,
  // A command leaves the state that it is in, and comes to another; both before it is written itself.
  'commandGroup.leave': `UPDATE command_group_count SET count = count - 1
    WHERE (group_id, state) = (SELECT group_id, state FROM command WHERE id = ?)`,
  'commandGroup.enter': `INSERT INTO command_group_count (group_id, state, count)
    SELECT id, ?, 1 FROM command_group WHERE id = ? ON CONFLICT DO UPDATE SET count = count + 1`,
  'deviceState.put': 'INSERT OR REPLACE INTO device_state (device, body) VALUES (?, ?)',
  'deviceState.delete': 'DELETE FROM device_state WHERE device = ?',
  'stateChange.add': 'INSERT INTO state_change (device, at, body) VALUES (?, ?, ?)',
  'stateChange.trim': trimByAge('state_change'),
  // Of what one device reported, all but the newest: parameters are the device, and how many stay.
  'stateChange.trimDevice': `DELETE FROM state_change WHERE id IN (
    SELECT id FROM state_change WHERE device = ? AND body ->> 'side' = 'reported' ORDER BY id DESC
    LIMIT ${trimRowsMax} OFFSET ?)`,
  'audit.add': 'INSERT INTO audit (at, action, device, by, subject, body) VALUES (?, ?, ?, ?, ?, ?)',
  'audit.trim': trimByAge('audit'),
  'deadLetter.add': 'INSERT INTO dead_letter (body) VALUES (?)',
  'deadLetter.trim': 'DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?',
  'credential.put': 'INSERT OR REPLACE INTO credential (name, body) VALUES (?, ?)',
  'credential.delete': 'DELETE FROM credential WHERE name = ?',
  'user.put': 'INSERT OR REPLACE INTO user (name, body) VALUES (?, ?)',
  'user.delete': 'DELETE FROM user WHERE name = ?',
  'secret.put': 'INSERT OR REPLACE INTO secret (hash, kind, name, expires_at, body) VALUES (?, ?, ?, ?, ?)',
  // An update and no replacement: a secret that was ended meanwhile does not come back.
  'secret.used': `UPDATE secret SET body = json_set(body, '$.lastUsedAt', ?) WHERE hash = ?`,
  'secret.delete': 'DELETE FROM secret WHERE hash = ?',
  'secret.deleteNamed': 'DELETE FROM secret WHERE kind = ? AND name = ?',
  'secret.trim': 'DELETE FROM secret WHERE expires_at < ?',
  'meta.put': 'INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)',
  'meta.delete': 'DELETE FROM meta WHERE key = ?',
  'void.put': 'INSERT OR REPLACE INTO void (id, series, from_at, to_at, body) VALUES (?, ?, ?, ?, ?)',
  // One span for all that came within five minutes of each other.
  'rejected.add': `WITH given (device, at) AS (VALUES (?, ?))
    INSERT INTO rejected (device, from_at, to_at)
    SELECT device, coalesce((SELECT max(from_at) FROM rejected AS known
      WHERE known.device = given.device AND known.to_at >= given.at - 300000 AND known.from_at <= given.at), at), at + 1
    FROM given WHERE true
    ON CONFLICT (device, from_at) DO UPDATE SET to_at = max(to_at, excluded.to_at)`,
  'rejected.trim': 'DELETE FROM rejected WHERE to_at < ?',
  'day.put': 'INSERT OR REPLACE INTO day_use (day, used, written) VALUES (?, ?, ?)',
  'view.put': 'INSERT OR REPLACE INTO view (name, offset, body) VALUES (?, ?, ?)',
  'mqttSession.put': 'INSERT OR REPLACE INTO mqtt_session (client, body) VALUES (?, ?)',
  'mqttSession.delete': 'DELETE FROM mqtt_session WHERE client = ?',
  'mqttQueued.put': 'INSERT OR REPLACE INTO mqtt_queued (id, client, at, topic, qos, body) VALUES (?, ?, ?, ?, ?, ?)',
  'mqttQueued.sent': 'UPDATE mqtt_queued SET message_id = ?, released = ? WHERE id = ?',
  'mqttQueued.delete': 'DELETE FROM mqtt_queued WHERE id = ?',
  'mqttQueued.deleteOf': 'DELETE FROM mqtt_queued WHERE client = ?',
  'mqttQueued.deleteReleased': 'DELETE FROM mqtt_queued WHERE released = 1',
  'mqttQueued.forgetIds': 'UPDATE mqtt_queued SET message_id = NULL WHERE message_id IS NOT NULL',
  'mqttReceived.put': 'INSERT OR REPLACE INTO mqtt_received (client, message_id) VALUES (?, ?)',
  'mqttReceived.delete': 'DELETE FROM mqtt_received WHERE client = ? AND message_id = ?',
  'mqttReceived.deleteOf': 'DELETE FROM mqtt_received WHERE client = ?',
  'mqttReceived.clear': 'DELETE FROM mqtt_received',
  // The key stays where it is: a status that changes all the time is one row that changes.
  'mqttRetained.put': `INSERT INTO mqtt_retained (topic, qos, body) VALUES (?, ?, ?)
    ON CONFLICT (topic) DO UPDATE SET qos = excluded.qos, body = excluded.body`,
  'mqttRetained.delete': 'DELETE FROM mqtt_retained WHERE topic = ?',
  'mqttWill.put':
    'INSERT OR REPLACE INTO mqtt_will (client, owner, topic, qos, retain, body) VALUES (?, ?, ?, ?, ?, ?)',
  'mqttWill.delete': 'DELETE FROM mqtt_will WHERE client = ?',
});

/** What keeping the store writes; a step of it is small, and complete in itself. */
export const keepEffects = Object.freeze({
  'meta.put': effects['meta.put'],
  'meta.delete': effects['meta.delete'],
  'batch.put': 'INSERT INTO batch (id, at, through, count, first_ts, last_ts) VALUES (?, ?, ?, ?, ?, ?)',
  'batch.deleteThrough': 'DELETE FROM batch WHERE id <= ?',
  'sealed.put': 'INSERT INTO sealed (key, first_ts, last_ts, count, body) VALUES (?, ?, ?, ?, ?)',
  'sealed.deleteBetween': 'DELETE FROM sealed WHERE key >= ? AND key < ?',
  'chunk.put': 'INSERT OR REPLACE INTO chunk (key, first_ts, last_ts, count, body) VALUES (?, ?, ?, ?, ?)',
  'chunk.delete': 'DELETE FROM chunk WHERE key = ?',
  'rollup.put': 'INSERT OR REPLACE INTO rollup (key, count, body) VALUES (?, ?, ?)',
  'rollup.delete': 'DELETE FROM rollup WHERE key = ?',
  'use.put': `INSERT OR REPLACE INTO series_use
    (series, count, bytes, rollup_bytes, first_ts, last_ts, raw_from, rollup_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  'log.trim': 'DELETE FROM log WHERE offset <= ?',
});

export type KeepEffectName = keyof typeof keepEffects;
export type KeepEffect = [name: KeepEffectName, ...params: EffectParam[]];

export type EffectName = keyof typeof effects;
export type EffectParam = string | number | null | Uint8Array;
/** A named statement and its parameters. */
export type Effect = [name: EffectName, ...params: EffectParam[]];

/** By state, how many commands of a group are in it, as JSON. */
const groupCounts = `(SELECT json_group_object(state, count) FROM command_group_count
    WHERE group_id = command_group.id AND count > 0) AS counts`;

/** What may be asked beside history and log. Each has a LIMIT or answers one row. */
export const queries = Object.freeze({
  'device.all': 'SELECT body FROM device ORDER BY id LIMIT ?',
  'credential.all': 'SELECT body FROM credential LIMIT ?',
  'user.all': 'SELECT body FROM user LIMIT ?',
  'secret.get': 'SELECT hash, kind, name, expires_at AS expiresAt, body FROM secret WHERE hash = ?',
  'secret.listKind':
    'SELECT hash, kind, name, expires_at AS expiresAt, body FROM secret WHERE kind = ? ORDER BY name LIMIT ?',
  'secret.listNamed':
    'SELECT hash, kind, name, expires_at AS expiresAt, body FROM secret WHERE kind = ? AND name = ? LIMIT ?',
  'view.get': 'SELECT offset, body FROM view WHERE name = ?',
  'meta.get': 'SELECT value FROM meta WHERE key = ?',
  'mqttSession.page': 'SELECT client, body FROM mqtt_session WHERE client > ? ORDER BY client LIMIT ?',
  'mqttQueued.page': `SELECT id, client, at, topic, qos, message_id AS messageId, released, body
    FROM mqtt_queued WHERE id > ? ORDER BY id LIMIT ?`,
  'mqttReceived.page': `SELECT client, message_id AS messageId FROM mqtt_received
    WHERE (client, message_id) > (?, ?) ORDER BY client, message_id LIMIT ?`,
  'mqttRetained.page': 'SELECT id, topic, qos, body FROM mqtt_retained WHERE id > ? ORDER BY id LIMIT ?',
  'mqttWill.page':
    'SELECT client, owner, topic, qos, retain, body FROM mqtt_will WHERE client > ? ORDER BY client LIMIT ?',
  'series.all': 'SELECT id, device, metric FROM series ORDER BY id LIMIT ?',
  'log.first': 'SELECT min(offset) AS offset FROM log',
  'series.use': `SELECT id, device, metric, coalesce(count, 0) AS readings, coalesce(bytes + rollup_bytes, 0) AS bytes
    FROM series LEFT JOIN series_use ON series = id WHERE id > ? ORDER BY id LIMIT ?`,
  'use.total': `SELECT total(count) AS readings, total(bytes) AS bytes, total(rollup_bytes) AS rollupBytes,
    min(CASE WHEN count > 0 THEN max(first_ts, raw_from) END) AS oldest FROM series_use`,
  'batch.total': 'SELECT total(count) AS readings, min(first_ts) AS oldest FROM batch',
  // The log keeps what was sealed for a while; only what was not is nowhere else.
  'log.oldest': `SELECT min(first_ts) AS oldest FROM log WHERE kind = 1
    AND offset > coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'sealed_through'), 0)`,
  pages: `SELECT (SELECT page_size FROM pragma_page_size) AS size, (SELECT page_count FROM pragma_page_count) AS count,
    (SELECT freelist_count FROM pragma_freelist_count) AS free`,
  'day.list': 'SELECT day, used, written FROM day_use ORDER BY day DESC LIMIT ?',
  'void.get': 'SELECT body FROM void WHERE id = ?',
  'void.list': 'SELECT body FROM void WHERE id < ? ORDER BY id DESC LIMIT ?',
  'void.listSeries': 'SELECT body FROM void WHERE series = ? AND id < ? ORDER BY id DESC LIMIT ?',
  'void.count': `SELECT count(*) AS count FROM void WHERE series = ? AND json_extract(body, '$.restored') IS NULL`,
  'command.get': 'SELECT body FROM command WHERE id = ?',
  'command.byKey': 'SELECT body FROM command WHERE key = ?',
  'command.open': 'SELECT body FROM command WHERE open = 1 ORDER BY id LIMIT ?',
  'command.listGroup': 'SELECT id, body FROM command WHERE group_id = ? AND id < ? ORDER BY id DESC LIMIT ?',
  'command.listGroupFailed': `SELECT id, body FROM command WHERE group_id = ? AND id < ?
    AND state IN ('rejected', 'contradicted', 'failed', 'expired', 'timed-out', 'unknown') ORDER BY id DESC LIMIT ?`,
  'command.groupSteps': `SELECT id, device, state, open, json_array_length(body, '$.transitions') AS steps,
    json_extract(body, '$.expiresAt') AS expiresAt, json_extract(body, '$.updatedAt') AS updatedAt,
    json_extract(body, '$.transitions[#-1].cause') AS cause
    FROM command WHERE group_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
  'commandType.all': 'SELECT body FROM command_type ORDER BY id LIMIT ?',
  'commandGroup.get': `SELECT body, ${groupCounts} FROM command_group WHERE id = ?`,
  'commandGroup.list': `SELECT body, ${groupCounts} FROM command_group WHERE id < ? ORDER BY id DESC LIMIT ?`,
  // Without the devices, of which there may be thousands.
  'commandGroup.listShort': `SELECT json_set(body, '$.devices', json('[]'), '$.refused', json('[]')) AS body, ${groupCounts}
    FROM command_group WHERE id < ? ORDER BY id DESC LIMIT ?`,
  'commandGroup.byKey': `SELECT body, ${groupCounts}
    FROM (SELECT id, body FROM command_group ORDER BY id DESC LIMIT ?) AS command_group
    WHERE json_extract(body, '$.key') = ? LIMIT 1`,
  'commandGroup.last': 'SELECT id FROM command_group ORDER BY id DESC LIMIT 1',
  'commandGroup.open': `SELECT body FROM command_group WHERE state IN ('waiting', 'running', 'stopping')
    ORDER BY id LIMIT ?`,
  'deviceState.all': 'SELECT device, body FROM device_state ORDER BY device LIMIT ?',
  'stateChange.list': 'SELECT id, body FROM state_change WHERE device = ? AND id < ? ORDER BY id DESC LIMIT ?',
  'command.list': `SELECT id, body FROM command WHERE id < ? ORDER BY id DESC LIMIT ?`,
  'command.listDevice': `SELECT id, body FROM command WHERE device = ? AND id < ? ORDER BY id DESC LIMIT ?`,
  'command.listState': `SELECT id, body FROM command WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?`,
  'command.listDeviceState':
    'SELECT id, body FROM command WHERE device = ? AND state = ? AND id < ? ORDER BY id DESC LIMIT ?',
  'audit.page': auditPage(null),
  'audit.pageDevice': auditPage('device'),
  'audit.pageBy': auditPage('by'),
  'audit.pageSubject': auditPage('subject'),
  'audit.pageAction': auditPage('action'),
  'audit.reach': auditReach(null),
  'audit.reachDevice': auditReach('device'),
  'audit.reachBy': auditReach('by'),
  'audit.reachSubject': auditReach('subject'),
  'audit.reachAction': auditReach('action'),
  'audit.span': auditSpan,
  // Whether anything is to be trimmed, so that nothing is written where nothing is.
  'audit.due': `SELECT id FROM (${oldest('audit')}) LIMIT 1`,
  'stateChange.due': `SELECT id FROM (${oldest('state_change')}) LIMIT 1`,
  'command.due': 'SELECT id FROM command WHERE id < ? AND open = 0 LIMIT 1',
  'commandGroup.due': `SELECT id FROM command_group WHERE id < ? AND state IN ('stopped', 'finished') LIMIT 1`,
  'deadLetter.list': 'SELECT id, body FROM dead_letter WHERE id < ? ORDER BY id DESC LIMIT ?',
});

export type QueryName = keyof typeof queries;
