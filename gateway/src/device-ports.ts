// What the API asks of the registry and of the devices' credentials, where one call concerns both.
import type { ApiPorts } from './api/index.ts';
import { type BulkReport, Refusal } from './contract/index.ts';
import type { Stages } from './gateway.ts';

/** Devices of a CSV whose records and credentials are committed together; others have their turn in between. */
const bulkAtOnce = 500;

type Row = Parameters<ApiPorts['devices']['createAll']>[0][number];
type DeviceStages = Pick<Stages, 'broker' | 'commands' | 'deviceAccess' | 'devices' | 'leases' | 'sights'>;

export function devicePorts({
  broker,
  commands,
  deviceAccess,
  devices,
  leases,
  sights,
}: DeviceStages): ApiPorts['devices'] {
  return {
    page: (after, limit, filter) => devices.page(after, limit, filter),
    covers: (scope, id) => sights.covers(scope, id),
    describe: id => devices.describe(id),
    async create(id, name) {
      const device = await devices.create(id, name);
      const secrets = await deviceAccess.issueAll([id]);
      return { ...device, secret: secrets.get(id) as string };
    },
    change: (id, change) => devices.change(id, change),
    async remove(id) {
      // Where a full disk came between the two, asking again does what is left.
      if (devices.exists(id) || !deviceAccess.isKnown(id)) await devices.remove(id);
      await deviceAccess.revokeDevice(id);
      broker.forget(id);
      await commands.deviceDeleted(id);
      leases.deviceDeleted(id);
    },
    async newSecret(id, overlapMs) {
      devices.describe(id);
      return deviceAccess.rotateDevice(id, overlapMs);
    },
    async createAll(rows) {
      const report: BulkReport = { devices: [], refused: [] };
      for (let at = 0; at < rows.length; at += bulkAtOnce) {
        await createSome(rows.slice(at, at + bulkAtOnce), report);
      }
      return report;
    },
    latest: id => devices.latestOf(id),
  };

  async function createOne({ id, name, tags }: Row): Promise<void> {
    await devices.create(id, name);
    if (tags.length > 0) await devices.change(id, { tags });
  }

  async function createSome(rows: Row[], report: BulkReport): Promise<void> {
    const outcomes = await Promise.allSettled(rows.map(row => createOne(row)));
    const made = rows.filter((_, i) => outcomes[i]?.status === 'fulfilled');
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') report.refused.push(refusedLine(rows[i] as Row, outcome.reason));
    }
    let secrets = new Map<string, string>();
    try {
      secrets = await deviceAccess.issueAll(made.map(({ id }) => id));
    } catch (error) {
      // The devices are there, without a secret: the line says so, and a new secret can be asked for.
      for (const row of made) report.refused.push(refusedLine(row, error as Error));
    }
    for (const { id, line, name } of made) {
      const secret = secrets.get(id);
      if (secret !== undefined) report.devices.push({ line, id, name, secret });
    }
  }
}

/** What was wrong with a line that could be read. Faults of ours are not told as the file's. */
function refusedLine({ id, line }: { id: string; line: number }, error: Error): BulkReport['refused'][number] {
  if (!(error instanceof Refusal)) throw error;
  const expected = error.code === 'conflict' ? 'a new device' : 'a device that can be created and given a secret';
  return { line, expected, got: `${JSON.stringify(id)}: ${error.message}` };
}

export function credentialPorts({
  broker,
  deviceAccess,
}: DeviceStages): Pick<ApiPorts, 'credentials' | 'enrolment' | 'connectionLog'> {
  return {
    credentials: deviceAccess,
    enrolment: deviceAccess.enrolment,
    connectionLog: name => broker.connectionLog(name),
  };
}
