// The form of a command type in a real browser: made from its schema, told what is wrong at the field, and asked about
// twice where it is dangerous.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Command, CommandPage } from '../src/contract/index.ts';
import { openBrowser } from './instruments/browser.ts';
import { adminPassword, gatewayHere, type TestGateway } from './instruments/gateway.ts';

const speed = {
  name: 'setSpeed',
  title: 'Set the speed',
  params: {
    type: 'object',
    properties: {
      rpm: { type: 'integer', title: 'Speed', unit: 'rpm', minimum: 0, maximum: 3000, multipleOf: 10 },
      mode: { type: 'string', title: 'Mode', enum: ['auto', 'hand'], default: 'auto' },
      ramp: { type: 'boolean', title: 'Ramp up slowly', default: true },
      note: { type: 'string', title: 'Note', pattern: '^[a-z ]*$' },
    },
    required: ['rpm'],
  },
  danger: 'caution',
  expect: [{ metric: 'rpm', equals: { param: 'rpm' } }],
};
const purge = { name: 'purge', title: 'Purge', danger: 'danger', params: { type: 'object', properties: {} } };

async function openForm(set: string[]): Promise<{ gateway: TestGateway; page: Page; faults: string[] }> {
  const gateway = await gatewayHere(set);
  await gateway.rest.device('pump-1');
  for (const [id, type] of Object.entries({ a: speed, b: purge })) {
    await gateway.rest.fetch(`/command-types/${id}`, { method: 'PUT', body: JSON.stringify(type) });
  }
  const page = await (await openBrowser()).newPage();
  const faults: string[] = [];
  page.on('pageerror', error => faults.push(error.message));
  await page.goto(`${gateway.http}/devices/pump-1`);
  await page.fill('input[name=name]', 'admin');
  await page.fill('input[name=password]', adminPassword);
  await page.click('button[type=submit]');
  await page.locator('.command-form').waitFor();
  return { gateway, page, faults };
}

const newest = async ({ rest }: TestGateway): Promise<Command | undefined> =>
  (await rest.get<CommandPage>('/commands')).items[0];

test('[CMD-8] the form of a type has a field for each parameter, says what shows the effect, and what was wrong', async () => {
  const { gateway, page, faults } = await openForm([]);
  const form = page.locator('.command-form');
  const send = form.getByRole('button', { name: 'Send command' });
  const rpm = form.getByRole('spinbutton', { name: 'Speed' });
  await form.getByText('0 to 3,000 rpm, in steps of 10').waitFor();
  await rpm.fill('15');
  expect(await send.isDisabled()).toBe(true);
  await rpm.fill('1500');
  await form.getByText('Done when the device reports rpm = 1,500 within 10 s.').waitFor();
  await form.getByText('This command asks for caution').waitFor();
  await form.getByLabel('Note').fill('LOUD');
  await send.click();
  await page.locator('[data-param="note"]').getByText('Expected text that fits').waitFor();
  expect(await newest(gateway)).toBe(undefined);

  await form.getByLabel('Note').fill('');
  await form.getByLabel('Mode').selectOption('hand');
  await form.getByLabel('Ramp up slowly').uncheck();
  await send.click();
  await page.locator('[data-command][data-state="queued"]').waitFor();
  expect(await newest(gateway)).toMatchObject({ type: 'a', params: { rpm: 1500, mode: 'hand', ramp: false } });

  await page.locator('[data-type=""]').click();
  await form.getByLabel('Command', { exact: true }).fill('anything');
  await form.getByRole('button', { name: 'Send command' }).click();
  await page.locator('[data-command]').nth(1).waitFor();
  expect(await newest(gateway)).toMatchObject({ type: null, name: 'anything' });
  expect(faults).toEqual([]);
}, 120_000);

test('[CMD-8] a dangerous command is sent once the id and a reason were typed; without a type nothing is, where that is refused', async () => {
  const { gateway, page, faults } = await openForm(['commands.untyped=refuse']);
  expect(await page.locator('[data-type=""]').count()).toBe(0);
  await page.locator('[data-type="b"]').click();
  await page.getByRole('button', { name: 'Send…' }).click();
  const dialog = page.getByRole('dialog');
  const send = dialog.getByRole('button', { name: 'Send command' });
  await dialog.getByLabel('To send it to pump-1').fill('pump-2');
  await dialog.getByLabel('Reason').fill('maintenance');
  expect(await send.isDisabled()).toBe(true);
  await dialog.getByLabel('To send it to pump-1').fill('pump-1');
  await send.click();
  await page.locator('[data-command][data-state="queued"]').waitFor();
  await dialog.waitFor({ state: 'detached' });
  expect(await newest(gateway)).toMatchObject({ type: 'b', reason: 'maintenance' });
  expect(faults).toEqual([]);
}, 120_000);
