// The whole of it as its user sees it: a real browser, a real MQTT client, and a gateway that is killed under them.
import { setDefaultCACertificates } from 'node:tls';
import mqtt, { type MqttClient } from 'mqtt';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { BadNetwork } from './instruments/bad-network.ts';
import { openBrowser } from './instruments/browser.ts';
import { CertificateFolder, testCa } from './instruments/certificates.ts';
import { freePort } from './instruments/free-port.ts';
import { adminPassword, gatewayHere, gatewayProgram, newFolder } from './instruments/gateway.ts';

// Node's own fetch takes no authority of its own.
setDefaultCACertificates([testCa]);

/** A device that publishes on request, and does what a command says: it reports the target it was given. */
async function connectDevice(port: number, secret: string): Promise<MqttClient> {
  const options = { username: 'd1', password: secret, clientId: 'd1', reconnectPeriod: 200 };
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, options);
  onTestFinished(() => client.endAsync(true));
  client.on('message', (topic, payload) => {
    const { params } = JSON.parse(payload.toString()) as { params: { value: number } };
    client.publish('devices/d1/telemetry', JSON.stringify({ target: params.value }), { qos: 1 });
    client.publish(`${topic}/result`, JSON.stringify({ ok: true, result: params }), { qos: 1 });
  });
  await client.subscribeAsync('devices/d1/commands/+', { qos: 1 });
  return client;
}

async function signIn(page: Page, password: string, name = 'admin'): Promise<void> {
  await page.fill('input[name=name]', name);
  await page.fill('input[name=password]', password);
  await page.click('button[type=submit]');
}

/** What goes wrong in the page, and what its policy kept it from. */
function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', error => faults.push(error.message));
  page.on('console', message => {
    if (/Content Security Policy|Trusted/.test(message.text())) faults.push(message.text());
  });
  return faults;
}

/** Sends a command that the device answers and carries out, and sees both. */
async function commandAnswered(page: Page): Promise<void> {
  const form = page.locator('form.command-form');
  await form.locator('input').first().fill('setTarget');
  await form.locator('textarea').fill('{"value":18}');
  await form.locator('button[type=submit]').click();
  await page.locator('[data-command][data-state="acknowledged"]').waitFor();
  await value(page, 'target', '18');
}

const value = (page: Page, metric: string, text: string) =>
  page.locator(`[data-metric="${metric}"]`).filter({ hasText: text }).first().waitFor();

test('sign in, see a value change, send a command and see its answer, and go on after the gateway was killed', async () => {
  const dir = newFolder();
  // Fixed for this test, so that it comes back where the page and the device look for it.
  const ports = [`http.port=${await freePort()}`, `mqtt.port=${await freePort()}`];
  const first = await gatewayProgram(dir, ports);
  const device = await connectDevice(first.mqttPort, await first.rest.device('d1'));
  await device.publishAsync('devices/d1/telemetry', '{"temperature":20.5}', { qos: 1 });

  const context = await openBrowser();
  const page = await context.newPage();
  const faults = faultsOf(page);
  await page.goto(`${first.http}/devices/d1`);
  await signIn(page, 'not the password');
  await page.getByRole('alert').waitFor();
  await signIn(page, adminPassword);

  await value(page, 'temperature', '20.5');
  await device.publishAsync('devices/d1/telemetry', '{"temperature":23.25}', { qos: 1 });
  await value(page, 'temperature', '23.25');
  await page.locator('[data-chart="temperature"]').waitFor();

  await device.publishAsync('devices/d1/attributes', '{"units":{"humidity":"%"}}', { qos: 1 });
  await value(page, 'humidity', 'Never seen');
  await device.publishAsync('devices/d1/telemetry', '{"humidity":61}', { qos: 1 });
  await value(page, 'humidity', '61');

  await commandAnswered(page);

  await first.kill('SIGKILL');
  // A value that was current a moment ago must not look so any more.
  await page.locator('[data-connection]:not([data-connection="live"])').first().waitFor();
  await page.locator('[data-metric="temperature"]:not([data-freshness="live"])').first().waitFor();

  const second = await gatewayProgram(dir, ports);
  await second.rest.get('/devices/d1');
  await page.locator('[data-connection="live"]').first().waitFor();
  await device.publishAsync('devices/d1/telemetry', '{"temperature":24.75}', { qos: 1 });
  await value(page, 'temperature', '24.75');
  expect(faults).toEqual([]);
}, 120_000);

test('a one-time link signs in on a phone, and leaves no code in the address', async () => {
  const gateway = await gatewayProgram(newFolder());
  const { makeSecret } = await import('../src/access/index.ts');
  const { secretEffect } = await import('../src/tables.ts');
  const { writeBeside } = await import('../src/store/index.ts');
  const { secret, record } = makeSecret('code', 'admin', 'viewer', Date.now() + 60_000);
  writeBeside(gateway.dir, [secretEffect(record)]);
  await gateway.rest.device('d1');

  const context = await openBrowser({ width: 390, height: 844 });
  const page = await context.newPage();
  await page.goto(`${gateway.http}/#code=${secret}`);
  await page.locator('[data-device="d1"]').waitFor();
  expect(page.url()).toBe(`${gateway.http}/`);
  // Nothing is wider than the screen.
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
}, 60_000);

test('[ACC-6] an administrator adds a user for some devices, who signs in with what was shown once and sees those alone', async () => {
  const gateway = await gatewayHere();
  for (const id of ['cold-1', 'pump-1']) await gateway.rest.device(id);
  const context = await openBrowser();
  const page = await context.newPage();
  const faults = faultsOf(page);
  await page.goto(`${gateway.http}/people`);
  await signIn(page, adminPassword);
  await page.getByRole('button', { name: 'Add user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('ada');
  await dialog.getByRole('button', { name: 'Only some' }).click();
  await dialog.getByLabel('Ids').fill('cold-*');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  const told = dialog.locator('.copyable code');
  await told.nth(1).waitFor();
  const password = await told.nth(1).innerText();
  await dialog.getByRole('button', { name: 'I have copied it' }).click();
  // The row of the new user is there before the dialogue has gone.
  await page.locator('.told').waitFor({ state: 'detached' });
  await page.locator('[data-user="ada"]').filter({ hasText: 'cold-*' }).waitFor();
  expect(await page.content()).not.toContain(password);

  await page.getByLabel('Account of admin').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(page, password, 'ada');
  await page.getByText('Only administrators can see this page.').waitFor();
  expect(await page.getByRole('link', { name: 'People' }).count()).toBe(0);
  await page.getByRole('link', { name: 'Devices', exact: true }).click();
  await page.locator('[data-device="cold-1"]').waitFor();
  expect(await page.locator('[data-device]').count()).toBe(1);
  expect(faults).toEqual([]);
}, 60_000);

test('[LIV-6] behind a proxy that lets no WebSocket through the page is live over an event stream, says so, and goes back', async () => {
  const gateway = await gatewayProgram(newFolder());
  const network = await BadNetwork.open(() => gateway.httpPort);
  network.blocksUpgrades = true;
  const device = await connectDevice(gateway.mqttPort, await gateway.rest.device('d1'));
  const page = await (await openBrowser()).newPage();
  const faults = faultsOf(page);
  await page.goto(`http://127.0.0.1:${network.port}/devices/d1`);
  await signIn(page, adminPassword);

  const badge = page.locator('[data-connection="live"]').first();
  await badge.filter({ hasText: 'SSE' }).waitFor();
  await device.publishAsync('devices/d1/telemetry', '{"temperature":20.5}', { qos: 1 });
  await value(page, 'temperature', '20.5');
  await commandAnswered(page);

  network.blocksUpgrades = false;
  await badge.filter({ hasNotText: 'SSE' }).waitFor();
  await device.publishAsync('devices/d1/telemetry', '{"temperature":21.5}', { qos: 1 });
  await value(page, 'temperature', '21.5');
  expect(faults).toEqual([]);
}, 60_000);

test('[ACC-10] over HTTPS the page is live over WSS under its strict policy, and its cookie stays on HTTPS', async () => {
  const gateway = await gatewayHere(new CertificateFolder().httpFlags());
  const device = await connectDevice(gateway.mqttPort, await gateway.rest.device('d1'));
  const context = await openBrowser();
  const page = await context.newPage();
  const faults = faultsOf(page);
  await page.goto(`${gateway.http}/devices/d1`);
  await signIn(page, adminPassword);
  await page.locator('[data-connection="live"]').first().filter({ hasNotText: 'SSE' }).waitFor();
  await device.publishAsync('devices/d1/telemetry', '{"temperature":20.5}', { qos: 1 });
  await value(page, 'temperature', '20.5');
  expect(await context.cookies()).toMatchObject([{ secure: true, httpOnly: true, sameSite: 'Strict' }]);
  expect(faults).toEqual([]);
}, 60_000);
