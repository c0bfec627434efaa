// The dashboard on a phone: on no page is anything wider than the screen, and commands are not behind all charts.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { CommandGroup } from '../src/contract/index.ts';
import { openBrowser } from './instruments/browser.ts';
import { adminPassword, gatewayHere, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { newUser } from './instruments/people.ts';

const width = 390;
// Nothing in it says where a line may end.
const long = 'aNameAsLongAsThoseOfThingsInRealPlantsSometimesAre0123456789abcd';

/** Something long in every list. Resolves with a group. */
async function fill(gateway: TestGateway): Promise<CommandGroup> {
  const { rest } = gateway;
  const wire = await Wire.connect(gateway.mqttPort, { user: long, secret: await rest.device(long), id: long });
  await wire.publish(`devices/${long}/telemetry`, JSON.stringify({ [long]: 1234567.891, t: 21, state: long }));
  await wire.publish(`devices/${long}/telemetry`, 'no JSON');
  await wire.publish(`devices/${long}/attributes`, JSON.stringify({ model: long, [long]: long }));
  const params = { type: 'object', properties: { [long]: { type: 'number', unit: 'm³/h' } } };
  const made = await rest.fetch(`/command-types/${long}`, {
    method: 'PUT',
    body: JSON.stringify({ name: long, title: long, devices: [long], models: [long], danger: 'danger', params }),
  });
  expect(made.status).toBe(200);
  await rest.post(`/devices/${long}/commands`, { name: 'set', params: { [long]: { nested: long } }, reason: long });
  await newUser(gateway, long, 'operator', { devices: [long], tags: [long.slice(0, 32)] });
  await rest.post('/enrolment-keys', { name: long, devices: [long], usesMax: 1, expiresAt: Date.now() + 1e7 });
  await rest.post('/credentials', { name: `gateway-${long}`, devices: [long] });
  return rest.post<CommandGroup>('/command-groups', { devices: [long], name: 'open', params: { [long]: long } });
}

/** The widest things that reach beyond the screen; nothing where the page does not scroll sideways. */
function widerThanScreen(page: Page): Promise<string[]> {
  return page.evaluate(`document.documentElement.scrollWidth <= ${width} ? [] : [...document.querySelectorAll('body *')]
    .filter(each => each.getBoundingClientRect().right > ${width} + 0.5)
    .map(each => each.tagName + '.' + each.className).slice(-5)`);
}

test('no page is wider than a phone, the navigation of an administrator leads to all, and commands come before charts', async () => {
  const gateway = await gatewayHere();
  const group = await fill(gateway);
  const page = await (await openBrowser({ width, height: 844 })).newPage();
  await page.goto(gateway.http);
  await page.fill('input[name=name]', 'admin');
  await page.fill('input[name=password]', adminPassword);
  await page.click('button[type=submit]');
  const more = page.getByRole('button', { name: 'More' });
  await more.click();
  await page.getByRole('link', { name: 'Refused messages' }).click();
  await page.getByRole('heading', { name: 'Refused messages' }).waitFor();
  // It has closed, so that what it led to is in sight.
  await page.getByRole('link', { name: 'People' }).waitFor({ state: 'hidden' });

  const paths: Record<string, string> = {
    '/': `[data-device="${long}"]`,
    [`/devices/${long}`]: `[data-chart="${long}"]`,
    '/groups': `[data-group="${group.id}"]`,
    [`/groups/${group.id}`]: '[data-outcome]',
    '/command-types': `[data-command-type="${long}"]`,
    [`/command-types/${long}`]: '[data-total="1"]',
    '/new-command-type': '.type-preview button',
    '/storage': 'main h2',
    '/audit': '[data-audit]',
    '/dead-letters': '.letter',
    '/device-access': '[data-key]',
    '/people': '[data-user="admin"]',
    '/account': 'main h2',
    '/nowhere': 'main h1',
  };
  const wide: Record<string, string[]> = {};
  for (const [path, sign] of Object.entries(paths)) {
    await page.goto(`${gateway.http}${path}`);
    await page.locator(sign).first().waitFor();
    const found = await widerThanScreen(page);
    if (found.length > 0) wide[path] = found;
  }
  expect(wide).toEqual({});
  for (const between of [320, 640, 801, 1279, 1280]) {
    await page.setViewportSize({ width: between, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(between);
  }
  await page.setViewportSize({ width, height: 844 });

  await page.goto(`${gateway.http}/devices/${long}`);
  await page.locator(`[data-chart="${long}"]`).waitFor();
  const top = (selector: string) => page.locator(selector).evaluate(each => each.getBoundingClientRect().top);
  expect(await top('#commands')).toBeLessThan(await top('#history'));
  await page.setViewportSize({ width: 1280, height: 800 });
  // Where there is room they stand beside each other.
  expect(await top('#commands')).toBe(await top('#history'));
}, 180_000);
