import type { Request } from 'express';
import { z } from 'zod';
import { AmphiError } from '#base';
import { sessionSchema, userViewSchema } from '#contracts';
import type { UserGateway } from '#meeting';
import { Attempts, networkOf, type Redis } from '#platform';
import { type Gate, SESSION_COOKIE, SESSION_SECONDS } from './auth.ts';
import { type Route, route } from './route.ts';
import { userCookie, viewOf } from './user-session.ts';

const TAG = 'Session';
/** Of one address. */
const SIGN_IN = { name: 'sign-in', failures: 10, seconds: 60 };

/** Signing a browser in and out. */
export function sessionRoutes({
  gate,
  redis,
  users,
}: {
  gate: Gate;
  redis: Redis;
  users: UserGateway;
}): Route[] {
  const attempts = new Attempts(redis, SIGN_IN);
  const cookie = (value: string, seconds: number, req: Request) =>
    `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${req.protocol === 'https' ? '; Secure' : ''}`;
  return [
    route({
      method: 'post',
      path: '/api/sessions/admin',
      summary: 'Signs a browser in with the admin token',
      tag: TAG,
      access: 'public',
      body: sessionSchema,
      answers: { status: 204, description: 'Signed in; a session cookie is set' },
      handle: async ({ body, req, res }) => {
        const who = networkOf(req.ip);
        await attempts.spend(who, 'Too many wrong tokens');
        if (!gate.isAdminToken(body.token))
          throw new AmphiError('unauthorized', 'That token is not right');
        await attempts.succeeded(who);
        res.setHeader('set-cookie', cookie(await gate.newSession(), SESSION_SECONDS, req));
      },
    }),
    route({
      method: 'get',
      path: '/api/sessions/current',
      summary: 'Tells whether this browser is signed in',
      tag: TAG,
      access: 'public',
      answers: {
        status: 200,
        schema: z.object({ admin: z.boolean(), user: userViewSchema.optional() }),
        description: 'Who this is',
      },
      handle: async ({ req }) => {
        const user = (await gate.userSession(req))?.user;
        return {
          admin: await gate.isAdmin(req),
          ...(user === undefined ? {} : { user: viewOf(user) }),
        };
      },
    }),
    route({
      method: 'delete',
      path: '/api/sessions/current',
      summary: 'Signs this browser out; its session is worthless from then on',
      tag: TAG,
      access: 'public',
      answers: { status: 204, description: 'Signed out' },
      handle: async ({ req, res }) => {
        if (await gate.isAdmin(req)) {
          const session = await gate.session(req);
          if (session !== undefined) await gate.endSession(session);
        }
        const mine = await gate.userSession(req);
        if (mine !== undefined) {
          await gate.endSession(mine);
          await users.sessionsEnded(mine.userId);
        }
        res.setHeader('set-cookie', [cookie('', 0, req), userCookie('', 0, req)]);
      },
    }),
  ];
}
