// What is typed as a scope, and what becomes of it.
import { isTag, limits } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { draftOf, linesOf, linesProblem, scopeOf, scopeProblem } from './scope-draft.ts';

const draft = (devices: string, tags = '') => ({ all: false, devices, tags });

describe('a scope that is typed', () => {
  it('has an entry a line, each once, and blanks and commas are part of it', () => {
    expect(linesOf(' cold-*\r\n\n pump, north \ncold-*')).toEqual(['cold-*', 'pump, north']);
  });

  it('comes back as it was', () => {
    const scope = { devices: ['cold-*', 'pump 1'], tags: ['cellar'] };
    expect(scopeOf(draftOf(scope))).toEqual(scope);
    expect(scopeOf(draftOf(null))).toBeNull();
  });

  it('is null for all devices, whatever was typed before', () => {
    expect(scopeOf({ ...draft('cold-*'), all: true })).toBeNull();
    expect(scopeProblem({ ...draft(''), all: true })).toBeNull();
  });

  it('is not sent where it means no device, too many, or what the gateway would refuse', () => {
    expect(scopeProblem(draft(' \n'))).toEqual({ kind: 'nothing' });
    expect(scopeProblem(draft('', 'cellar'))).toBeNull();
    const many = Array.from({ length: limits.scopePatternsMax + 1 }, (_, i) => `p${i}`).join('\n');
    expect(scopeProblem(draft(many))).toEqual({ kind: 'too-many', max: limits.scopePatternsMax });
    expect(scopeProblem(draft('', 'a/b'))).toEqual({ kind: 'entry', entry: 'a/b' });
    expect(scopeProblem(draft('x'.repeat(limits.patternLengthMax + 1)))?.kind).toBe('entry');
  });
});

describe('a list of entries', () => {
  it('tells the first that is wrong, too many and too few', () => {
    const rule = { fits: isTag, max: 2, min: 1 };
    expect(linesProblem(['a', 'b#'], rule)).toEqual({ kind: 'entry', entry: 'b#' });
    expect(linesProblem(['a', 'b', 'c'], rule)).toEqual({ kind: 'too-many', max: 2 });
    expect(linesProblem([], rule)).toEqual({ kind: 'nothing' });
    expect(linesProblem(['a'], rule)).toBeNull();
  });
});
