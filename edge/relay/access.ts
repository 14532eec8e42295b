import { AmphiError } from '#base';
import { bearerOf, cookieOf, type TokenClaims, type TokenVerifier } from '#platform';
import type { Target } from './target.ts';

/**
 * Who may see what. The origin marks the answers of private events; for those
 * a viewer shows a token of the event: in the address, as a bearer, or in the
 * cookie that an earlier answer set.
 */

/** By what a request has proved that it may see the event. */
export type Grant =
  | { by: 'open' }
  /** Another relay of ours, which asks in its viewers' name and keeps to the marks. */
  | { by: 'node' }
  | { by: 'address' | 'bearer'; token: string; exp: number }
  | { by: 'cookie' };

export interface Credentials {
  authorization: string | undefined;
  cookie: string | undefined;
  /** It came through another relay, which shows a node token. */
  isRelay: boolean;
}

const OPEN: Grant = { by: 'open' };
const MAX_EVENTS = 10_000;
/** What the parent said of an event is not asked again for so long. */
const CERTAIN_MS = 1_000;

export const playCookie = (eventId: string): string => `amphi_play_${eventId}`;

/** The cookie that stands for the token where players send nothing else along. */
export function cookieFor(
  eventId: string,
  { token, exp }: { token: string; exp: number },
  secure: boolean,
): string {
  const seconds = Math.max(0, Math.floor(exp - Date.now() / 1000));
  // A page on another site may embed the player; browsers send it there only so marked, and over TLS.
  const site = secure ? 'SameSite=None; Secure; Partitioned' : 'SameSite=Lax';
  return `${playCookie(eventId)}=${token}; Path=/hls/${eventId}/; Max-Age=${seconds}; HttpOnly; ${site}`;
}

export class AccessGate {
  readonly #tokens: TokenVerifier;
  readonly #now: () => number;
  /** What the newest answer said of each event. */
  readonly #known = new Map<string, { restricted: boolean; atMs: number }>();

  constructor(tokens: TokenVerifier, now = () => performance.now()) {
    this.#tokens = tokens;
    this.#now = now;
  }

  /**
   * An answer of the event has come. Only one with content can lift the
   * restriction: a refusal may be of somebody who does not know the event.
   */
  note(eventId: string, restricted: boolean, status = 200): void {
    if (!restricted && status !== 200) return;
    if (!this.#known.has(eventId) && this.#known.size >= MAX_EVENTS) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(eventId, { restricted, atMs: this.#now() });
  }

  /** The newest word counts: what was public when it was fetched may be private by now. */
  isRestricted(eventId: string, markedSo = false): boolean {
    return this.#known.get(eventId)?.restricted ?? markedSo;
  }

  /**
   * True when the parent said so just now. Later it is asked again also for
   * somebody without a token: an event may have become public since, or the
   * origin may not have known yet that it is.
   */
  isSurelyRestricted(eventId: string): boolean {
    const known = this.#known.get(eventId);
    return known?.restricted === true && this.#now() - known.atMs < CERTAIN_MS;
  }

  /** True when the tokens at hand are already known to open the event: no waiting. */
  opensAtOnce(target: Target, credentials: Credentials): boolean {
    for (const { token } of offered(target, credentials)) {
      const claims = this.#tokens.known('play', token);
      if (claims !== undefined && opens(claims, target.eventId)) return true;
    }
    return false;
  }

  /** Throws `unauthorized` where a token is needed and none that is shown opens the event. */
  async admit(target: Target, credentials: Credentials, markedSo: boolean): Promise<Grant> {
    if (credentials.isRelay && (await this.isNode(credentials))) return { by: 'node' };
    if (!this.isRestricted(target.eventId, markedSo)) return OPEN;
    for (const { by, token } of offered(target, credentials)) {
      try {
        const claims = await this.#tokens.verify('play', token);
        if (!opens(claims, target.eventId)) continue;
        if (by === 'cookie') return { by };
        return { by, token, exp: claims.exp ?? 0 };
      } catch {
        // Another may be right: a cookie where a player left a placeholder in the address.
      }
    }
    throw new AmphiError('unauthorized', 'this event is private; its link carries a token');
  }

  /** True for another process of the cluster. */
  async isNode(credentials: Credentials): Promise<boolean> {
    try {
      await this.#tokens.verify('node', bearerOf(credentials.authorization));
      return true;
    } catch {
      return false;
    }
  }
}

const opens = (claims: TokenClaims, eventId: string): boolean => claims.sub === eventId;

interface Offer {
  by: 'address' | 'bearer' | 'cookie';
  token: string;
}

function offered(target: Target, { authorization, cookie }: Credentials): Offer[] {
  const offers: Offer[] = [];
  const { token, eventId } = target;
  if (token !== undefined) offers.push({ by: 'address', token });
  const bearer = bearerOf(authorization);
  if (bearer !== undefined) offers.push({ by: 'bearer', token: bearer });
  const crumb = cookieOf(cookie, playCookie(eventId));
  if (crumb !== undefined) offers.push({ by: 'cookie', token: crumb });
  return offers;
}
