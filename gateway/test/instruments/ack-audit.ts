// Holds acknowledgements against the calls that brought readings to disk: which left too early?
import type { SystemCall } from './system-calls.ts';

/** Bytes of a PUBACK. */
const ackBytes = 4;

export type AckAudit = {
  acknowledged: number;
  /** Acknowledgements of which no finished fsync of the write-ahead log covers a write that came after the publish. */
  tooEarly: number;
};

/**
 * Looks at one connection, on which publishes of `packetBytes` each came in and nothing but PUBACKs went out. For each of
 * them: the publish was read, then the log was written, then an fsync of it began and ended, then the PUBACK was written.
 */
export function auditAcks(calls: readonly SystemCall[], socket: string, packetBytes: number): AckAudit {
  const good = calls.filter(({ result }) => result >= 0);
  const onSocket = good.filter(({ target }) => target.includes(socket));
  const onLog = good.filter(({ target }) => target.includes('telltale.db-wal'));
  const syncs = onLog.filter(({ name }) => name === 'fdatasync' || name === 'fsync');
  const writes = onLog.filter(({ name }) => name === 'pwrite64');
  const came = placesOf(
    onSocket.filter(({ name }) => name === 'read'),
    packetBytes,
    ({ left }) => left,
  );
  const went = placesOf(
    onSocket.filter(({ name }) => name !== 'read'),
    ackBytes,
    ({ entered }) => entered,
  );
  let tooEarly = 0;
  went.forEach((acknowledgedAt, n) => {
    const cameAt = came[n];
    const sync = syncs.findLast(({ left }) => left < acknowledgedAt);
    const write = sync && writes.findLast(({ left }) => left < sync.entered);
    if (cameAt === undefined || write === undefined || write.entered < cameAt) tooEarly++;
  });
  return { acknowledged: went.length, tooEarly };
}

/** For each piece of so many bytes, the place of the call that completed it. */
function placesOf(calls: readonly SystemCall[], pieceBytes: number, place: (call: SystemCall) => number): number[] {
  const places: number[] = [];
  let bytes = 0;
  for (const call of calls) {
    bytes += call.result;
    while ((places.length + 1) * pieceBytes <= bytes) places.push(place(call));
  }
  return places;
}
