// TLS on every listener, certificates that change while it runs, and devices that are known by one.
import { createConnection } from 'node:net';
import { connect, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import mqtt from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AuditEntry, Latest, Page } from '../src/contract/index.ts';
import { CertificateFolder, certificateFile, clientTls, testCa } from './instruments/certificates.ts';
import {
  adminPassword,
  gatewayHere,
  gatewayProgram,
  newFolder,
  runProgram,
  type TestGateway,
} from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { TestViewer } from './instruments/viewer.ts';

// Node's own fetch and WebSocket take no authority of their own.
setDefaultCACertificates([testCa]);

/** The serial number of the certificate that a listener shows to somebody who comes now. */
async function shownBy(port: number): Promise<string> {
  const socket = await secured(port);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

function secured(port: number, options = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...clientTls(), ...options }, () => resolve(socket));
    socket.on('error', reject);
    onTestFinished(() => void socket.destroy());
  });
}

const metricsOf = async ({ http, rest }: TestGateway) =>
  (await fetch(`${http}/metrics`, { headers: { Authorization: `Bearer ${rest.token}` } })).text();

describe('MQTT over TLS', () => {
  test('[ACC-10] takes what a device with a secret publishes, beside the plain listener or alone', async () => {
    const files = new CertificateFolder();
    const gateway = await gatewayHere([...files.mqttFlags(), 'mqtt.port=null']);
    expect(gateway.mqttPort).toBe(0);
    const secret = await gateway.rest.device('d1');
    const wire = await Wire.connect(gateway.mqttTlsPort, { user: 'd1', secret }, clientTls());
    await wire.publish('devices/d1/telemetry', '{"temp":20}');
    const client = await mqtt.connectAsync(`mqtts://localhost:${gateway.mqttTlsPort}`, {
      username: 'd1',
      password: secret,
      ca: testCa,
      reconnectPeriod: 0,
    });
    await client.publishAsync('devices/d1/telemetry', '{"temp":21}', { qos: 1 });
    await client.endAsync();
    const { values } = await gateway.rest.get<Latest>('/devices/d1/latest');
    expect(values).toMatchObject([{ metric: 'temp', value: 21 }]);
  });

  test('[ACC-10] is spoken from TLS 1.2 on', async () => {
    const gateway = await gatewayHere([...new CertificateFolder().mqttFlags()]);
    const port = gateway.mqttTlsPort;
    expect((await secured(port, { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2');
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await expect(secured(port, old)).rejects.toThrow();
  });

  test('[ACC-10] of a client that speaks plain MQTT is closed and counted', async () => {
    const gateway = await gatewayHere([...new CertificateFolder().mqttFlags()]);
    const socket = createConnection(gateway.mqttTlsPort, '127.0.0.1', () => socket.write('\x10\x10\x00\x04MQTT'));
    socket.on('error', () => {});
    socket.resume();
    await new Promise(resolve => socket.once('close', resolve));
    expect(await metricsOf(gateway)).toMatch(/^telltale_mqtt_tls_handshakes_failed_total 1$/m);
  });
});

test('[ACC-10] of one address so many connections may be about to shake hands; those beyond are closed at once and counted', async () => {
  const gateway = await gatewayHere(new CertificateFolder().mqttFlags());
  const silent = Array.from({ length: 200 }, () => createConnection(gateway.mqttTlsPort, '127.0.0.1'));
  onTestFinished(() => {
    for (const socket of silent) socket.destroy();
  });
  await Promise.all(silent.map(socket => new Promise(resolve => socket.once('connect', resolve))));
  await expect(secured(gateway.mqttTlsPort)).rejects.toThrow();
  const refused = /^telltale_mqtt_tls_handshakes_refused_total (\d+)$/m.exec(await metricsOf(gateway))?.[1];
  expect(Number(refused)).toBeGreaterThan(0);
  for (const socket of silent) socket.destroy();
  // The gateway hears of their end a moment later.
  let socket: TLSSocket | null = null;
  while (socket === null) socket = await secured(gateway.mqttTlsPort).catch(() => null);
  expect(socket.authorized).toBe(true);
});

describe('a certificate of a device', () => {
  /** A gateway that knows the devices d1 and d2, and takes certificates of the test authority. */
  async function withDevices(...more: string[]): Promise<TestGateway & { files: CertificateFolder }> {
    const files = new CertificateFolder();
    const authority = `mqtt.tls.clientCa=${certificateFile('ca')}`;
    const gateway = await gatewayHere([...files.mqttFlags(), authority, `mqtt.tls.clientCrl=${files.crl}`, ...more]);
    for (const id of ['d1', 'd2']) await gateway.rest.device(id);
    return { ...gateway, files };
  }

  test('[ACC-10] is its identity, without a secret; a user name has to be the same', async () => {
    const { mqttTlsPort, rest } = await withDevices();
    const wire = await Wire.connect(mqttTlsPort, {}, clientTls('device-d1'));
    expect(await wire.subscribe('devices/d1/commands/+', 'devices/d2/commands/+')).toEqual([1, 128]);
    await wire.publish('devices/d1/telemetry', '{"temp":20}');
    expect((await rest.get<Latest>('/devices/d1/latest')).values).toHaveLength(1);
    await Wire.connect(mqttTlsPort, { user: 'd1' }, clientTls('device-d1'));
    const another = Wire.connect(mqttTlsPort, { user: 'd2' }, clientTls('device-d1'));
    await expect(another).rejects.toThrow('CONNACK 5');
  });

  test('[ACC-10] lets nobody in once the device is removed, and cuts it off', async () => {
    const { mqttTlsPort, rest } = await withDevices();
    const wire = await Wire.connect(mqttTlsPort, {}, clientTls('device-d1'));
    expect((await rest.fetch('/devices/d1', { method: 'DELETE' })).status).toBe(204);
    await wire.closed;
    await expect(Wire.connect(mqttTlsPort, {}, clientTls('device-d1'))).rejects.toThrow('CONNACK 5');
  });

  test('[ACC-10] of another issuer lets nobody in, whatever secret comes with it', async () => {
    const { mqttTlsPort, rest } = await withDevices();
    const { secret } = await rest.post<{ secret: string }>('/devices/d1/secret');
    const stranger = Wire.connect(mqttTlsPort, { user: 'd1', secret }, clientTls('foreign-d1'));
    await expect(stranger).rejects.toThrow();
    await Wire.connect(mqttTlsPort, { user: 'd1', secret }, clientTls());
  });

  test('[ACC-10] may be required', async () => {
    const { mqttTlsPort, rest } = await withDevices('mqtt.tls.requireClientCert=true');
    const { secret } = await rest.post<{ secret: string }>('/devices/d1/secret');
    await expect(Wire.connect(mqttTlsPort, { user: 'd1', secret }, clientTls())).rejects.toThrow();
    await Wire.connect(mqttTlsPort, {}, clientTls('device-d1'));
  });

  test('[ACC-10] that its issuer revoked is cut off, and others come back', async () => {
    const { files, mqttTlsPort, reloadCertificates } = await withDevices();
    const revoked = await Wire.connect(mqttTlsPort, {}, clientTls('device-d2'));
    const other = await Wire.connect(mqttTlsPort, {}, clientTls('device-d1'));
    files.putCrl('crl-without-d2');
    await reloadCertificates();
    await Promise.all([revoked.closed, other.closed]);
    await expect(Wire.connect(mqttTlsPort, {}, clientTls('device-d2'))).rejects.toThrow();
    await Wire.connect(mqttTlsPort, {}, clientTls('device-d1'));
  });
});

test('[ACC-10] a connection that a certificate may open resumes none before it, so that what is revoked since counts', async () => {
  const again = async (flags: string[]) => {
    const gateway = await gatewayHere([...new CertificateFolder().mqttFlags(), ...flags]);
    const device = { ...clientTls('device-d1'), maxVersion: 'TLSv1.2' };
    const first = await secured(gateway.mqttTlsPort, device);
    const second = await secured(gateway.mqttTlsPort, { ...device, session: first.getSession() });
    return second.isSessionReused();
  };
  expect(await again([`mqtt.tls.clientCa=${certificateFile('ca')}`])).toBe(false);
  // Where a secret is asked for each time, a session may be resumed: that is what is cheap.
  expect(await again([])).toBe(true);
});

describe('HTTPS and WSS', () => {
  test('[ACC-10] carry REST, the session and viewers; the session stays on HTTPS', async () => {
    const gateway = await gatewayHere(new CertificateFolder().httpFlags());
    const { http, rest } = gateway;
    expect(http).toMatch(/^https:/);
    await rest.device('d1');
    const viewer = await TestViewer.connect(http, rest.token);
    expect(await viewer.frame('hello')).toMatchObject({ user: 'test-administrator' });
    const begun = await fetch(`${http}/api/v1/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'admin', password: adminPassword }),
    });
    expect(begun.headers.get('Set-Cookie')).toMatch(/HttpOnly; Secure; SameSite=Strict/);
    await expect(fetch(http.replace('https', 'http'))).rejects.toThrow();
  });

  test('[ACC-10] a page that came in the clear is not the gateway’s own over HTTPS', async () => {
    const { http, rest } = await gatewayHere(new CertificateFolder().httpFlags());
    const status = async (Origin: string) => (await rest.fetch('/devices', { headers: { Origin } })).status;
    expect([await status(http), await status(http.replace('https', 'http'))]).toEqual([200, 403]);
  });
});

describe('a certificate that changes', () => {
  test('[ACC-10] is shown to whoever comes next, and who is there stays', async () => {
    const files = new CertificateFolder('server-1');
    const gateway = await gatewayHere([...files.httpFlags(), ...files.mqttFlags()]);
    const { http, httpPort, mqttTlsPort, rest } = gateway;
    const before = await shownBy(mqttTlsPort);
    expect(await shownBy(httpPort)).toBe(before);
    const secret = await rest.device('d1');
    const wire = await Wire.connect(mqttTlsPort, { user: 'd1', secret }, clientTls());
    const viewer = await TestViewer.connect(http, rest.token);

    files.put('server-2');
    await gateway.reloadCertificates();
    const after = await shownBy(mqttTlsPort);
    expect([after === before, await shownBy(httpPort)]).toEqual([false, after]);
    viewer.send({ t: 'sub', sub: 's' });
    await viewer.frame('ok');
    await wire.publish('devices/d1/telemetry', '{"temp":20}');
    await viewer.frame('data');
    expect(await metricsOf(gateway)).toMatch(/^telltale_http_tls_certificates_reloaded_total 1$/m);
    const { items } = await rest.get<Page<AuditEntry>>('/audit?action=config');
    const changed = items.filter(({ what }) => what === 'certificate');
    expect(changed.map(({ subject }) => subject).sort()).toEqual(['http', 'mqtt']);
    expect(changed[0]?.detail).toEqual({ until: expect.stringMatching(/^\d{4}-/) });
  });

  test('[ACC-10] into a broken pair is refused, and the old one stays', async () => {
    const files = new CertificateFolder('server-1');
    const gateway = await gatewayHere(files.mqttFlags());
    const before = await shownBy(gateway.mqttTlsPort);
    for (const damage of [() => files.put('server-2', 'server-1'), () => files.breakKey()]) {
      damage();
      await gateway.reloadCertificates();
      expect(await shownBy(gateway.mqttTlsPort)).toBe(before);
    }
    const metrics = await metricsOf(gateway);
    expect(metrics).toMatch(/^telltale_mqtt_tls_certificates_refused_total 2$/m);
    expect(Number(/^telltale_mqtt_certificate_days_left (\S+)$/m.exec(metrics)?.[1])).toBeGreaterThan(10_000);
  });
});

test('[ACC-10] SIGHUP takes a new certificate at once, and does not end the program', async () => {
  const files = new CertificateFolder('server-1');
  const gateway = await gatewayProgram(newFolder(), files.httpFlags());
  expect(gateway.http).toMatch(/^https:/);
  const before = await shownBy(gateway.httpPort);
  files.put('server-2');
  gateway.child.kill('SIGHUP');
  while ((await shownBy(gateway.httpPort)) === before) await new Promise(resolve => setTimeout(resolve, 20));
  expect((await gateway.rest.fetch('/devices')).status).toBe(200);
});

describe('a start', () => {
  test('[ACC-10] with plain listeners beyond loopback is refused with what to write, unless it is said', async () => {
    const flags = ['http.host=0.0.0.0', 'mqtt.host=0.0.0.0'].flatMap(flag => ['--set', flag]);
    const { status, err } = await runProgram(...flags);
    expect(status).toBe(78);
    expect(err).toContain('say http.plainBeyondLoopback: true');
    expect(err).toContain('say mqtt.plainBeyondLoopback: true');
  });

  test('[ACC-10] with a key of another certificate is refused with the place that says so', async () => {
    const flags = [
      `http.tls.cert=${certificateFile('server-1')}`,
      `http.tls.key=${certificateFile('server-2.key')}`,
      'mqtt.tls.cert=/not/there.pem',
      `mqtt.tls.key=${certificateFile('server-1.key')}`,
    ];
    const { status, err } = await runProgram(...flags.flatMap(flag => ['--set', flag]));
    expect(status).toBe(78);
    expect(err).toMatch(/--set http\.tls\.key: http\.tls\.key: the key in .* does not fit the certificate/);
    expect(err).toMatch(/--set mqtt\.tls\.cert: mqtt\.tls\.cert: cannot read \/not\/there\.pem: there is no such file/);
  });

  test('the tools need no key, and the sign-in link is one of HTTPS with a name', async () => {
    const flags = [
      `store.dir=${newFolder()}`,
      'http.hosts=[plant.example]',
      'http.port=8443',
      'http.tls.cert=/not/there.pem',
      'http.tls.key=/not/there.pem',
    ];
    const { out } = await runProgram('sign-in-link', ...flags.flatMap(flag => ['--set', flag]));
    expect(out).toMatch(/^https:\/\/plant\.example:8443\/#code=/);
  });
});

test('[ACC-10] health and metrics have a listener of their own, without a token and with details', async () => {
  const { http, opsPort } = await gatewayHere(['ops.port=0']);
  const ops = `http://127.0.0.1:${opsPort}`;
  expect(await (await fetch(`${ops}/readyz`)).json()).toMatchObject({ ok: true, checks: { store: { ok: true } } });
  expect(await (await fetch(`${http}/readyz`)).json()).toEqual({ ok: true });
  expect((await fetch(`${ops}/livez`)).status).toBe(200);
  expect(await (await fetch(`${ops}/metrics`)).text()).toContain('telltale_devices 0');
  expect((await fetch(`${http}/metrics`)).status).toBe(401);
  for (const path of ['/', '/api/v1/devices', '/api/v1/session']) {
    expect((await fetch(`${ops}${path}`)).status, path).toBe(404);
  }
});
