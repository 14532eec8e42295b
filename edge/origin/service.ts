import { mkdir, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { AmphiError, type Closable, Disposer, type Logger, messageOf, systemClock } from '#base';
import type { Config } from '#config';
import {
  eventIdSchema,
  LIVE_CHANNEL,
  type LiveState,
  liveKey,
  liveStateSchema,
  type OriginState,
  RENDITION_HEADER,
  type Rendition,
  renditionIdSchema,
  renditionSchema,
} from '#contracts';
import { bearerOf, type Redis, sendJson, type TokenIssuer, validate } from '#platform';
import { EventStore } from './event-store.ts';
import { serveOrigin } from './http.ts';
import { PushReader } from './push-reader.ts';

export interface OriginDeps {
  config: Config;
  redis: Redis;
  /** A connection of its own, for subscribing. */
  subscriber: Redis;
  tokens: TokenIssuer;
  log: Logger;
}

const TRIM_EVERY_MS = 2_000;
const MAX_EVENTS = 500;
const MAX_THUMBNAIL_BYTES = 256 * 1024;
/** When the disk is full, this share of what is kept goes at once. */
const SHRINK_SHARE = 0.1;
const WARN_EVERY_MS = 30_000;

/** Takes what transcoders push, keeps the DVR window, and serves it to relays and viewers. */
export class OriginService implements Closable {
  readonly #deps: OriginDeps;
  readonly #log: Logger;
  readonly #folder: string;
  readonly #events = new Map<string, EventStore>();
  readonly #disposer = new Disposer();
  #lastWarning = 0;
  #diskTrouble: string | undefined;

  private constructor(deps: OriginDeps) {
    this.#deps = deps;
    this.#log = deps.log;
    this.#folder = join(deps.config.dataDir, 'dvr');
  }

  static async start(deps: OriginDeps): Promise<OriginService> {
    const origin = new OriginService(deps);
    await mkdir(origin.#folder, { recursive: true });
    await origin.#restore();
    await origin.#follow();
    const timer = setInterval(() => origin.#trim(), TRIM_EVERY_MS);
    origin.#disposer.defer(() => clearInterval(timer));
    return origin;
  }

  /** What is wrong with the disk, if anything, for the health report. */
  get diskTrouble(): string | undefined {
    return this.#diskTrouble;
  }

  event(eventId: string): EventStore | undefined {
    return this.#events.get(eventId);
  }

  /** Everything that the origin answers: reads under `/hls/`, pushes under `/push/`. */
  readonly handler = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = (req.url ?? '/').split('?', 1)[0] ?? '/';
    if (path.startsWith('/hls/')) {
      if (req.method !== 'GET' && req.method !== 'HEAD') throw new AmphiError('method_not_allowed');
      await serveOrigin(this, req, res);
    } else if (path.startsWith('/push/')) {
      await this.#push(req, res);
    } else if (path.startsWith('/state/')) {
      await this.#deps.tokens.verify('node', bearerOf(req.headers.authorization));
      sendJson(res, this.#stateOf(path.slice('/state/'.length)));
    } else {
      throw new AmphiError('not_found');
    }
  };

  async close(): Promise<void> {
    await this.#disposer.close();
    await Promise.all([...this.#events.values()].map((event) => event.close()));
  }

  async #push(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://origin');
    const [, , eventText, name, rest] = url.pathname.split('/');
    const eventId = validate(eventIdSchema, eventText);
    const { sub, fence } = await this.#deps.tokens.verify(
      'push',
      bearerOf(req.headers.authorization),
    );
    if (sub !== eventId || fence === undefined) {
      throw new AmphiError('forbidden', 'this token is for another event');
    }
    if (req.method === 'PUT' && rest === undefined) {
      const rendition = this.#renditionOf(req);
      if (rendition.renditionId !== name)
        throw new AmphiError('bad_request', 'the path names another rendition');
      await this.#receive(req, res, eventId, rendition, fence);
      return;
    }
    const event = this.#events.get(eventId);
    const runId = url.searchParams.get('run') ?? '';
    if (req.method === 'GET' && rest === undefined) {
      const held =
        event?.runId === runId ? event.rendition(validate(renditionIdSchema, name)) : undefined;
      sendJson(res, held?.store.position ?? {});
      return;
    }
    if (req.method !== 'POST' || rest === undefined) throw new AmphiError('method_not_allowed');
    if (event === undefined || event.runId !== runId)
      throw new AmphiError('not_live', `run ${runId} is not here`);
    if (name === 'thumbnails') {
      await this.#receiveThumbnail(req, event, Number(rest));
    } else {
      const renditionId = validate(renditionIdSchema, name);
      event.checkFence(runId, renditionId, fence);
      event.rendition(renditionId)?.store.end();
    }
    sendJson(res, {});
  }

  #stateOf(eventId: string): OriginState {
    const event = this.#events.get(eventId);
    return {
      viewers: event?.status.viewers ?? 0,
      renditions: event?.views() ?? [],
      ...(this.#diskTrouble === undefined ? {} : { diskTrouble: this.#diskTrouble }),
    };
  }

  #renditionOf(req: IncomingMessage): Rendition {
    const header = req.headers[RENDITION_HEADER];
    try {
      return validate(renditionSchema, JSON.parse(String(header)));
    } catch (cause) {
      if (cause instanceof AmphiError) throw cause;
      throw new AmphiError('bad_request', {
        detail: `the header ${RENDITION_HEADER} is not valid`,
        cause,
      });
    }
  }

  /** One long push. It ends when the writer ends it, breaks a rule, or is overtaken. */
  async #receive(
    req: IncomingMessage,
    res: ServerResponse,
    eventId: string,
    rendition: Rendition,
    fence: number,
  ): Promise<void> {
    const event = this.#eventFor(eventId);
    const held = await event.open(rendition, fence);
    const { store } = held;
    let init = 0;
    const reader = new PushReader(rendition.kind, {
      onInit: (bytes) => {
        init = store.addInit(bytes);
      },
      onPart: (part) => {
        event.checkFence(rendition.runId, rendition.renditionId, fence);
        store.append(init, part);
      },
    });
    const log = this.#log.child({ eventId, renditionId: rendition.renditionId, fence });
    log.info({}, 'push begins');
    try {
      for await (const chunk of req) reader.push(chunk as Buffer);
    } catch (error) {
      log.info({ reason: messageOf(error) }, 'push ends');
      if (error instanceof AmphiError) {
        res.once('finish', () => req.destroy());
        throw error;
      }
      // The writer's connection broke; it, or another, comes back.
      return;
    }
    if (!reader.atBoundary) throw new AmphiError('bad_media', 'the push ends inside a box');
    log.info({}, 'push ends');
    sendJson(res, {});
  }

  async #receiveThumbnail(req: IncomingMessage, event: EventStore, timeMs: number): Promise<void> {
    if (!Number.isSafeInteger(timeMs) || timeMs <= 0)
      throw new AmphiError('bad_request', 'no time');
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of req) {
      size += (chunk as Buffer).length;
      if (size > MAX_THUMBNAIL_BYTES) throw new AmphiError('body_too_large');
      chunks.push(chunk as Buffer);
    }
    const jpeg = Buffer.concat(chunks);
    if (jpeg.length < 4 || jpeg.readUInt16BE(0) !== 0xffd8)
      throw new AmphiError('bad_media', 'not a JPEG picture');
    await event.thumbnails
      .add(event.thumbnailFolder(), timeMs, jpeg)
      .catch((error) => this.#trouble(messageOf(error), true));
  }

  #eventFor(eventId: string): EventStore {
    const known = this.#events.get(eventId);
    if (known !== undefined) return known;
    if (this.#events.size >= MAX_EVENTS)
      throw new AmphiError('too_many', 'too many events on this origin');
    const event = new EventStore({
      eventId,
      folder: join(this.#folder, eventId),
      dvrSeconds: this.#deps.config.edge.dvrSeconds,
      clock: systemClock,
      log: this.#log,
      spoolEvents: { onTrouble: (reason, full) => this.#trouble(reason, full) },
    });
    this.#events.set(eventId, event);
    return event;
  }

  /** Takes up what was on disk when the process before this one died. */
  async #restore(): Promise<void> {
    for (const eventId of await readdir(this.#folder)) {
      if (!eventIdSchema.safeParse(eventId).success) continue;
      const event = this.#eventFor(eventId);
      const text = await this.#deps.redis.get(liveKey(eventId)).catch(() => null);
      if (text !== null) this.#setLive(text);
      const runIds = await readdir(join(this.#folder, eventId));
      for (const runId of runIds) {
        const folder = join(this.#folder, eventId, runId);
        const names = await readdir(folder).catch(() => []);
        const renditionIds = names.filter((name) => name !== 'thumbnails');
        try {
          if (event.runId === undefined && (await event.restore(runId, renditionIds))) {
            this.#log.info({ eventId, runId }, 'DVR window taken up again');
          } else if (event.runId !== runId) {
            await rm(folder, { recursive: true, force: true });
          }
        } catch (error) {
          this.#log.warn(
            { eventId, runId, reason: messageOf(error) },
            'run on disk is not readable',
          );
        }
      }
    }
  }

  async #follow(): Promise<void> {
    const { subscriber } = this.#deps;
    subscriber.on('message', (_channel: string, text: string) => this.#setLive(text));
    await subscriber.subscribe(LIVE_CHANNEL);
    this.#disposer.defer(() => subscriber.disconnect());
  }

  #setLive(text: string): void {
    let live: LiveState;
    try {
      live = liveStateSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'live state not understood');
      return;
    }
    this.#eventFor(live.eventId).setLive(live);
  }

  #trim(): void {
    let bytes = 0;
    for (const event of this.#events.values()) {
      event.trim();
      bytes += event.bytesOnDisk;
    }
    const limit = this.#deps.config.edge.dvrMaxBytes;
    if (bytes > limit) this.#shrink(bytes - limit * (1 - SHRINK_SHARE));
  }

  /** Frees about so many bytes, oldest segments first, of whichever event. */
  #shrink(bytes: number): void {
    let left = bytes;
    const stores = [...this.#events.values()].flatMap((event) =>
      event.renditions.map(({ store }) => store),
    );
    const oldest = stores
      .flatMap((store) => store.segments.slice(0, -3).map((segment) => ({ store, segment })))
      .sort((a, b) => a.segment.startUs - b.segment.startUs);
    for (const { store, segment } of oldest) {
      if (left <= 0) break;
      left -= segment.size;
      store.trim(segment.startUs + segment.durationUs + 1);
    }
  }

  #trouble(reason: string, full: boolean): void {
    this.#diskTrouble = reason;
    if (full) {
      let bytes = 0;
      for (const event of this.#events.values()) bytes += event.bytesOnDisk;
      this.#shrink(bytes * SHRINK_SHARE);
    }
    if (performance.now() - this.#lastWarning < WARN_EVERY_MS) return;
    this.#lastWarning = performance.now();
    this.#log.warn(
      { reason },
      full ? 'the disk is full: live goes on, the DVR window shrinks' : 'DVR not written',
    );
  }
}
