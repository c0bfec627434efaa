// What became of a command as people see it on the device's page: what is proved and what is not, live, and the second
// person who agrees.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Command } from '../src/contract/index.ts';
import { openBrowser } from './instruments/browser.ts';
import { gatewayHere, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { newUser } from './instruments/people.ts';

/** A page of an operator who is signed in, on the device. */
async function pageOf(gateway: TestGateway, name: string): Promise<{ page: Page; rest: TestGateway['rest'] }> {
  const { rest } = await newUser(gateway, name, 'operator');
  const context = await openBrowser();
  await context.addCookies([{ name: 'telltale_session', value: rest.token, url: gateway.http }]);
  const page = await context.newPage();
  await page.goto(`${gateway.http}/devices/d1`);
  await page.locator('[data-connection="live"]').first().waitFor();
  return { page, rest };
}

async function deviceOf(gateway: TestGateway): Promise<Wire> {
  const secret = await gateway.rest.device('d1');
  const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret, id: 'd1' });
  await wire.subscribe('devices/d1/commands/+');
  return wire;
}

const item = (page: Page, { id }: Command) => page.locator(`[data-command="${id}"]`);
const answer = async (wire: Wire) => wire.publish(`${(await wire.message()).topic}/result`, '{"ok":true}', 1);

test('[CMD-6] the page says what would prove a command, then the reading that did, or the one that says otherwise', async () => {
  const gateway = await gatewayHere();
  const wire = await deviceOf(gateway);
  const { page, rest } = await pageOf(gateway, 'anna');
  const ask = (value: number, withinMs: number) =>
    rest.post<Command>('/devices/d1/commands', {
      name: 'setTarget',
      params: { value },
      expect: [{ metric: 'target', equals: value, withinMs }],
    });

  const honest = item(page, await ask(21, 60_000));
  await honest.getByText('Done when the device reports target = 21 within 60 s.').waitFor();
  await answer(wire);
  await honest.getByText('Its readings have yet to show it').waitFor();
  expect(await honest.getAttribute('class')).not.toContain('is-done');
  await wire.publish('devices/d1/telemetry', '{"target":21}', 1);
  await page.locator('.command.is-done [data-proof="met"]').waitFor();
  expect(await honest.locator('[data-proof]').innerText()).toMatch(/target = 21:\s+the device reported 21 at \d/);

  const lied = item(page, await ask(25, 1_000));
  await lied.waitFor();
  await answer(wire);
  await wire.publish('devices/d1/telemetry', '{"target":19}', 1);
  await page.locator('.command.is-wrong [data-proof="unmet"]').waitFor();
  expect(await lied.locator('[data-proof]').innerText()).toMatch(/target = 25:\s+the device reported 19 at \d/);

  // Nothing was expected: what the device says is all there is.
  const claimed = item(page, await rest.post<Command>('/devices/d1/commands', { name: 'beep' }));
  await claimed.getByText('Nothing will prove that it was done').waitFor();
  await answer(wire);
  await claimed.getByText('Not proved.').waitFor();
  expect(await page.locator('.command.is-done').count()).toBe(1);
}, 90_000);

test('[CMD-7] who asked for a command that needs a second person cannot approve it in the page; another operator can', async () => {
  const gateway = await gatewayHere();
  const wire = await deviceOf(gateway);
  const type = { name: 'reset', secondPerson: true, ttlMs: 600_000 };
  await gateway.rest.fetch('/command-types/reset', { method: 'PUT', body: JSON.stringify(type) });
  const anna = await pageOf(gateway, 'anna');
  const ben = await pageOf(gateway, 'ben');
  const asked = await anna.rest.post<Command>('/devices/d1/commands', { name: 'reset', reason: 'new sensor' });

  await item(anna.page, asked).getByText('another operator has to approve it').waitFor();
  expect(await anna.page.getByRole('button', { name: 'Approve…' }).count()).toBe(0);
  await item(ben.page, asked).getByText('Waits for another person').waitFor();
  await item(ben.page, asked).getByRole('button', { name: 'Approve…' }).click();
  const dialog = ben.page.getByRole('dialog');
  await dialog.getByText('anna asked for reset (new sensor). It goes to d1').waitFor();
  await dialog.getByRole('button', { name: 'Approve and send' }).click();

  expect(JSON.parse((await wire.message()).payload)).toMatchObject({ name: 'reset' });
  for (const { page } of [anna, ben]) {
    await item(page, asked).locator('[data-approved-by="ben"]').waitFor();
    await page.locator('[data-command][data-state="sent"] [data-attempts="1"]').waitFor();
  }
}, 90_000);

test('commands that wait are all in sight where many do, and withdrawing one by the keyboard stays at it', async () => {
  const gateway = await gatewayHere();
  await gateway.rest.device('d1');
  const ask = () => gateway.rest.post<Command>('/devices/d1/commands', { name: 'beep', ttlMs: 600_000 });
  const first = await ask();
  for (let i = 0; i < 31; i++) await ask();
  const { page } = await pageOf(gateway, 'anna');
  await page.locator('[data-command]').nth(29).waitFor();
  expect(await page.locator('[data-command]').count()).toBe(30);
  await page.getByRole('button', { name: 'Older commands' }).click();
  await item(page, first).waitFor();
  expect(await page.locator('[data-command]').count()).toBe(32);
  expect(await page.getByRole('button', { name: 'Older commands' }).count()).toBe(0);
  await item(page, first).getByRole('button', { name: 'Withdraw' }).press('Enter');
  await item(page, first).and(page.locator('[data-state="cancelled"]')).waitFor();
  await page.waitForFunction('document.activeElement?.matches("[data-state=cancelled] summary")');
}, 60_000);
