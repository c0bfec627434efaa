import { describe, expect, test } from 'vitest';
import { type CommandRequest, type FieldProblem, Refusal } from '../contract/index.ts';
import { planAll } from './group-plan.ts';
import { refusal } from './request-checks.ts';

const devices = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`);
const request: CommandRequest = { name: 'setSpeed', params: { rpm: 500 } };
const fine = { needsApproval: false, ttlMs: 1_000 };
const problem = (where: string, expected = 'at most 100'): FieldProblem => ({ where, expected, got: '500' });

/** What a group of these devices is refused with; `refuses` says which would refuse, and why. */
async function refusalOf(ids: string[], refuses: (device: string) => Refusal | null): Promise<Refusal> {
  const plan = (device: string) => {
    const refused = refuses(device);
    if (refused !== null) throw refused;
    return fine;
  };
  return planAll(plan, ids, request).then(
    () => expect.unreachable('nothing was refused'),
    error => error as Refusal,
  );
}

describe('devices of several types of one name', () => {
  test('[CMD-10] are each named with why where what fits others does not fit them', async () => {
    const wrong: Record<string, Refusal> = {
      p1: refusal('params_refused', [problem('params.rpm')]),
      p3: refusal('params_refused', [problem('params.rpm', 'at most 200')]),
    };
    expect(await refusalOf(devices(5), device => wrong[device] ?? null)).toMatchObject({
      code: 'params_refused',
      detail: 'p1: params.rpm: expected at most 100, got 500; p3: params.rpm: expected at most 200, got 500',
      errors: [problem('p1: params.rpm'), problem('p3: params.rpm', 'at most 200')],
    });
  });

  test('that refuse for the same reason are named together, and the fields as they are for one', async () => {
    expect(await refusalOf(devices(3), () => refusal('params_refused', [problem('params.rpm')]))).toMatchObject({
      detail: 'p0, p1, p2: params.rpm: expected at most 100, got 500',
      errors: [problem('params.rpm')],
    });
  });

  test('that refuse in different ways are refused as what was understood and is not possible', async () => {
    const wrong: Record<string, Refusal> = {
      p0: refusal('params_refused', [problem('params.rpm')]),
      p1: new Refusal('unprocessable', 'no type'),
    };
    expect(await refusalOf(devices(2), device => wrong[device] ?? null)).toMatchObject({
      code: 'unprocessable',
      detail: 'p0: params.rpm: expected at most 100, got 500; p1: no type',
    });
  });

  test('[CMD-10] are named up to twenty, and not looked at further', async () => {
    let looks = 0;
    const { detail = '' } = await refusalOf(devices(5_000), device => {
      looks++;
      return new Refusal('unprocessable', `${device} has no type`);
    });
    expect([detail.match(/has no type/g)?.length, detail.endsWith('; and perhaps more'), looks]).toEqual([
      20,
      true,
      20,
    ]);
  });

  test('are told what is wrong in the first five places, however many there are', async () => {
    const everywhere = Array.from({ length: 1_000 }, (_, i) => problem(`params.${i}`));
    const { detail = '', errors } = await refusalOf(devices(1), () => refusal('params_refused', everywhere));
    expect([detail.length < 600, errors?.length]).toEqual([true, 5]);
  });

  test('[CMD-10] wait as a whole where one of them needs a second person', async () => {
    const plan = (device: string) => ({ ...fine, needsApproval: device === 'p4' });
    expect(await planAll(plan, devices(5), request)).toBe(true);
    expect(await planAll(plan, devices(4), request)).toBe(false);
  });

  test('are not asked to be confirmed before everything else fits', async () => {
    const dangerous = refusal('confirm_needed', [problem('confirm', '"3"')]);
    const wrong: Record<string, Refusal> = {
      p0: dangerous,
      p1: dangerous,
      p2: new Refusal('unprocessable', 'no type'),
    };
    expect(await refusalOf(devices(3), device => wrong[device] ?? null)).toMatchObject({ detail: 'p2: no type' });
    expect(await refusalOf(devices(2), device => wrong[device] ?? null)).toMatchObject({
      code: 'confirm_needed',
      errors: [problem('confirm', '"3"')],
    });
  });
});
