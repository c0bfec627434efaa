// A whole device: a refrigerator that sends readings, keeps them until they are on disk, and does what it is told, once.
import { connect } from 'mqtt';

const { TELLTALE_MQTT: url = 'mqtt://127.0.0.1:1883', DEVICE_ID: id = 'my-device', DEVICE_SECRET } = process.env;

// The thing itself. A real one reads its sensor, and keeps `target` over a restart.
const state = { target: 4, defrosts: 0 };
function setTarget(value: unknown): boolean {
  const isPossible = typeof value === 'number' && value >= 2 && value <= 8;
  if (isPossible) state.target = value;
  return isPossible;
}
type Answer = { ok: true; result?: unknown } | { ok: false; error: string };
function carryOut(name: string, params: { value?: unknown } | null): Answer {
  if (name === 'defrost') return { ok: true, result: { defrosts: ++state.defrosts } };
  if (name !== 'setTarget')
    return { ok: false, error: `unknown command ${name}; this device knows setTarget, defrost` };
  if (!setTarget(params?.value)) return { ok: false, error: 'expected value to be a number from 2 to 8' };
  return { ok: true, result: { target: state.target } };
}

const client = connect(url, {
  clientId: id,
  username: id,
  ...(DEVICE_SECRET !== undefined && { password: DEVICE_SECRET }),
  clean: false,
  resubscribe: false,
  will: { topic: `devices/${id}/status`, payload: Buffer.from('offline'), qos: 1, retain: true },
});

// With QoS 1 the client keeps each message, and sends it again after a break, until its PUBACK came.
let unacknowledged = 0;
function publish(topic: string, payload: string, retain = false): void {
  unacknowledged++;
  client.publish(`devices/${id}/${topic}`, payload, { qos: 1, retain }, () => unacknowledged--);
}
function sample(): void {
  // Memory ends: what does not fit is not measured, rather than letting go of what was.
  if (unacknowledged >= 1_000) return;
  publish('telemetry', JSON.stringify({ ts: Date.now(), values: { temperature: 4.5, ...state } }));
}
function report(): void {
  publish('attributes', JSON.stringify({ model: 'Minimal refrigerator', target: state.target }));
  sample();
}

// By command id, the answers that were given: a command that comes again is answered, and not carried out again.
const answers = new Map<string, string>();
function command(commandId: string, payload: string): void {
  const known = answers.get(commandId);
  const { name, params, expiresAt } = JSON.parse(payload);
  const late: Answer = { ok: false, error: 'expired, and not carried out' };
  const answer = known ?? JSON.stringify(Date.now() < expiresAt ? carryOut(name, params) : late);
  answers.set(commandId, answer);
  for (const [oldest] of answers) if (answers.size > 100) answers.delete(oldest);
  publish(`commands/${commandId}/result`, answer);
  if (known === undefined) report();
}

client.on('message', (topic, payload) => {
  const [, , kind, commandId] = topic.split('/');
  if (kind === 'commands' && commandId !== undefined) command(commandId, payload.toString());
  if (kind !== 'desired') return;
  setTarget(JSON.parse(payload.toString()).fields.target);
  report();
});
client.on('connect', () => {
  publish('status', 'online', true);
  client.subscribe([`devices/${id}/commands/+`, `devices/${id}/desired`], { qos: 1 });
  report();
});
client.on('error', error => console.error(error.message));
setInterval(sample, 1_000);
