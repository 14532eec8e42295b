import type { Request } from 'express';
import { AmphiError } from '#base';
import {
  type AccountSession,
  AccountSessions,
  type PeopleRepository,
  passwordMark,
  type UserRow,
} from '#meeting';
import {
  bearerOf,
  cookieOf,
  EndedSessions,
  type Redis,
  type Session,
  sameSecret,
  type TokenIssuer,
} from '#platform';
import type { Access } from './route.ts';

export const SESSION_COOKIE = 'amphi_session';
export const SESSION_SECONDS = 12 * 3_600;
/** Of an account; the other is that of the admin. */
export const USER_COOKIE = 'amphi_user';
export const USER_SESSION_SECONDS = 30 * 86_400;
const SESSION_SUBJECT = 'admin';

/** A session of an account. */
export interface UserSession extends AccountSession {
  user: UserRow;
}

/** Decides whether a request may make a call of this access. */
export class Gate {
  readonly #adminToken: string;
  readonly #tokens: TokenIssuer;
  readonly #ended: EndedSessions;
  readonly #accounts: AccountSessions;

  constructor(deps: {
    adminToken: string;
    tokens: TokenIssuer;
    redis: Redis;
    people: PeopleRepository;
  }) {
    this.#adminToken = deps.adminToken;
    this.#tokens = deps.tokens;
    this.#ended = new EndedSessions(deps.redis);
    this.#accounts = new AccountSessions(deps);
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
    if (access === 'user' || access === 'account') {
      if (access === 'account' && (await this.isAdmin(req))) return;
      if ((await this.userSession(req)) !== undefined) return;
      throw new AmphiError('unauthorized', 'Sign in to your account');
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
    return (await this.#ended.has(session)) ? undefined : session;
  }

  /** A token for a session of this account; it is worthless once the password is another one. */
  newUserSession({ userId, passwordHash }: UserRow): Promise<string> {
    const grant = { password: passwordMark(passwordHash) };
    return this.#tokens.sign('user', { sub: userId, grant }, USER_SESSION_SECONDS);
  }

  /** The session of an account, by bearer token or cookie; undefined when there is none that counts. */
  async userSession(req: Request): Promise<UserSession | undefined> {
    const bearer = bearerOf(req.headers.authorization);
    if (bearer !== undefined) return this.#userSession(bearer);
    return this.browserSession(req);
  }

  /** That of the browser's cookie, whatever bearer token there is beside it. */
  async browserSession(req: Request): Promise<UserSession | undefined> {
    const cookie = cookieOf(req.headers.cookie, USER_COOKIE);
    const session = await this.#userSession(cookie);
    if (session !== undefined) requireSameOrigin(req);
    return session;
  }

  async #userSession(token: string | undefined): Promise<UserSession | undefined> {
    const claims = await this.#tokens.verify('user', token).catch(() => undefined);
    if (claims?.jti === undefined || claims.exp === undefined) return undefined;
    const password = claims.grant?.['password'];
    if (typeof password !== 'string') return undefined;
    const session = {
      sessionId: claims.jti,
      expiresAt: claims.exp * 1000,
      userId: claims.sub,
      password,
    };
    const user = await this.#accounts.userOf(session);
    return user === undefined ? undefined : { ...session, user };
  }

  /** The cookie is worthless from now on, wherever it was copied to. */
  endSession(session: Session): Promise<void> {
    return this.#ended.end(session);
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
