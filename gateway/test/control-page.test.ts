// Two people in front of one device, each with a browser of their own.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openBrowser } from './instruments/browser.ts';
import { gatewayHere, type TestGateway } from './instruments/gateway.ts';
import { newUser } from './instruments/people.ts';

/** A page of somebody who is signed in, on the device. */
async function pageOf(gateway: TestGateway, name: string): Promise<Page> {
  const { rest } = await newUser(gateway, name, 'operator');
  const context = await openBrowser();
  await context.addCookies([{ name: 'telltale_session', value: rest.token, url: gateway.http }]);
  const page = await context.newPage();
  await page.goto(`${gateway.http}/devices/d1`);
  await page.locator('[data-connection="live"]').first().waitFor();
  return page;
}

const says = (page: Page, selector: string, words: string) =>
  page.locator(selector).filter({ hasText: words }).first().waitFor();
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const sendButton = (page: Page) => page.locator('form.command-form button[type=submit]');

test('[CMD-11] two people see each other on the page of a device; one takes it, the other can send nothing and takes over', async () => {
  const gateway = await gatewayHere();
  await gateway.rest.device('d1');
  const anna = await pageOf(gateway, 'anna');
  const ben = await pageOf(gateway, 'ben');
  await says(anna, '[data-watching]', 'Also here: ben');
  await says(ben, '[data-watching]', 'Also here: anna');

  await press(anna, 'Take control');
  await anna.getByRole('dialog').getByLabel('Reason').fill('adjusting valves');
  await anna.getByRole('dialog').getByRole('button', { name: 'Take control' }).click();
  await says(anna, '[data-lease="anna"]', 'You control this device');
  await says(ben, '[data-lease="anna"]', 'adjusting valves');
  await says(ben, '.control-gate .notice', 'anna controls this device');
  expect(await ben.locator('form.command-form input').first().isDisabled()).toBe(true);
  expect(await ben.getByRole('button', { name: 'Ask for…' }).isDisabled()).toBe(true);
  expect(await anna.getByRole('button', { name: 'Ask for…' }).isDisabled()).toBe(false);
  const form = anna.locator('form.command-form');
  await form.locator('input').first().fill('open');
  await sendButton(anna).click();
  await says(ben, '[data-last-change]', 'anna');
  await says(ben, '[data-last-change]', 'open');

  await press(ben, 'Take over');
  const dialog = ben.getByRole('dialog');
  expect(await dialog.getByRole('button', { name: 'Take over' }).isDisabled()).toBe(true);
  await dialog.getByLabel('Reason').fill('leak in the cellar');
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await says(ben, '[data-lease="ben"]', 'You control this device');
  await says(anna, '[data-lease="ben"]', 'ben took over from you');
  await says(anna, '[data-lease="ben"]', 'leak in the cellar');
  expect(await sendButton(anna).isDisabled()).toBe(true);

  await press(ben, 'Give back');
  await anna.getByRole('button', { name: 'Take control' }).waitFor();
  await ben.close();
  await anna.locator('[data-watching]').waitFor({ state: 'detached' });
}, 90_000);
