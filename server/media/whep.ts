import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { AmphiError, type Closable, type Logger, messageOf } from '#base';
import { CORS, type Joined, PREFLIGHT, SessionResources } from '#callserver';
import type { Config } from '#config';
import { eventIdSchema, eventSpecSchema, type LiveState } from '#contracts';
import { bearerOf, type NodeClient, readJson, type TokenVerifier } from '#platform';
import { addressOf } from './address-of.ts';
import { isOpened, partingOf } from './admission.ts';
import { Arrivals } from './arrivals.ts';
import { Audience } from './audience.ts';
import { VIEWER_EVENTS } from './event-streams.ts';
import { iceServerLinks } from './ice-servers.ts';
import type { LiveStates } from './live-states.ts';
import { refusing } from './refusal.ts';
import type { RenditionReceiver } from './rendition-receiver.ts';
import { WhepViewer } from './viewer.ts';
import type { Watching } from './watchable.ts';
import type { WhipEndpoint } from './whip.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface WhepOptions {
  config: Pick<Config, 'http' | 'turn' | 'media'>;
  pool: WorkerPool;
  nodes: NodeClient;
  tokens: TokenVerifier;
  states: LiveStates;
  renditions: RenditionReceiver;
  whip: WhipEndpoint;
  /** What tells the sessions of this node from those of others; stands in their addresses. */
  nodeTag: string;
  log: Logger;
}

/** Offers that are being decided about, all together. */
const MAX_JOINING = 64;
const METHODS = 'GET, POST, PATCH, DELETE, OPTIONS';
const EVENTS_EXTENSION = 'urn:ietf:params:whep:ext:core:server-sent-events';
const LAYER_EXTENSION = 'urn:ietf:params:whep:ext:core:layer';
const MAX_BODY_BYTES = 4_096;

const eventsSchema = z.array(z.string().max(64)).max(32);
/** What the draft has besides is left aside: a player may send it. */
const layerSchema = z.object({
  rid: z.string().max(64).optional(),
  /** As earlier drafts called it. */
  encodingId: z.string().max(64).optional(),
});

interface Held {
  eventId: string;
  viewer: WhepViewer;
  /** They have shown a token that opens the event, private or not. */
  hasToken: boolean;
}

/**
 * WHEP (draft-ietf-wish-whep): `POST /whep/{eventId}` makes a viewer's session.
 * A WebRTC source that is on air is forwarded as it comes, where the viewer has
 * its codecs; else the bank's renditions are.
 */
export class WhepEndpoint implements Closable {
  readonly #options: WhepOptions;
  readonly #resources: SessionResources;
  readonly #viewers = new Map<string, Held>();
  readonly #arrivals = new Arrivals();
  readonly #audience: Audience;
  readonly #offs: readonly (() => void)[];
  #joining = 0;
  readonly offers = { accepted: 0, refused: 0 };
  readonly handler: (req: IncomingMessage, res: ServerResponse) => Promise<void>;

  constructor(options: WhepOptions) {
    this.#options = options;
    const { turn } = options.config;
    this.#resources = new SessionResources({
      iceServerLinks: () => iceServerLinks(turn, Date.now()),
    });
    this.#audience = new Audience(options);
    this.#offs = [
      options.states.on('turned', (state) => this.#turn(state)),
      options.whip.on('gone', (sourceId) => this.#publisherGone(sourceId)),
    ];
    this.handler = refusing((req, res) => this.#route(req, res), METHODS);
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Viewers by event. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { eventId } of this.#viewers.values()) {
      counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
    }
    return counts;
  }

  async close(): Promise<void> {
    for (const off of this.#offs) off();
    await Promise.all([...this.#viewers.values()].map(({ viewer }) => viewer.close()));
    await this.#audience.close();
  }

  async #route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://node');
    const [eventId, resource, part, stream, ...more] = url.pathname.split('/').slice(2);
    if (more.length > 0 || !eventIdSchema.safeParse(eventId).success) {
      throw new AmphiError('event_not_found');
    }
    if (resource === undefined) {
      const token = url.searchParams.get('token') ?? undefined;
      await this.#resources.endpoint(req, res, (offer) =>
        this.#join(String(eventId), offer, {
          tokens: [token, bearerOf(req.headers.authorization)],
          address: addressOf(req, this.#options.config.http.trustProxy),
        }),
      );
      return;
    }
    const sessionId = resource.slice(this.#options.nodeTag.length + 1);
    if (part === undefined) {
      await this.#resources.resource(req, res, sessionId);
      return;
    }
    if (req.method === 'OPTIONS') {
      res.writeHead(204, PREFLIGHT).end();
      return;
    }
    const viewer = this.#viewers.get(sessionId)?.viewer;
    if (viewer === undefined) throw new AmphiError('not_found', 'this session has ended');
    if (part === 'layer' && stream === undefined) await chooseLayer(viewer, req, res);
    else if (part === 'events') await serveEvents(viewer, req, res, stream, url.pathname);
    else throw new AmphiError('not_found');
  }

  async #join(
    eventId: string,
    offer: string,
    { tokens, address }: { tokens: readonly (string | undefined)[]; address: string },
  ): Promise<Joined> {
    const { nodeTag, config } = this.#options;
    if (this.#joining >= MAX_JOINING) throw new AmphiError('too_many');
    const { over } = this.#arrivals.enter(address);
    const log = this.#options.log.child({ eventId });
    this.#joining++;
    try {
      const { state, hasToken } = await this.#admit(eventId, tokens);
      if (this.#viewers.size + this.#joining > config.media.maxViewers) {
        throw new AmphiError('unavailable', 'this server has as many viewers as it may have');
      }
      const viewer = new WhepViewer(await this.#watch(eventId, state, offer));
      const { session } = viewer;
      const now = this.#options.states.heard(eventId);
      if (now !== undefined && partingOf(now, hasToken) === 'private') {
        await viewer.close().catch(() => {});
        throw isPrivate();
      }
      this.#viewers.set(session.id, { eventId, viewer, hasToken });
      this.#arrivals.expect(session, over);
      session.on('closed', () => {
        this.#viewers.delete(session.id);
        log.debug({ sessionId: session.id }, 'whep session closed');
      });
      this.offers.accepted++;
      log.debug({ sessionId: session.id, sourceId: viewer.sourceId }, 'whep session begun');
      const path = `/whep/${eventId}/${nodeTag}.${session.id}`;
      return { session, path, links: linksOf(path) };
    } catch (error) {
      over();
      this.offers.refused++;
      log.debug({ reason: messageOf(error) }, 'whep viewer refused');
      throw error;
    } finally {
      this.#joining--;
    }
  }

  /**
   * What is on air, for one who may see it. Throws `event_not_found`,
   * `unauthorized`, and `conflict` when nothing is on air.
   */
  async #admit(
    eventId: string,
    tokens: readonly (string | undefined)[],
  ): Promise<{ state: LiveState; hasToken: boolean }> {
    const state = await this.#options.states.of(eventId);
    const { visibility } = state ?? (await this.#spec(eventId));
    const hasToken = await isOpened(eventId, tokens, this.#options.tokens);
    if (visibility === 'private' && !hasToken) throw isPrivate();
    if (state?.status !== 'live' && state?.status !== 'interrupted') {
      throw new AmphiError('conflict', 'the event is not on air');
    }
    return { state, hasToken };
  }

  async #spec(eventId: string) {
    const answer = await this.#options.nodes.call('api', `/internal/events/${eventId}`);
    return eventSpecSchema.parse(answer);
  }

  async #watch(eventId: string, { onAir }: LiveState, offer: string): Promise<Watching> {
    const watching = await this.#audience.begin(eventId, onAir, offer);
    if (watching !== undefined) return watching;
    const detail = 'nothing of this event goes out over WebRTC now; its latency may not be "ultra"';
    throw new AmphiError('conflict', detail);
  }

  /** Who is shown a source that has left the air goes over to what is on air now; who may not watch any more is ended. */
  #turn(state: LiveState): void {
    const { eventId, onAir } = state;
    for (const { viewer, hasToken, ...held } of this.#viewers.values()) {
      if (held.eventId !== eventId) continue;
      const parting = partingOf(state, hasToken);
      if (parting === 'over') {
        viewer.events.emit('inactive', {});
        viewer.close().catch(() => {});
      } else if (parting === 'private') {
        // With a token they may come again.
        viewer.reconnect().catch(() => {});
      } else {
        this.#move(viewer, eventId, onAir, (sourceId) => sourceId !== onAir);
      }
    }
  }

  /** Who is shown a publisher that has gone does not wait until the programme has noticed it. */
  #publisherGone(sourceId: string): void {
    for (const { viewer, eventId } of this.#viewers.values()) {
      this.#move(viewer, eventId, sourceId, (shown) => shown === sourceId);
    }
  }

  /** The renditions are the programme: they are left by nobody. */
  #move(
    viewer: WhepViewer,
    eventId: string,
    onAir: string | undefined,
    isOver: (sourceId: string) => boolean,
  ): void {
    viewer
      .turn(async (watching) =>
        watching.sourceId === undefined || !isOver(watching.sourceId)
          ? watching
          : this.#audience.move(watching, eventId, onAir),
      )
      .catch((error) => {
        this.#options.log.debug({ eventId, reason: messageOf(error) }, 'whep viewer not moved');
        viewer.reconnect().catch(() => {});
      });
  }
}

const isPrivate = () =>
  new AmphiError('unauthorized', 'this event is private; its link carries a token');

const linksOf = (path: string): string[] => [
  `<${path}/events>; rel="${EVENTS_EXTENSION}"; events="${VIEWER_EVENTS.join(',')}"`,
  `<${path}/layer>; rel="${LAYER_EXTENSION}"`,
];

/** POST chooses a layer; without one in it, and by DELETE, the path decides again. */
async function chooseLayer(
  viewer: WhepViewer,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (req.method === 'POST') {
    const { rid, encodingId } = await readJson(req, layerSchema, MAX_BODY_BYTES);
    await viewer.choose(rid ?? encodingId);
  } else if (req.method === 'DELETE') {
    await viewer.choose(undefined);
  } else {
    throw new AmphiError('method_not_allowed');
  }
  res.writeHead(200, CORS).end();
}

/** POST makes a stream of events, whose address is read by GET and ended by DELETE. */
async function serveEvents(
  viewer: WhepViewer,
  req: IncomingMessage,
  res: ServerResponse,
  stream: string | undefined,
  path: string,
): Promise<void> {
  if (stream === undefined && req.method === 'POST') {
    const { 'content-length': length = '0', 'transfer-encoding': coding } = req.headers;
    const isBodyless = length === '0' && coding === undefined;
    const wanted = isBodyless ? VIEWER_EVENTS : await readJson(req, eventsSchema, MAX_BODY_BYTES);
    const id = viewer.events.create(wanted);
    if (wanted.includes('layers')) await viewer.tellLayers();
    res.writeHead(201, { ...CORS, location: `${path.replace(/\/$/, '')}/${id}` }).end();
  } else if (stream !== undefined && req.method === 'GET') {
    viewer.events.open(stream, res);
  } else if (stream !== undefined && req.method === 'DELETE') {
    viewer.events.delete(stream);
    res.writeHead(200, CORS).end();
  } else {
    throw new AmphiError('method_not_allowed');
  }
}
