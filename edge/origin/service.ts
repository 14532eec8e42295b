import { mkdir, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { AmphiError, type Closable, Disposer, type Logger, messageOf, systemClock } from '#base';
import type { Config } from '#config';
import {
  eventIdSchema,
  LIVE_CHANNEL,
  LIVE_TTL_SECONDS,
  liveKey,
  liveStateSchema,
  type OriginState,
} from '#contracts';
import {
  bearerOf,
  type Metrics,
  type Redis,
  sendJson,
  type TokenIssuer,
  TokenVerifier,
} from '#platform';
import { ViewerSum } from '../viewers/sum.ts';
import { DiskBudget } from './disk-budget.ts';
import { EventStore } from './event-store.ts';
import { serveOrigin } from './http.ts';
import { originMetrics } from './metrics.ts';
import { PushReceiver } from './push.ts';

export interface OriginDeps {
  config: Config;
  redis: Redis;
  /** A connection of its own, for subscribing. */
  subscriber: Redis;
  tokens: TokenIssuer;
  metrics: Metrics;
  log: Logger;
}

const SWEEP_EVERY_MS = 2_000;
/** The number that viewers see changes no more often than this. */
const PUBLISH_VIEWERS_EVERY_MS = 5_000;
const MAX_EVENTS = 500;

interface Known {
  store: EventStore;
  /** Monotonic time of the last word about the event. */
  heardAtMs: number;
}

/** Takes what transcoders push, keeps the DVR window, and serves it to relays. */
export class OriginService implements Closable {
  readonly #deps: OriginDeps;
  readonly #log: Logger;
  readonly #folder: string;
  readonly #verifier: TokenVerifier;
  readonly #events = new Map<string, Known>();
  readonly #disposer = new Disposer();
  readonly #budget: DiskBudget;
  readonly #push: PushReceiver;
  readonly #viewers = new ViewerSum();
  readonly #counters: ReturnType<typeof originMetrics>;
  #reads = 0;

  private constructor(deps: OriginDeps) {
    this.#deps = deps;
    this.#log = deps.log;
    this.#folder = join(deps.config.dataDir, 'dvr');
    this.#verifier = new TokenVerifier(deps.tokens);
    this.#budget = new DiskBudget({
      limitBytes: deps.config.edge.dvrMaxBytes,
      events: () => this.#stores(),
      log: deps.log,
    });
    const counters = originMetrics(deps.metrics, {
      events: () => [...this.#stores()],
      diskBytes: () => this.#budget.bytes,
      diskTrouble: () => this.#budget.trouble !== undefined,
      pushes: () => this.#push.count,
      reads: () => this.#reads,
    });
    this.#counters = counters;
    this.#push = new PushReceiver({
      tokens: this.#verifier,
      log: deps.log,
      eventFor: (eventId) => this.#eventFor(eventId),
      event: (eventId) => this.event(eventId),
      onTrouble: (reason) => this.#budget.onTrouble(reason, false),
      onPart: (bytes) => {
        counters.parts.inc();
        counters.partBytes.inc(bytes);
      },
      onSkipped: () => counters.skipped.inc(),
      onRefused: (code) => counters.refused.inc({ code }),
    });
  }

  static async start(deps: OriginDeps): Promise<OriginService> {
    const origin = new OriginService(deps);
    await mkdir(origin.#folder, { recursive: true });
    await origin.#restore();
    await origin.#follow();
    const sweep = setInterval(() => origin.#sweep(), SWEEP_EVERY_MS);
    const count = setInterval(() => origin.#publishViewers(), PUBLISH_VIEWERS_EVERY_MS);
    origin.#disposer.defer(() => clearInterval(sweep));
    origin.#disposer.defer(() => clearInterval(count));
    return origin;
  }

  event(eventId: string): EventStore | undefined {
    return this.#events.get(eventId)?.store;
  }

  /** Everything that the origin answers: reads of relays under `/hls/`, pushes under `/push/`. */
  readonly handler = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = (req.url ?? '/').split('?', 1)[0] ?? '/';
    if (path.startsWith('/push/')) {
      await this.#push.handle(req, res);
      return;
    }
    await this.#verifier.verify('node', bearerOf(req.headers.authorization));
    if (path.startsWith('/hls/')) {
      if (req.method !== 'GET' && req.method !== 'HEAD') throw new AmphiError('method_not_allowed');
      await this.#read(req, res);
    } else if (path.startsWith('/state/')) {
      sendJson(res, this.#stateOf(path.slice('/state/'.length)));
    } else {
      throw new AmphiError('not_found');
    }
  };

  async #read(req: IncomingMessage, res: ServerResponse): Promise<void> {
    this.#reads++;
    try {
      await serveOrigin({ event: (id) => this.event(id), viewers: this.#viewers }, req, res);
      this.#counters.readsTotal.inc({ result: 'answered' });
    } catch (error) {
      this.#counters.readsTotal.inc({ result: 'refused' });
      throw error;
    } finally {
      this.#reads--;
    }
  }

  async close(): Promise<void> {
    await this.#disposer.close();
    await Promise.all([...this.#stores()].map((event) => event.close()));
  }

  *#stores(): IterableIterator<EventStore> {
    for (const { store } of this.#events.values()) yield store;
  }

  #stateOf(eventId: string): OriginState {
    const event = this.event(eventId);
    const { trouble } = this.#budget;
    return {
      viewers: event?.status.value.viewers ?? 0,
      renditions: event?.views() ?? [],
      withdrawn: [...(event?.withdrawn ?? [])],
      ...(trouble === undefined ? {} : { diskTrouble: trouble }),
    };
  }

  #eventFor(eventId: string): EventStore {
    const known = this.event(eventId);
    if (known !== undefined) return known;
    if (this.#events.size >= MAX_EVENTS)
      throw new AmphiError('too_many', 'too many events on this origin');
    const store = new EventStore({
      eventId,
      folder: join(this.#folder, eventId),
      dvrSeconds: this.#deps.config.edge.dvrSeconds,
      clock: systemClock,
      log: this.#log,
      spoolEvents: this.#budget,
    });
    this.#events.set(eventId, { store, heardAtMs: performance.now() });
    // What was said of it before it was known here.
    this.#refresh(eventId);
    return store;
  }

  #publishViewers(): void {
    for (const [eventId, viewers] of this.#viewers.sums()) {
      this.event(eventId)?.status.setViewers(viewers);
    }
  }

  /** Takes up what was on disk when the process before this one died. */
  async #restore(): Promise<void> {
    for (const eventId of await readdir(this.#folder)) {
      if (!eventIdSchema.safeParse(eventId).success) continue;
      try {
        const store = this.#eventFor(eventId);
        if (await store.restore()) {
          this.#log.info({ eventId, runId: store.runId }, 'DVR window taken up again');
        }
      } catch (error) {
        this.#log.warn({ eventId, reason: messageOf(error) }, 'DVR on disk is not readable');
      }
    }
  }

  async #follow(): Promise<void> {
    const { subscriber } = this.#deps;
    subscriber.on('message', (_channel: string, text: string) => this.#setLive(text));
    // What was said while the connection was away.
    subscriber.on('ready', () => {
      for (const eventId of this.#events.keys()) this.#refresh(eventId);
    });
    await subscriber.subscribe(LIVE_CHANNEL);
    this.#disposer.defer(() => subscriber.disconnect());
  }

  #setLive(text: string): void {
    try {
      const live = liveStateSchema.parse(JSON.parse(text));
      this.#eventFor(live.eventId).setLive(live);
      const known = this.#events.get(live.eventId);
      if (known !== undefined) known.heardAtMs = performance.now();
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'live state not taken in');
    }
  }

  /** Asks what is known of the event now. */
  #refresh(eventId: string): void {
    const ask = async () => {
      const text = await this.#deps.redis.get(liveKey(eventId));
      if (text === null) this.event(eventId)?.status.setGone();
      else this.#setLive(text);
    };
    ask().catch((error) =>
      this.#log.debug({ eventId, reason: messageOf(error) }, 'live state unknown'),
    );
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const [eventId, known] of this.#events) {
      const { store } = known;
      store.trim();
      if (store.isExpired) store.clear();
      if (nowMs - known.heardAtMs < LIVE_TTL_SECONDS * 1_000) continue;
      if (store.runId === undefined) {
        this.#forget(eventId, store);
      } else {
        known.heardAtMs = nowMs;
        this.#refresh(eventId);
      }
    }
    this.#budget.sweep();
  }

  /** Nothing is kept of it and nobody speaks of it. */
  #forget(eventId: string, store: EventStore): void {
    this.#events.delete(eventId);
    store
      .close()
      .then(async () => {
        if (this.#events.has(eventId)) return;
        await rm(join(this.#folder, eventId), { recursive: true, force: true });
      })
      .catch((error) =>
        this.#log.warn({ eventId, reason: messageOf(error) }, 'folder not removed'),
      );
  }
}
