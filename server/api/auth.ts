import type { Request } from 'express';
import { AmphiError, messageOf } from '#base';
import { bearerOf, cookieOf, type Redis, sameSecret, type TokenIssuer } from '#platform';
import type { Access } from './route.ts';

export const SESSION_COOKIE = 'amphi_session';
export const SESSION_SECONDS = 12 * 3_600;
const SESSION_SUBJECT = 'admin';

/** Says the id of a session whose person has signed out. */
export const SESSION_ENDED_CHANNEL = 'amphi:session-ended';
const endedKey = (sessionId: string): string => `amphi:session-ended:${sessionId}`;

/** A signed-in browser. */
export interface Session {
  sessionId: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Decides whether a request may make a call of this access. */
export class Gate {
  readonly #adminToken: string;
  readonly #tokens: TokenIssuer;
  readonly #redis: Redis;

  constructor(deps: { adminToken: string; tokens: TokenIssuer; redis: Redis }) {
    this.#adminToken = deps.adminToken;
    this.#tokens = deps.tokens;
    this.#redis = deps.redis;
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
    if ((await this.session(req)) === undefined) return false;
    requireSameOrigin(req);
    return true;
  }

  /** The session of the request's cookie; undefined when there is none that counts. */
  async session(req: Request): Promise<Session | undefined> {
    const cookie = cookieOf(req.headers.cookie, SESSION_COOKIE);
    if (cookie === undefined) return undefined;
    let session: Session;
    try {
      const { sub, jti, exp } = await this.#tokens.verify('session', cookie);
      if (sub !== SESSION_SUBJECT || jti === undefined || exp === undefined) return undefined;
      session = { sessionId: jti, expiresAt: exp * 1000 };
    } catch {
      return undefined;
    }
    return (await this.#hasEnded(session)) ? undefined : session;
  }

  /** The cookie is worthless from now on, wherever it was copied to. */
  async endSession({ sessionId, expiresAt }: Session): Promise<void> {
    const seconds = Math.max(1, Math.ceil((expiresAt - Date.now()) / 1000));
    await this.#redis
      .multi()
      .set(endedKey(sessionId), '1', 'EX', seconds)
      .publish(SESSION_ENDED_CHANNEL, sessionId)
      .exec();
  }

  async #hasEnded({ sessionId }: Session): Promise<boolean> {
    try {
      return (await this.#redis.exists(endedKey(sessionId))) === 1;
    } catch (cause) {
      throw new AmphiError('unavailable', {
        detail: `sessions cannot be checked: ${messageOf(cause)}`,
        cause,
      });
    }
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
