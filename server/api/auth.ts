import type { Request } from 'express';
import { AmphiError } from '#base';
import { bearerOf, sameSecret, type TokenIssuer } from '#platform';
import type { Access } from './route.ts';

export const SESSION_COOKIE = 'amphi_session';
export const SESSION_SECONDS = 12 * 3_600;
const SESSION_SUBJECT = 'admin';

/** Decides whether a request may make a call of this access. */
export class Gate {
  readonly #adminToken: string;
  readonly #tokens: TokenIssuer;

  constructor(adminToken: string, tokens: TokenIssuer) {
    this.#adminToken = adminToken;
    this.#tokens = tokens;
  }

  isAdminToken(token: string): boolean {
    return sameSecret(token, this.#adminToken);
  }

  newSession(): Promise<string> {
    return this.#tokens.sign('session', { sub: SESSION_SUBJECT }, SESSION_SECONDS);
  }

  /** Throws `unauthorized` or `forbidden`. */
  async admit(access: Access, req: Request): Promise<void> {
    if (access === 'public') return;
    const bearer = bearerOf(req.headers.authorization);
    if (access === 'node') {
      await this.#tokens.verify('node', bearer);
      return;
    }
    if (!(await this.isAdmin(req)))
      throw new AmphiError('unauthorized', 'Sign in, or send the admin token');
  }

  async isAdmin(req: Request): Promise<boolean> {
    const bearer = bearerOf(req.headers.authorization);
    if (bearer !== undefined) return this.isAdminToken(bearer);
    const session = cookieOf(req, SESSION_COOKIE);
    if (session === undefined) return false;
    try {
      const { sub } = await this.#tokens.verify('session', session);
      if (sub !== SESSION_SUBJECT) return false;
    } catch {
      return false;
    }
    requireSameOrigin(req);
    return true;
  }
}

/** A cookie is sent by the browser whoever asks; a change must come from our own pages. */
function requireSameOrigin(req: Request): void {
  if (req.method === 'GET' || req.method === 'HEAD') return;
  const { origin } = req.headers;
  const host = req.headers['x-forwarded-host'] ?? req.headers.host;
  const same = typeof origin === 'string' && URL.canParse(origin) && new URL(origin).host === host;
  if (!same) throw new AmphiError('forbidden', 'This call must come from a page of this server');
}

function cookieOf(req: Request, name: string): string | undefined {
  for (const pair of (req.headers.cookie ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}
