import { beforeEach, describe, expect, test } from 'vitest';
import type { Problem, VoidPage } from '../contract/index.ts';
import { makeApp, voided } from './fake-ports.fixture.ts';

let ask: ReturnType<typeof makeApp>['ask'];
let asked: unknown[][];
beforeEach(() => {
  ({ ask, asked } = makeApp());
});

const request = { device: 'a', metric: 't', from: 1_000, to: 2_000, reason: 'probe in the sun' };
const post = (path: string, json: unknown) => ask(`/api/v1${path}`, { method: 'POST', as: 'operator', json });
const list = async (query: string) => (await (await ask(`/api/v1/voids${query}`, { as: 'viewer' })).json()) as VoidPage;

describe('a void', () => {
  test('[STO-7] is made with who did it and why', async () => {
    const response = await post('/voids', request);
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ ...voided('1'), ...request, by: 'operator' });
    expect(asked).toEqual([['void', request, 'operator']]);
  });

  test('[STO-7] is restored with who did it and why', async () => {
    const response = await post('/voids/1/restore', { reason: ' it was right ' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id: '1', restored: { by: 'operator', reason: 'it was right' } });
    expect(asked).toEqual([['restore', '1', 'it was right', 'operator']]);
  });

  test.each([
    ['/voids', { ...request, device: 'nobody' }],
    ['/voids', { ...request, metric: 'never' }],
    ['/voids/never/restore', { reason: 'why not' }],
  ])('of what is not there is refused: %s %j', async (path, json) => {
    const response = await post(path, json);
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([404, 'not_found']);
    expect(asked.filter(([name]) => name === 'void')).toEqual([]);
  });

  test('[RST-1] is refused with every field that was wrong', async () => {
    const response = await post('/voids', { device: 'a/b', metric: '', from: 5, to: 5, reason: ' ', more: 1 });
    expect(response.status).toBe(400);
    const { errors = [] } = (await response.json()) as Problem;
    const wrong = Object.fromEntries(errors.map(({ where, got }) => [where, got]));
    expect(wrong).toMatchObject({
      'json.device': '"a/b"',
      'json.metric': '""',
      'json.to': '5',
      'json.reason': '" "',
    });
    expect(JSON.stringify(errors)).toContain('more');
    expect(errors).toContainEqual({ where: 'json.to', expected: 'later than from', got: '5' });
    expect(asked).toEqual([]);
  });

  test.each([
    [{ ...request, from: 2_001 }, 'json.to'],
    [{ ...request, from: 1.5 }, 'json.from'],
    [{ ...request, to: '2026-01-05' }, 'json.to'],
    [{ ...request, to: 8.64e15 + 1 }, 'json.to'],
    [{ ...request, reason: 'x'.repeat(257) }, 'json.reason'],
    [{ ...request, reason: undefined }, 'json.reason'],
  ])('[RST-1] %# is refused with its field', async (json, where) => {
    const response = await post('/voids', json);
    expect(response.status).toBe(400);
    expect(((await response.json()) as Problem).errors?.map(error => error.where)).toEqual([where]);
  });

  test.each([{}, { reason: '' }, { reason: 'x'.repeat(257) }, { reason: 5 }])(
    '[RST-1] is not restored for %j',
    async json => {
      const response = await post('/voids/1/restore', json);
      expect(response.status).toBe(400);
      expect(((await response.json()) as Problem).errors?.map(error => error.where)).toEqual(['json.reason']);
      expect(asked).toEqual([]);
    },
  );
});

describe('the list of voids', () => {
  test('[STO-7] is of a device and a metric where they are named', async () => {
    expect((await list('?device=a&metric=t')).items).toEqual([voided('2'), voided('1')]);
    await list('');
    expect(asked).toEqual([
      ['voids', { device: 'a', metric: 't' }, '~', 50],
      ['voids', { device: undefined, metric: undefined }, '~', 50],
    ]);
  });

  test('pages by id', async () => {
    expect((await list('?limit=2')).next).toBe('1');
    expect((await list('?limit=3&cursor=9')).next).toBeNull();
    expect(asked.at(-1)).toEqual(['voids', { device: undefined, metric: undefined }, '9', 3]);
  });
});
