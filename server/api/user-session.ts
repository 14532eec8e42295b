import type { Request } from 'express';
import { AmphiError } from '#base';
import type { UserView } from '#contracts';
import { pictureOf, type UserRow } from '#meeting';
import { type Gate, USER_COOKIE, type UserSession } from './auth.ts';

/** The cookie of an account's session. */
export const userCookie = (value: string, seconds: number, req: Request): string =>
  `${USER_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${req.protocol === 'https' ? '; Secure' : ''}`;

/** An account as its owner sees it. */
export const viewOf = (user: UserRow): UserView => {
  const { userId, email, displayName } = user;
  return { userId, email, displayName, ...pictureOf(user) };
};

/** The session of the account that asks. Throws `unauthorized`. */
export async function sessionOf(gate: Gate, req: Request): Promise<UserSession> {
  const session = await gate.userSession(req);
  if (session === undefined) throw new AmphiError('unauthorized', 'Sign in to your account');
  return session;
}

/** The account that asks. Throws `unauthorized`. */
export const accountOf = async (gate: Gate, req: Request): Promise<UserRow> =>
  (await sessionOf(gate, req)).user;
