import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError, type Closable, Emitter, type Logger, messageOf } from '#base';
import { type Joined, SessionResources } from '#callserver';
import type { Config } from '#config';
import { eventIdSchema, type PublicationOpening, sourceIdSchema } from '#contracts';
import { bearerOf, type NodeClient, type TokenIssuer } from '#platform';
import { addressOf } from './address-of.ts';
import { credentialOf, keyMarkOf } from './credential.ts';
import { iceServerLinks } from './ice-servers.ts';
import { PublicationLink } from './publication-link.ts';
import { WhipPublisher } from './publisher.ts';
import { refusing } from './refusal.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface WhipOptions {
  config: Pick<Config, 'http' | 'turn'>;
  pool: WorkerPool;
  nodes: NodeClient;
  tokens: TokenIssuer;
  /** What tells the sessions of this node from those of others; stands in their addresses. */
  nodeTag: string;
  log: Logger;
}

/** Offers that are being decided about, all together. */
const MAX_JOINING = 64;
const MAX_ENCODER_CHARACTERS = 200;
const METHODS = 'POST, PATCH, DELETE, OPTIONS';

type Events = {
  /** Nobody publishes to this source any more, or somebody else does. */
  gone: readonly [sourceId: string];
};

interface Live {
  publisher: WhipPublisher;
  keyMark: string;
  sourceId: string;
}

/**
 * WHIP (RFC 9725): `POST /whip/{eventId}` or `/whip/{eventId}/{sourceId}` with
 * the stream key as bearer token makes a session, whose resource lies below.
 */
export class WhipEndpoint extends Emitter<Events> implements Closable {
  readonly #options: WhipOptions;
  readonly #resources: SessionResources;
  readonly #live = new Map<string, Live>();
  #joining = 0;
  readonly counts = { accepted: 0, refused: 0 };
  /** A request whose path begins with `/whip/`. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => Promise<void>;

  constructor(options: WhipOptions) {
    super();
    this.#options = options;
    this.handler = refusing((req, res) => this.#route(req, res), METHODS);
    const { turn } = options.config;
    this.#resources = new SessionResources({
      iceServerLinks: () => iceServerLinks(turn, Date.now()),
    });
  }

  get sessions(): number {
    return this.#live.size;
  }

  /** Who publishes to this source at the moment; undefined when nobody does so here. */
  publisherTo(sourceId: string): WhipPublisher | undefined {
    for (const live of this.#live.values()) if (live.sourceId === sourceId) return live.publisher;
    return undefined;
  }

  /** Units and packets that present publishers have lost. */
  get lost(): number {
    let sum = 0;
    for (const { publisher } of this.#live.values()) sum += publisher.lost;
    return sum;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#live.values()].map(({ publisher }) => publisher.close()));
  }

  async #route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const [path = ''] = (req.url ?? '').split('?');
    const [eventId, sourceId, resource, ...more] = path.split('/').slice(2);
    if (more.length > 0 || !eventIdSchema.safeParse(eventId).success) {
      throw new AmphiError('event_not_found');
    }
    if (sourceId !== undefined && !sourceIdSchema.safeParse(sourceId).success) {
      throw new AmphiError('source_not_found');
    }
    if (resource === undefined) {
      const to = { eventId: String(eventId), ...(sourceId === undefined ? {} : { sourceId }) };
      await this.#resources.endpoint(req, res, (offer) => this.#join(req, offer, to));
      return;
    }
    const sessionId = resource.slice(this.#options.nodeTag.length + 1);
    const live = this.#live.get(sessionId);
    const bearer = bearerOf(req.headers.authorization);
    // Whoever knows the address may end it; who shows a key must show the right one.
    if (live !== undefined && bearer !== undefined) {
      if (keyMarkOf(await credentialOf(bearer, this.#options.tokens)) !== live.keyMark) {
        throw new AmphiError('unauthorized', 'this session was begun with another stream key');
      }
    }
    await this.#resources.resource(req, res, sessionId);
  }

  async #join(
    req: IncomingMessage,
    offer: string,
    to: Pick<PublicationOpening, 'eventId' | 'sourceId'>,
  ): Promise<Joined> {
    if (this.#joining >= MAX_JOINING) throw new AmphiError('too_many');
    this.#joining++;
    try {
      const joined = await this.#publish(req, offer, to);
      this.counts.accepted++;
      return joined;
    } catch (error) {
      this.counts.refused++;
      this.#options.log.info({ ...to, reason: messageOf(error) }, 'whip publisher refused');
      throw error;
    } finally {
      this.#joining--;
    }
  }

  async #publish(
    req: IncomingMessage,
    offer: string,
    to: Pick<PublicationOpening, 'eventId' | 'sourceId'>,
  ): Promise<Joined> {
    const { config, nodes, nodeTag, pool, tokens } = this.#options;
    const credential = await credentialOf(bearerOf(req.headers.authorization), tokens);
    const encoder = req.headers['user-agent']?.slice(0, MAX_ENCODER_CHARACTERS);
    const link = await PublicationLink.open(nodes, {
      ...to,
      credential,
      remoteAddress: addressOf(req, config.http.trustProxy),
      ...(encoder === undefined ? {} : { encoder }),
    });
    const { eventId, sourceId } = link;
    const log = this.#options.log.child({ eventId, sourceId });
    let publisher: WhipPublisher;
    try {
      publisher = await WhipPublisher.begin(pool, offer, link, log);
    } catch (error) {
      await link.close();
      throw error;
    }
    const { session } = publisher;
    this.#live.set(session.id, { publisher, keyMark: keyMarkOf(credential), sourceId });
    session.on('closed', () => {
      this.#live.delete(session.id);
      log.info({ sessionId: session.id }, 'whip session closed');
      this.emit('gone', sourceId);
    });
    link.on('closed', (reason) => {
      log.debug({ sessionId: session.id, reason }, 'publication closed');
      publisher.close().catch(() => {});
    });
    log.info({ sessionId: session.id }, 'whip session begun');
    return { session, path: `/whip/${eventId}/${sourceId}/${nodeTag}.${session.id}` };
  }
}
