// The page of a device's state as operators use it: two of them, and a device that follows or does not.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { DeviceState } from '../src/contract/index.ts';
import { openBrowser } from './instruments/browser.ts';
import { adminPassword, gatewayHere } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';

const field = (page: Page, name: string) => page.locator(`[data-field="${name}"]`);

test('[CMD-9] an operator asks for a value, sees what the device says, and hears of who changed it meanwhile', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.subscribe('devices/d1/desired');
  await wire.publish('devices/d1/attributes', '{"target":19,"firmware":"1.4.2"}', 1);
  const setElsewhere = async (target: number) => {
    const body = JSON.stringify({ fields: { target }, reason: 'night' });
    await rest.fetch('/devices/d1/state/desired', { method: 'PATCH', body, headers: { 'If-Match': '*' } });
  };

  const page = await (await openBrowser()).newPage();
  const faults: string[] = [];
  page.on('pageerror', error => faults.push(error.message));
  await page.goto(`${http}/devices/d1`);
  await page.fill('input[name=name]', 'admin');
  await page.fill('input[name=password]', adminPassword);
  await page.click('button[type=submit]');

  await page.getByRole('button', { name: 'Ask for…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Field').fill('target');
  await dialog.getByLabel('Value').fill('21');
  await dialog.getByLabel('Reason').fill('it is cold');
  await dialog.getByRole('button', { name: 'Ask for it' }).click();
  expect(JSON.parse((await wire.message()).payload)).toEqual({ version: 1, fields: { target: 21 } });
  await field(page, 'target').getByText('Asked for 21, device says 19').waitFor();
  await wire.publish('devices/d1/attributes', '{"target":21}', 2);
  await field(page, 'target').getByText('As asked').waitFor();

  // Somebody else is quicker while the form is open.
  await page.getByRole('button', { name: 'Change target' }).click();
  await setElsewhere(17);
  await field(page, 'target').getByText('Asked for 17, device says 21').waitFor();
  await dialog.getByLabel('Value').fill('22');
  await dialog.getByRole('button', { name: 'Ask for it' }).click();
  await dialog.getByText('target is 17 now, it was 21').waitFor();
  // Nothing was done before that was seen.
  expect((await rest.get<DeviceState>('/devices/d1/state')).version).toBe(2);
  await dialog.getByRole('button', { name: 'Do it all the same' }).click();
  await field(page, 'target').getByText('Asked for 22, device says 21').waitFor();

  await page.getByText('History of the state').click();
  await page.locator('[data-side="desired"]').filter({ hasText: 'by admin, version 1: it is cold' }).waitFor();
  await page.getByRole('button', { name: 'Take back target' }).click();
  await dialog.getByRole('button', { name: 'Take back' }).click();
  await page.getByText('Nothing is asked of this device.').waitFor();
  await page.locator('[data-side="desired"]').filter({ hasText: 'target taken back' }).waitFor();
  expect(faults).toEqual([]);
}, 120_000);
