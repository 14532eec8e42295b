import type { Request } from 'express';
import type { UserRow } from '#meeting';
import { USER_COOKIE } from './auth.ts';

/** The cookie of an account's session. */
export const userCookie = (value: string, seconds: number, req: Request): string =>
  `${USER_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${req.protocol === 'https' ? '; Secure' : ''}`;

/** An account as its owner sees it. */
export const viewOf = ({ userId, email, displayName }: UserRow) => ({ userId, email, displayName });
