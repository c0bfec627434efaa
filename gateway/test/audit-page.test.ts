// The page of the audit trail as its user sees it: filters, older lines, and the filter as a file.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openBrowser } from './instruments/browser.ts';
import { adminPassword, gatewayHere } from './instruments/gateway.ts';
import { newUser } from './instruments/people.ts';

test('[CMD-12] the page shows who did what and why, by filters, older lines on request, and hands out the filter as a file', async () => {
  const gateway = await gatewayHere();
  const { rest: anna } = await newUser(gateway, 'anna', 'operator');
  await gateway.rest.device('cold-room-1');
  const request = { name: 'setTarget', params: { value: 21 }, reason: 'too warm', ttlMs: 600_000 };
  for (let i = 0; i < 99; i++) await gateway.rest.post('/devices/cold-room-1/commands', { name: `n${i}` });
  await anna.post('/devices/cold-room-1/commands', request);

  const page = await (await openBrowser()).newPage();
  await page.goto(`${gateway.http}/audit`);
  await page.fill('input[name=name]', 'admin');
  await page.fill('input[name=password]', adminPassword);
  await page.click('button[type=submit]');
  const line = page.locator('[data-audit]');
  const annas = line.filter({ hasText: 'asked cold-room-1 for setTarget {"value":21}' });
  await annas.filter({ hasText: 'too warm' }).filter({ hasText: '127.0.0.1' }).waitFor();
  expect(await line.count()).toBe(100);
  await page.getByRole('button', { name: 'Older' }).click();
  await line.filter({ hasText: 'added the user anna' }).waitFor();

  await page.fill('.audit-filter input[name=by]', 'anna');
  await page.getByRole('button', { name: 'Show' }).click();
  await line.filter({ hasText: 'n98' }).first().waitFor({ state: 'detached' });
  await annas.waitFor();
  expect(await line.count()).toBe(1);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Download CSV').click()]);
  expect(download.suggestedFilename()).toBe('audit.csv');
  const [, ...rows] = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\r\n');
  expect(rows).toHaveLength(1);
  expect(rows[0]).toContain('"anna","127.0.0.1","too warm"');

  await page.fill('.audit-filter input[name=from]', '2030-01-02T00:00');
  await page.fill('.audit-filter input[name=to]', '2030-01-01T00:00');
  await page.getByText('This is before From').waitFor();
}, 120_000);
