// A router as every part of the API uses it: wrong input becomes one problem that names each field.
import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { Refusal, type Role, roleCovers } from '../contract/index.ts';
import type { ApiEnv } from './context.ts';
import { validationHook } from './problem.ts';

export function createRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({ defaultHook: validationHook as never });
}

/** Lets people through who are signed in, and of programs those whose token has at least the role, if one is named. */
export function needsPerson(tokenRole?: Role): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { kind, name, role } = c.get('principal');
    if (kind === 'token' && (tokenRole === undefined || !roleCovers(role, tokenRole))) {
      throw new Refusal('forbidden', `this is for people who are signed in; ${name} is a token`);
    }
    await next();
  };
}

/** Lets those through who may see all devices. */
export function needsAllDevices(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { name, scope } = c.get('principal');
    if (scope !== null) throw new Refusal('forbidden', `this tells of all devices; ${name} may see some`);
    await next();
  };
}

/** Lets those through whose role covers `needed`. */
export function needs(needed: Role): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { name, role } = c.get('principal');
    if (!roleCovers(role, needed)) throw new Refusal('forbidden', `this needs the role ${needed}; ${name} is ${role}`);
    await next();
  };
}
