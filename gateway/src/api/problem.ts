// Errors as application/problem+json (RFC 9457): what was expected, and what came.
import type { Hook } from '@hono/zod-openapi';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { type Code, codes, type Problem, Refusal } from '../contract/index.ts';
import { jsonExcerpt } from '../lib/json.ts';
import type { Logger } from '../lib/logger.ts';
import type { ApiEnv } from './context.ts';

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'A key of the table of codes in SPEC.md' }),
    detail: z.string().optional(),
    errors: z.array(z.object({ where: z.string(), expected: z.string(), got: z.string() })).optional(),
  })
  .openapi('Problem');

export function problemOf(code: Code, detail?: string, errors?: Problem['errors']): Problem {
  const { title, status } = codes[code];
  return { type: 'about:blank', title, status, code, ...(detail && { detail }), ...(errors && { errors }) };
}

export function respond(problem: Problem): Response {
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json' };
  if (problem.status === 401) headers['WWW-Authenticate'] = 'Bearer realm="telltale"';
  if (codes[problem.code].retry === 'later') headers['Retry-After'] = '5';
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

function gotAt(input: unknown, path: readonly PropertyKey[]): string {
  let value = input;
  for (const key of path) value = value === null || typeof value !== 'object' ? undefined : Reflect.get(value, key);
  return jsonExcerpt(value, 80);
}

/** Below these paths bodies hold passwords, one-time passwords, codes and keys: none of them is ever repeated. */
const secretBodies = /^\/api\/v1\/(session|users|enrol)(\/|$)/;

/** What came. A body is cached by its first reader. */
async function inputOf(target: string, c: Context<ApiEnv>): Promise<unknown> {
  if (target === 'query') return c.req.query();
  if (target === 'param') return c.req.param();
  if (target === 'header') return c.req.header();
  return target === 'json' ? c.req.json().catch(() => undefined) : undefined;
}

/** Turns what a schema found wrong into one problem that names every field. */
export const validationHook: Hook<unknown, ApiEnv, string, Promise<Response | undefined>> = async (result, c) => {
  if (result.success) return undefined;
  const isSecret = result.target === 'json' && secretBodies.test(c.req.path);
  const input = isSecret ? undefined : await inputOf(result.target, c);
  const errors = result.error.issues.flatMap(issue => {
    const at = (path: readonly PropertyKey[], expected: string) => ({
      where: [result.target, ...path].join('.'),
      expected,
      got: isSecret ? '(not repeated)' : gotAt(input, path),
    });
    if (issue.code === 'unrecognized_keys') return issue.keys.map(key => at([...issue.path, key], 'no such key'));
    // The schema's own words say what came, too; that has a place of its own here.
    const words = issue.message.replace(/^(Invalid|Too)[^:]*: /, '').replace(/, received \w+$/, '');
    return [at(issue.path, words.replace(/^expected /, ''))];
  });
  const detail = errors.map(({ where, expected, got }) => `${where}: expected ${expected}, got ${got}`).join('; ');
  return respond(problemOf('bad_request', detail, errors));
};

/** What becomes of an error that a route threw. Faults of ours are logged, and not told. */
export function handleError(error: Error, c: Context<ApiEnv>, log: Logger): Response {
  if (error instanceof Refusal) return respond(problemOf(error.code, error.detail, error.errors));
  if (error instanceof HTTPException && error.status < 500) {
    return respond({ ...problemOf('bad_request', error.message), status: error.status });
  }
  log.error({ method: c.req.method, path: c.req.path, error: error.stack }, 'a request failed');
  return respond(problemOf('internal'));
}
