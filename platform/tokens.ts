import { createHash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { AmphiError } from '#base';

/** What a token is for. A token of one audience is worthless to another. */
export type Audience =
  /** Calls between nodes. */
  | 'node'
  /** One transcoding job's pushes. */
  | 'push'
  /** A signed-in person's browser. */
  | 'session'
  /** Watching one private event. */
  | 'play'
  /** Publishing to one source. */
  | 'publish'
  /** Taking part in one meeting. */
  | 'participant'
  /** A session of an account. */
  | 'user'
  /** The socket of an account's calls and presence. */
  | 'calls';

export interface TokenClaims {
  /** Who or what the token speaks for: a node id, an event id. */
  sub: string;
  /** Fencing number of a pusher. */
  fence?: number;
  /** What it says beyond that, for its audience to read. */
  grant?: Readonly<Record<string, unknown>>;
  /** Seconds since the epoch; known of verified tokens. */
  exp?: number;
  /** Names this one token; known of verified tokens. */
  jti?: string;
}

const ISSUER = 'amphi';

/**
 * Scoped, short-lived tokens (JWT, HS256), each audience with a key of its own
 * derived from the cluster secret.
 */
export class TokenIssuer {
  readonly #secret: string;
  readonly #keys = new Map<Audience, Uint8Array>();

  constructor(clusterSecret: string) {
    this.#secret = clusterSecret;
  }

  sign(audience: Audience, claims: TokenClaims, lifetimeSeconds: number): Promise<string> {
    const { sub, fence, grant } = claims;
    const said = {
      ...(fence === undefined ? {} : { fence }),
      ...(grant === undefined ? {} : { grant }),
    };
    return new SignJWT(said)
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setSubject(sub)
      .setIssuedAt()
      .setExpirationTime(`${Math.ceil(lifetimeSeconds)}s`)
      .setJti(randomBytes(12).toString('base64url'))
      .sign(this.#key(audience));
  }

  /** Throws `unauthorized` unless the token is genuine, current and of this audience. */
  async verify(audience: Audience, token: string | undefined): Promise<TokenClaims> {
    if (token === undefined || token === '') throw new AmphiError('unauthorized');
    try {
      const { payload } = await jwtVerify(token, this.#key(audience), {
        issuer: ISSUER,
        audience,
        algorithms: ['HS256'],
        requiredClaims: ['sub', 'exp'],
      });
      const { fence, grant } = payload;
      return {
        sub: payload.sub ?? '',
        ...(typeof fence === 'number' ? { fence } : {}),
        ...(isObject(grant) ? { grant } : {}),
        ...(payload.exp === undefined ? {} : { exp: payload.exp }),
        ...(payload.jti === undefined ? {} : { jti: payload.jti }),
      };
    } catch (cause) {
      throw new AmphiError('unauthorized', { detail: 'The token is not valid here', cause });
    }
  }

  #key(audience: Audience): Uint8Array {
    let key = this.#keys.get(audience);
    if (key === undefined) {
      key = new Uint8Array(hkdfSync('sha256', this.#secret, 'amphi', `token:${audience}`, 32));
      this.#keys.set(audience, key);
    }
    return key;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Tokens that were found genuine are remembered, so many at most. */
const MAX_REMEMBERED = 20_000;

/**
 * Verifies tokens, and remembers which were genuine until they expire: a
 * viewer shows the same one ten times a second.
 */
export class TokenVerifier {
  readonly #issuer: TokenIssuer;
  readonly #remembered = new Map<string, TokenClaims>();

  constructor(issuer: TokenIssuer) {
    this.#issuer = issuer;
  }

  /** The claims of a token that was verified before and has not expired. */
  known(audience: Audience, token: string): TokenClaims | undefined {
    const key = `${audience} ${token}`;
    const claims = this.#remembered.get(key);
    if (claims === undefined) return undefined;
    if ((claims.exp ?? 0) * 1000 > Date.now()) return claims;
    this.#remembered.delete(key);
    return undefined;
  }

  /** Throws `unauthorized` unless the token is genuine, current and of this audience. */
  async verify(audience: Audience, token: string | undefined): Promise<TokenClaims> {
    const known = token === undefined ? undefined : this.known(audience, token);
    if (known !== undefined) return known;
    const claims = await this.#issuer.verify(audience, token);
    if (this.#remembered.size >= MAX_REMEMBERED) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest);
        break;
      }
    }
    this.#remembered.set(`${audience} ${token}`, claims);
    return claims;
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearerOf(header: string | undefined): string | undefined {
  return header?.match(/^Bearer +([^\s]+)$/i)?.[1];
}

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Compares secrets in a time that does not depend on where they differ. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
