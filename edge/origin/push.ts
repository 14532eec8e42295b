import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError, type ErrorCode, isAmphiError, type Logger, messageOf } from '#base';
import {
  eventIdSchema,
  PUSH_NEWEST_HEADER,
  RENDITION_HEADER,
  type Rendition,
  renditionIdSchema,
  renditionSchema,
} from '#contracts';
import { bearerOf, sendJson, type TokenVerifier, validate } from '#platform';
import type { EventStore } from './event-store.ts';
import { PushReader } from './push-reader.ts';

/** What transcoders send: renditions over long PUTs, pictures, and the word that it is over. */

export interface PushDeps {
  tokens: TokenVerifier;
  log: Logger;
  /** The event, made if it is not there. Throws `too_many`. */
  eventFor: (eventId: string) => EventStore;
  event: (eventId: string) => EventStore | undefined;
  /** A picture was not written. */
  onTrouble: (reason: string) => void;
  onPart: (bytes: number) => void;
  /** A part cannot be decoded where it would stand. */
  onSkipped: () => void;
  onRefused: (code: ErrorCode) => void;
}

const MAX_THUMBNAIL_BYTES = 256 * 1024;
/** A program never pauses, so a push that is silent for so long has lost its writer. */
const SILENCE_MS = 30_000;

export class PushReceiver {
  readonly #deps: PushDeps;
  /** The push under way of each rendition, by event, run and rendition. */
  readonly #writers = new Map<string, AbortController>();

  constructor(deps: PushDeps) {
    this.#deps = deps;
  }

  /** Pushes under way. */
  get count(): number {
    return this.#writers.size;
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      await this.#handle(req, res);
    } catch (error) {
      this.#deps.onRefused(isAmphiError(error) ? error.code : 'internal');
      throw error;
    }
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
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
      const rendition = renditionOf(req);
      if (rendition.renditionId !== name)
        throw new AmphiError('bad_request', 'the path names another rendition');
      await this.#receive(req, res, eventId, rendition, fence);
      return;
    }
    const event = this.#deps.event(eventId);
    const runId = url.searchParams.get('run') ?? '';
    if (req.method === 'GET' && rest === undefined) {
      const held =
        event?.runId === runId ? event.rendition(validate(renditionIdSchema, name)) : undefined;
      sendJson(res, held?.store.position ?? {});
      return;
    }
    const withdraws = req.method === 'DELETE' && rest === undefined;
    if (!withdraws && (req.method !== 'POST' || rest === undefined)) {
      throw new AmphiError('method_not_allowed');
    }
    if (event === undefined || event.runId !== runId)
      throw new AmphiError('not_live', `run ${runId} is not here`);
    if (name === 'thumbnails') {
      await this.#receiveThumbnail(req, event, Number(rest));
    } else {
      const renditionId = validate(renditionIdSchema, name);
      event.checkFence(runId, renditionId, fence);
      if (withdraws) event.withdraw(renditionId);
      else event.end(renditionId);
    }
    sendJson(res, {});
  }

  /** One long push. It ends when the writer ends it, breaks a rule, falls silent, or is overtaken. */
  async #receive(
    req: IncomingMessage,
    res: ServerResponse,
    eventId: string,
    rendition: Rendition,
    fence: number,
  ): Promise<void> {
    const event = this.#deps.eventFor(eventId);
    const held = event.open(rendition, fence);
    const { store, catchUp } = held;
    const { renditionId, runId } = rendition;
    catchUp.pusherStands(newestOf(req));
    const writer = this.#takeTurn(`${eventId}/${runId}/${renditionId}`);
    const log = this.#deps.log.child({ eventId, renditionId, fence });
    let init = 0;
    let skipped = 0;
    const reader = new PushReader(rendition.kind, {
      onInit: (bytes) => {
        event.checkFence(runId, renditionId, fence);
        init = event.addInit(held, bytes);
      },
      onPart: (part) => {
        event.checkFence(runId, renditionId, fence);
        if (store.append(init, part) === 'skipped') {
          skipped++;
          this.#deps.onSkipped();
        }
        this.#deps.onPart(part.bytes.length);
      },
    });
    log.info({}, 'push begins');
    let reason: unknown = 'done';
    const onAbort = () => req.destroy(writer.signal.reason);
    writer.signal.addEventListener('abort', onAbort, { once: true });
    req.setTimeout(SILENCE_MS, () => req.destroy(new Error('the writer fell silent')));
    try {
      for await (const chunk of req) reader.push(chunk as Buffer);
      if (!reader.atBoundary) throw new AmphiError('bad_media', 'the push ends inside a box');
      sendJson(res, {});
    } catch (error) {
      reason = error;
      // A foreign error is the writer's connection that broke; it, or another, comes back.
      if (!isAmphiError(error)) return;
      // The rest of what the writer sends is not read: the answer goes out, then the connection ends.
      res.once('finish', () => req.destroy());
      res.setHeader('connection', 'close');
      throw error;
    } finally {
      writer.signal.removeEventListener('abort', onAbort);
      this.#endTurn(`${eventId}/${runId}/${renditionId}`, writer);
      log.info({ reason: messageOf(reason), ...(skipped > 0 ? { skipped } : {}) }, 'push ends');
    }
  }

  /** One writer at a time: the one before is sent away, dead or alive. */
  #takeTurn(key: string): AbortController {
    this.#writers.get(key)?.abort(new Error('another push of this rendition began'));
    const writer = new AbortController();
    this.#writers.set(key, writer);
    return writer;
  }

  #endTurn(key: string, writer: AbortController): void {
    if (this.#writers.get(key) === writer) this.#writers.delete(key);
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
      .catch((error) => this.#deps.onTrouble(messageOf(error)));
  }
}

/** Where the newest ends that the pusher ever sent, in microseconds since the epoch. */
function newestOf(req: IncomingMessage): number | undefined {
  const newest = Number(req.headers[PUSH_NEWEST_HEADER] ?? Number.NaN);
  return Number.isFinite(newest) && newest > 0 ? newest : undefined;
}

function renditionOf(req: IncomingMessage): Rendition {
  let value: unknown;
  try {
    value = JSON.parse(String(req.headers[RENDITION_HEADER]));
  } catch (cause) {
    throw new AmphiError('bad_request', {
      detail: `the header ${RENDITION_HEADER} is not valid`,
      cause,
    });
  }
  return validate(renditionSchema, value);
}
