// Asking many devices at once as an operator does it: how many they are is seen and typed, what becomes of them comes
// to the page by itself, and it can be stopped.
import { expect, test } from 'vitest';
import type { GroupPage } from '../src/contract/index.ts';
import { openBrowser } from './instruments/browser.ts';
import { adminPassword, gatewayHere, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';

async function openForm(gateway: TestGateway) {
  const page = await (await openBrowser()).newPage();
  const faults: string[] = [];
  page.on('pageerror', error => faults.push(error.message));
  await page.goto(`${gateway.http}/groups`);
  await page.fill('input[name=name]', 'admin');
  await page.fill('input[name=password]', adminPassword);
  await page.click('button[type=submit]');
  await page.getByRole('button', { name: 'New group' }).click();
  return { page, form: page.locator('form.group-form'), faults };
}

test('[CMD-10] a group is made in the page, counts what becomes of it, says what did not work, and is stopped', async () => {
  const gateway = await gatewayHere();
  const wires: Wire[] = [];
  for (const id of ['pump-1', 'pump-2', 'pump-3', 'fan-1']) {
    const wire = await Wire.connect(gateway.mqttPort, { user: id, secret: await gateway.rest.device(id), id });
    await wire.subscribe(`devices/${id}/commands/+`);
    wires.push(wire);
  }
  const { page, form, faults } = await openForm(gateway);
  await form.locator('textarea').first().fill('pump-*');
  await form.locator('[data-total="3"]').waitFor();
  await form.locator('input[name=command]').fill('open');
  await form.locator('input[type=number]').first().fill('2');
  const submit = form.locator('button[type=submit]');
  expect(await submit.isDisabled()).toBe(true);
  await form.locator('input[name=confirm]').fill('3');
  await submit.click();

  await page.locator('[data-outcome="sent"][data-count="2"]').waitFor();
  await page.locator('[data-outcome="pending"][data-count="1"]').waitFor();
  const [first, second] = wires;
  const { topic } = (await first?.message()) ?? { topic: '' };
  await first?.publish(`${topic}/result`, '{"ok":false,"error":"the valve is stuck"}');
  await page.locator('[data-failed="pump-1"]').filter({ hasText: 'the valve is stuck' }).waitFor();
  await page.locator('[data-outcome="rejected"][data-count="1"]').waitFor();

  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('dialog[open] button[type=submit]').click();
  await page.locator('[data-state="stopped"]').waitFor();
  // What was sent runs on and is still counted.
  const sent = (await second?.message()) ?? { topic: '' };
  await second?.publish(`${sent.topic}/result`, '{"ok":true}');
  await page.locator('[data-outcome="acknowledged"][data-count="1"]').waitFor();
  expect(faults).toEqual([]);
}, 90_000);

test('[CMD-10] the form of a group has the fields of a type that its devices share, and no other type', async () => {
  const gateway = await gatewayHere();
  for (const id of ['pump-1', 'pump-2']) await gateway.rest.device(id);
  const rpm = { type: 'integer', title: 'Speed', minimum: 0, maximum: 3000 };
  const speed = { name: 'setSpeed', params: { type: 'object', properties: { rpm }, required: ['rpm'] } };
  const put = (id: string, type: object) =>
    gateway.rest.fetch(`/command-types/${id}`, { method: 'PUT', body: JSON.stringify(type) });
  await put('speed', { ...speed, danger: 'danger', devices: ['pump-*'] });
  await put('purge', { name: 'purge', devices: ['pump-2'] });
  const { page, form, faults } = await openForm(gateway);
  await form.locator('textarea').first().fill('pump-*');
  await form.locator('[data-type="speed"]').waitFor();
  expect(await form.locator('[data-type="purge"]').count()).toBe(0);
  await form.getByRole('spinbutton', { name: 'Speed' }).fill('1500');
  await form.locator('input[name=confirm]').fill('2');
  expect(await form.locator('button[type=submit]').isDisabled()).toBe(true);
  await form.getByLabel('Reason').fill('summer');
  await form.locator('button[type=submit]').click();
  await page.locator('[data-outcome]').first().waitFor();
  const [group] = (await gateway.rest.get<GroupPage>('/command-groups')).items;
  expect(group).toMatchObject({ name: 'setSpeed', params: { rpm: 1500 }, reason: 'summer', total: 2 });
  expect(faults).toEqual([]);
}, 90_000);
