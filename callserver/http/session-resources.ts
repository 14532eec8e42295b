import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError } from '#base';
import type { Session } from '../client/session.ts';
import { readIceFragment, writeIceFragment } from './ice-fragment.ts';

const SDP = 'application/sdp';
const SDP_FRAGMENT = 'application/trickle-ice-sdpfrag';
const MAX_BODY_BYTES = 256 * 1024;
/** Of a body that is too large. */
const MAX_DISCARDED_BYTES = 4 * MAX_BODY_BYTES;
/** An encoder or a player in a page of another site must be able to read these. */
export const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Location, ETag, Link, Accept-Patch',
} as const;
export const PREFLIGHT = {
  ...CORS,
  'access-control-allow-methods': 'POST, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers': 'Authorization, Content-Type, If-Match',
  'access-control-max-age': '86400',
} as const;

export interface SessionResourcesOptions {
  /** Values of `Link` with relation `ice-server` (RFC 9725 4.6); none when left out. */
  iceServerLinks?: () => readonly string[];
}

/** A session that was made of an offer, and the path of its resource. */
export interface Joined {
  session: Session;
  path: string;
  /** Further values of `Link`: extensions of the protocol. */
  links?: readonly string[];
}

/**
 * The HTTP side of WHIP (RFC 9725) and WHEP: an offer is posted, the session
 * that comes of it is a resource until it is deleted or ends. Whoever owns this
 * decides who may join what; what is thrown here is for them to answer.
 */
export class SessionResources {
  readonly #iceServerLinks: () => readonly string[];
  readonly #sessions = new Map<string, Session>();

  constructor(options: SessionResourcesOptions = {}) {
    this.#iceServerLinks = options.iceServerLinks ?? (() => []);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The session behind a resource, for whoever watches over it. */
  get(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId);
  }

  /** A request of the endpoint: POST, or OPTIONS. `join` turns the offer into a session. */
  async endpoint(
    req: IncomingMessage,
    res: ServerResponse,
    join: (offer: string) => Promise<Joined>,
  ): Promise<void> {
    if (req.method === 'OPTIONS') {
      // Without the links: a preflight shows no key, and they hold credentials.
      res.writeHead(204, { ...PREFLIGHT, 'accept-post': SDP }).end();
      return;
    }
    if (req.method !== 'POST') throw new AmphiError('method_not_allowed');
    mustBe(req, SDP);
    const { session, path, links = [] } = await join(await bodyOf(req));
    this.#sessions.set(session.id, session);
    session.on('closed', () => this.#sessions.delete(session.id));
    res.writeHead(201, {
      ...CORS,
      'content-type': SDP,
      location: path,
      etag: tagOf(session),
      'accept-patch': SDP_FRAGMENT,
      ...this.#links(links),
    });
    res.end(session.answer);
  }

  /** A request of a session's resource: PATCH, DELETE, or OPTIONS. */
  async resource(req: IncomingMessage, res: ServerResponse, sessionId: string): Promise<void> {
    if (req.method === 'OPTIONS') {
      res.writeHead(204, PREFLIGHT).end();
      return;
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) throw new AmphiError('not_found', 'this session has ended');
    if (req.method === 'DELETE') {
      await session.close();
      res.writeHead(200, CORS).end();
    } else if (req.method === 'PATCH') {
      mustBe(req, SDP_FRAGMENT);
      const ours = await acceptFragment(session, req.headers['if-match'], await bodyOf(req));
      if (ours === undefined) {
        res.writeHead(204, CORS).end();
        return;
      }
      const about = { 'content-type': SDP_FRAGMENT, etag: tagOf(session) };
      res.writeHead(200, { ...CORS, ...about, ...this.#links() }).end(ours);
    } else {
      throw new AmphiError('method_not_allowed');
    }
  }

  #links(extensions: readonly string[] = []): { link?: string[] } {
    const links = [...this.#iceServerLinks(), ...extensions];
    return links.length === 0 ? {} : { link: links };
  }
}

/** One for each ICE session: a restart begins another one (RFC 9725 4.3.3). */
const tagOf = ({ id, restarts }: Session): string =>
  restarts === 0 ? `"${id}"` : `"${id}.${restarts}"`;

/**
 * Trickled candidates (RFC 8840) are taken note of and no more: the peer finds
 * us, we look for nobody. For an ICE restart the fragment must have the peer's
 * fingerprint, by which it says that it is ready for a new DTLS association:
 * ours cannot be kept. Resolves with our side after a restart.
 */
async function acceptFragment(
  session: Session,
  ifMatch: string | undefined,
  fragment: string,
): Promise<string | undefined> {
  if (ifMatch === undefined) throw new AmphiError('precondition_required');
  if (ifMatch !== '*' && ifMatch !== tagOf(session)) throw new AmphiError('precondition_failed');
  const { usernameFragment, mid, remote } = readIceFragment(fragment);
  if (usernameFragment === session.remoteUsernameFragment) {
    // What is sent for any session is not of this one's candidates.
    if (ifMatch === '*') throw new AmphiError('ice_restart_unsupported');
    return undefined;
  }
  if (remote === undefined) throw new AmphiError('ice_restart_unsupported');
  return writeIceFragment(await session.restart(remote), mid);
}

function mustBe(req: IncomingMessage, type: string): void {
  const [given = ''] = (req.headers['content-type'] ?? '').split(';');
  if (given.trim().toLowerCase() !== type) {
    throw new AmphiError('unsupported_media', `the body must be ${type}`);
  }
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  // Told beforehand to be beyond all reason, it is not read at all.
  if (Number(req.headers['content-length'] ?? 0) > MAX_DISCARDED_BYTES) {
    throw new AmphiError('body_too_large');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += (chunk as Buffer).length;
    // Read to its end all the same: who is still sending when the connection closes may not see the answer.
    if (size > MAX_DISCARDED_BYTES) throw new AmphiError('body_too_large');
    if (size <= MAX_BODY_BYTES) chunks.push(chunk as Buffer);
  }
  if (size > MAX_BODY_BYTES) throw new AmphiError('body_too_large');
  return Buffer.concat(chunks).toString('utf8');
}
