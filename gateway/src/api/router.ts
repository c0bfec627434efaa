// A router as every part of the API uses it: wrong input becomes one problem that names each field.
import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { Refusal, type Role, roleCovers } from '../contract/index.ts';
import type { ApiEnv } from './context.ts';
import { validationHook } from './problem.ts';

export function createRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({ defaultHook: validationHook as never });
}

/** Lets those through whose role covers `needed`. */
export function needs(needed: Role): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { name, role } = c.get('principal');
    if (!roleCovers(role, needed)) throw new Refusal('forbidden', `this needs the role ${needed}; ${name} is ${role}`);
    await next();
  };
}
