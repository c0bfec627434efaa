// What is copied into a shell has to mean what it says, whatever a device is called.
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { enrolLine } from './enrolment-keys.tsx';

it('quotes whatever an id may contain', () => {
  const line = enrolLine('http://g:8080', 'te_k', `it's $HOME "x"`);
  const said = execFileSync('sh', ['-c', line.replace(/^curl/, `printf '%s\\n'`)], { encoding: 'utf8' }).split('\n');
  expect(said.slice(0, 2)).toEqual(['-H', 'Content-Type: application/json']);
  expect(JSON.parse(said[3] ?? '')).toEqual({ key: 'te_k', device: `it's $HOME "x"` });
  expect(said[4]).toBe('http://g:8080/api/v1/enrol');
});
