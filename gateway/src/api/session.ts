// /session: signing in, signing out, and who am I.
import { createRoute } from '@hono/zod-openapi';
import { deleteCookie, setCookie } from 'hono/cookie';
import { type Code, limits, Refusal, type SignInRequest } from '../contract/index.ts';
import { type ApiPorts, addressOf, isHttps, sessionCookie } from './context.ts';
import { signedIn } from './guard.ts';
import { sessionSchema, signInSchema } from './people-schemas.ts';
import { createRouter } from './router.ts';
import { answer, body, problem } from './schemas.ts';

/** A session's whole length, told as a length: a date would be one of the gateway's clock, which may be wrong. */
const cookieLifeS = 7 * 24 * 60 * 60;

const tags = ['session'];

const signIn = createRoute({
  method: 'post',
  path: '/',
  tags,
  summary: 'Sign in with a password, or with the code of a one-time link',
  request: { body: body(signInSchema) },
  responses: {
    200: answer('Signed in; the cookie is set', sessionSchema),
    401: problem('Refused; `totp_needed` where a one-time password has to come with it'),
    429: problem('Too many attempts'),
  },
});

const whoAmI = createRoute({
  method: 'get',
  path: '/',
  tags,
  summary: 'Who is signed in',
  responses: { 200: answer('The session', sessionSchema), 401: problem('Nobody') },
});

const signOut = createRoute({
  method: 'delete',
  path: '/',
  tags,
  summary: 'Sign out; live connections of the session end at once',
  responses: { 204: { description: 'Signed out' }, 401: problem('Nobody was signed in') },
});

const sessionLine = { action: 'session', device: null, reason: null, subject: null, detail: null } as const;

/** What somebody who is not let in is told; who tries more often than the limits let through leaves no line. */
const refusals: readonly Code[] = ['sign_in_failed', 'totp_wrong', 'code_spent'];

/** A line with the name that was tried, where somebody has it: what else stands in that field may be a password. */
function noteRefused({ access, audit }: ApiPorts, request: SignInRequest, from: string, error: unknown): void {
  if (!(error instanceof Refusal) || !refusals.includes(error.code)) return;
  const name = 'name' in request && access.people.exists(request.name) ? request.name : null;
  audit.note({
    ...sessionLine,
    what: 'sign-in-refused',
    by: null,
    from,
    subject: name,
    detail: { code: error.code },
  });
}

export function sessionRoutes(ports: ApiPorts) {
  const router = createRouter();
  router.on(['GET', 'DELETE'], '/', signedIn(ports));

  router.openapi(signIn, async c => {
    const address = addressOf(c);
    const agent = c.req.header('User-Agent')?.slice(0, limits.agentLengthMax) ?? null;
    const { secret, session } = await ports.access.signIn(c.req.valid('json'), { address, agent }).catch(error => {
      noteRefused(ports, c.req.valid('json'), address, error);
      throw error;
    });
    ports.audit.note({ ...sessionLine, what: 'sign-in', by: session.user, from: address });
    const secure = isHttps(c);
    setCookie(c, sessionCookie(secure), secret, {
      httpOnly: true,
      sameSite: 'Strict',
      secure,
      path: '/',
      maxAge: cookieLifeS,
    });
    return c.json(session, 200);
  });

  router.openapi(whoAmI, c => {
    const { name, role, scope, kind, expiresAt } = c.get('principal');
    return c.json({ user: name, role, scope, kind, expiresAt: expiresAt ?? Number.MAX_SAFE_INTEGER }, 200);
  });

  router.openapi(signOut, async c => {
    const principal = c.get('principal');
    await ports.access.signOut(principal);
    ports.audit.note({ ...sessionLine, what: 'sign-out', by: principal.name, from: addressOf(c) });
    const secure = isHttps(c);
    deleteCookie(c, sessionCookie(secure), { path: '/', secure });
    return c.body(null, 204);
  });
  return router;
}
