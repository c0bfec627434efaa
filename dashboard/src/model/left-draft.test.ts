import { expect, it } from 'vitest';
import { leaveDraft, takeDraft } from './left-draft.ts';
import { emptyTypeForm } from './type-form.ts';

it('is given back once, to who left it, in the form where it was left', () => {
  const draft = { by: 'anna', opened: null, form: { ...emptyTypeForm, id: 'pump-speed' } };
  leaveDraft(draft);
  expect(takeDraft('ben', null)).toBe(null);
  expect(takeDraft('anna', 'pump-speed')).toBe(null);
  expect(takeDraft('anna', null)).toBe(draft);
  expect(takeDraft('anna', null)).toBe(null);
});
