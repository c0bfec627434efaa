import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSecrets } from './state-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'telltale-state-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('secrets are there after the next start, for their owner alone', async () => {
  const path = join(folder, 'new', 'state.json');
  const secrets = await openSecrets(path);
  expect(secrets.get('a')).toBeUndefined();
  secrets.set('a', 'one');
  secrets.set('b', 'two');
  await Promise.all([secrets.save(), secrets.save()]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, 'new'))).toEqual(['state.json']);
  const again = await openSecrets(path);
  expect([again.get('a'), again.get('b')]).toEqual(['one', 'two']);
});

test('a file that was readable for everybody is replaced by one that is not', async () => {
  const path = join(folder, 'open.json');
  await writeFile(path, '{"a":"old"}', { mode: 0o644 });
  const secrets = await openSecrets(path);
  secrets.set('a', 'new');
  await secrets.save();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ a: 'new' });
});

test.each(['', '[1]', '{"a":1}', '{"a":'])('a file with %j in it is refused, and left as it is', async text => {
  const path = join(folder, 'bad.json');
  await writeFile(path, text);
  await expect(openSecrets(path)).rejects.toMatchObject({
    status: 78,
    message: expect.stringContaining('expected a JSON object of device id to secret'),
  });
  expect(await readFile(path, 'utf8')).toBe(text);
});

test('a place that cannot be written is said', async () => {
  const secrets = await openSecrets(join(folder, 'open.json', 'below-a-file.json')).catch(error => error);
  expect(secrets).toMatchObject({ status: 78, message: expect.stringContaining('cannot be read') });
});

test('without a path secrets live in memory', async () => {
  const secrets = await openSecrets(undefined);
  secrets.set('a', 'one');
  await secrets.save();
  expect(secrets.get('a')).toBe('one');
});
