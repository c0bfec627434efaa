// The page of command types in a real browser: an administrator makes one, and an operator gets its form.
import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { CommandPage, CommandType } from '../src/contract/index.ts';
import { openBrowser } from './instruments/browser.ts';
import { adminPassword, gatewayHere, type TestGateway } from './instruments/gateway.ts';
import { newUser, userPassword } from './instruments/people.ts';

async function openPage(gateway: TestGateway, path: string, name = 'admin', password = adminPassword) {
  const page = await (await openBrowser()).newPage();
  const faults: string[] = [];
  page.on('pageerror', error => faults.push(error.message));
  await page.goto(`${gateway.http}${path}`);
  await signIn(page, name, password);
  return { page, faults };
}

async function signIn(page: Page, name = 'admin', password = adminPassword): Promise<void> {
  // The page that signs in, not the form that it takes the place of.
  await page.fill('input[name=password]', password);
  await page.fill('input[name=name]', name);
  await page.click('button[type=submit]');
}

const put = ({ rest }: TestGateway, id: string, type: object) =>
  rest.fetch(`/command-types/${id}`, { method: 'PUT', body: JSON.stringify(type) });
const partOf = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });

/** Fills in a type with one number, whose greatest value is less than its least. */
async function fillIn(page: Page): Promise<void> {
  const what = partOf(page, 'What it is');
  await what.getByLabel('Id').fill('pump-speed');
  await what.getByLabel('Command').fill('setSpeed');
  await what.getByLabel('Title').fill('Set the speed');
  await partOf(page, 'Which devices').getByRole('button', { name: 'Only some' }).click();
  await partOf(page, 'Which devices').getByLabel('Ids').fill('pump-*');
  await page.locator('[data-total="2"]').getByText('Fits 2 devices here: pump-1, pump-2.').waitFor();
  const params = partOf(page, 'Parameters');
  await params.getByRole('button', { name: 'Add a parameter' }).click();
  await params.getByLabel('Name').fill('rpm');
  await params.getByLabel('Title').fill('Speed');
  await params.getByLabel('Unit').fill('rpm');
  await params.getByLabel('Least').fill('300');
  await params.getByLabel('Most').fill('30');
}

test('[CMD-8] an administrator makes a type out of fields, is told what is wrong at its field, and an operator gets the form', async () => {
  const gateway = await gatewayHere();
  for (const id of ['pump-1', 'pump-2', 'fan-1']) await gateway.rest.device(id);
  await newUser(gateway, 'oda', 'operator');
  await put(gateway, 'fan-speed', { name: 'setSpeed', devices: ['fan-*'] });
  const { page, faults } = await openPage(gateway, '/command-types');
  await page.getByRole('link', { name: 'New command type' }).click();
  await fillIn(page);
  await page.getByText('fan-speed is for setSpeed, too. Where both fit a device, fan-speed counts.').waitFor();
  // What an operator gets follows what is typed, even before it can be saved.
  const preview = page.getByRole('complementary', { name: 'What an operator gets' });
  await preview.getByLabel('Speed').waitFor();

  await page.getByRole('button', { name: 'Make the type' }).click();
  const params = partOf(page, 'Parameters');
  const most = params.getByLabel('Most');
  await params.getByText('Expected at least minimum, got 30.').waitFor();
  expect(await most.getAttribute('aria-invalid')).toBe('true');
  await most.fill('3000');
  await partOf(page, 'How it is sent').getByLabel('After (seconds)').fill('0.001');
  await params.getByText('Expected at least minimum').waitFor({ state: 'detached' });
  await partOf(page, 'What shows that it was done').getByRole('button', { name: 'Add an expectation' }).click();
  const expectation = page.locator('[data-expect="0"]');
  await expectation.getByLabel('Metric').fill('speed');
  await expectation.getByLabel('Value is').selectOption('rpm');
  await page.getByRole('button', { name: 'Make the type' }).click();
  const sending = partOf(page, 'How it is sent');
  await sending.getByText('In milliseconds: expected at least 500, got 1.').waitFor();
  await sending.getByLabel('After (seconds)').fill('0.5');
  await preview.getByText('300 to 3,000 rpm').waitFor();
  await preview.getByText('Done when the device reports speed = Speed within 10 s.').waitFor();
  await page.getByRole('button', { name: 'Make the type' }).click();
  await page.locator('[data-command-type="pump-speed"]').filter({ hasText: 'pump-*' }).waitFor();
  expect(await gateway.rest.get<CommandType>('/command-types/pump-speed')).toMatchObject({
    params: {
      properties: { rpm: { type: 'number', title: 'Speed', unit: 'rpm', minimum: 300, maximum: 3000 } },
      required: ['rpm'],
      additionalProperties: false,
    },
    expect: [{ metric: 'speed', equals: { param: 'rpm' }, withinMs: 10_000 }],
  });

  const operator = await openPage(gateway, '/devices/pump-1', 'oda', userPassword);
  const form = operator.page.locator('.command-form');
  const send = form.getByRole('button', { name: 'Send command' });
  await form.getByRole('spinbutton', { name: 'Speed' }).fill('10');
  await form.locator('[data-param="rpm"] .hint.bad').getByText('300 to 3,000 rpm').waitFor();
  expect(await send.isDisabled()).toBe(true);
  await form.getByRole('spinbutton', { name: 'Speed' }).fill('1500');
  await send.click();
  await operator.page.locator('[data-command][data-state="queued"]').waitFor();
  const [sent] = (await gateway.rest.get<CommandPage>('/commands')).items;
  expect(sent).toMatchObject({ type: 'pump-speed', params: { rpm: 1500 }, by: 'oda' });
  await operator.page.goto(`${gateway.http}/command-types`);
  await operator.page.locator('[data-command-type="pump-speed"]').getByRole('link').click();
  await operator.page.locator('[data-read-only]').waitFor();
  expect(await operator.page.getByRole('button', { name: 'Delete' }).count()).toBe(0);
  expect([...faults, ...operator.faults]).toEqual([]);
}, 120_000);

test('[CMD-8] a type that fields cannot show is kept as it is written, what somebody else did is not overwritten, and deleting asks', async () => {
  const gateway = await gatewayHere();
  const note = { type: 'string', pattern: '^[a-z ]*$' };
  const type = { name: 'note', params: { type: 'object', properties: { note } } };
  await put(gateway, 'note', type);
  const { page, faults } = await openPage(gateway, '/command-types/note');
  const params = partOf(page, 'Parameters');
  const schema = params.getByLabel('JSON Schema', { exact: true });
  await schema.waitFor();
  expect(JSON.parse(await schema.inputValue())).toEqual(type.params);
  expect(await params.getByRole('button', { name: 'Fields' }).isDisabled()).toBe(true);
  await schema.fill('{"type":"object","properties":{"note":{"type":"string","minimum":1}}}');
  await page.getByRole('button', { name: 'Save' }).click();
  await params.getByText('params.properties.note.minimum: expected only with type').waitFor();
  await schema.fill('{"type":"object","properties":{"note":{"type":"string"}}}');
  expect(await params.getByRole('button', { name: 'Fields' }).isDisabled()).toBe(false);

  await put(gateway, 'note', { ...type, danger: 'danger' });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').getByText('Somebody else has changed').waitFor();
  expect(await gateway.rest.get('/command-types/note')).toMatchObject({ ...type, danger: 'danger' });

  await page.goto(`${gateway.http}/new-command-type`);
  await partOf(page, 'What it is').getByLabel('Id').fill('note');
  await page.getByRole('button', { name: 'Make the type' }).click();
  await partOf(page, 'What it is').getByText('This is needed.').waitFor();
  await partOf(page, 'What it is').getByLabel('Command').fill('note');
  await page.getByRole('button', { name: 'Make the type' }).click();
  await page.getByRole('alert').getByText('There is a command type note already.').waitFor();

  // A session that ends takes nothing of what was typed with it.
  await page.goto(`${gateway.http}/command-types/note`);
  await partOf(page, 'What it is').getByLabel('Title').fill('A note');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Save' }).click();
  await signIn(page);
  await page.getByText('This is what you had typed').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('[data-command-type="note"]').filter({ hasText: 'A note' }).waitFor();

  await page.goto(`${gateway.http}/command-types/note`);
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('There are no command types.').waitFor();
  expect((await gateway.rest.fetch('/command-types/note')).status).toBe(404);
  expect(faults).toEqual([]);
}, 120_000);
