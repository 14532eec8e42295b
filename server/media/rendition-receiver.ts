import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError, type Closable, type Logger, messageOf } from '#base';
import { FrameReader } from '#callserver';
import {
  eventIdSchema,
  RENDITION_FEED_OPENING,
  RENDITION_FEED_UNIT,
  readRenditionUnit,
  renditionFeedOpeningSchema,
} from '#contracts';
import { bearerOf, sendProblem, type TokenIssuer, validate } from '#platform';
import { EventRenditions, type RenditionWriter } from './event-renditions.ts';

/** A job always has something to say; one that is silent for so long has gone. */
const SILENCE_MS = 10_000;
/** An event more than this is refused. */
const MAX_EVENTS = 1_000;

export interface RenditionReceiverOptions {
  tokens: TokenIssuer;
  log: Logger;
}

/** Takes what the bank makes of `ultra` events: `POST /renditions/{eventId}` of transcoding jobs. */
export class RenditionReceiver implements Closable {
  readonly #options: RenditionReceiverOptions;
  readonly #events = new Map<string, EventRenditions>();
  /** Jobs that write at the moment. */
  writers = 0;

  constructor(options: RenditionReceiverOptions) {
    this.#options = options;
  }

  /** What there is of an event; undefined when nobody makes anything of it. */
  of(eventId: string): EventRenditions | undefined {
    return this.#events.get(eventId);
  }

  readonly handler = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.method !== 'POST') throw new AmphiError('method_not_allowed');
    const eventId = validate(eventIdSchema, req.url?.split('/')[2]);
    const bearer = bearerOf(req.headers.authorization);
    const { sub, fence } = await this.#options.tokens.verify('push', bearer);
    if (sub !== eventId || fence === undefined) {
      throw new AmphiError('forbidden', 'this token is for another event');
    }
    await this.#receive(req, res, this.#event(eventId), fence);
  };

  async close(): Promise<void> {
    await Promise.all([...this.#events.values()].map((event) => event.close()));
  }

  #event(eventId: string): EventRenditions {
    const known = this.#events.get(eventId);
    if (known !== undefined) return known;
    if (this.#events.size >= MAX_EVENTS) throw new AmphiError('too_many');
    const { log } = this.#options;
    const event = new EventRenditions(eventId, log.child({ eventId }));
    event.on('abandoned', () => {
      this.#events.delete(eventId);
      event
        .close()
        .catch((error) => log.debug({ eventId, reason: messageOf(error) }, 'not closed'));
    });
    this.#events.set(eventId, event);
    return event;
  }

  /** Reads one job's stream to its end. Rejects when it breaks a rule. */
  async #receive(
    req: IncomingMessage,
    res: ServerResponse,
    event: EventRenditions,
    fence: number,
  ): Promise<void> {
    const log = this.#options.log.child({ eventId: event.eventId, fence });
    const reader = new FrameReader();
    let writer: RenditionWriter | undefined;
    const sendAway = (error: AmphiError) => {
      // What is said last must be out before the connection goes.
      if (res.headersSent) res.end(JSON.stringify({ reason: error.message }), () => req.destroy());
      else sendProblem(res, error);
    };
    req.setTimeout(SILENCE_MS, () => req.destroy(new Error('the writer fell silent')));
    try {
      for await (const chunk of req) {
        for (const { kind, payload } of reader.push(chunk as Buffer)) {
          if (writer !== undefined && kind === RENDITION_FEED_UNIT) {
            writer.unit(readRenditionUnit(payload));
          } else if (writer === undefined && kind === RENDITION_FEED_OPENING) {
            const opening = validate(renditionFeedOpeningSchema, JSON.parse(payload.toString()));
            writer = event.write(opening, fence, () => sendAway(new AmphiError('stale_fence')));
            this.writers++;
            log.info({ tracks: opening.tracks.map(({ name }) => name) }, 'renditions for WebRTC');
            res.writeHead(200, { 'content-type': 'application/json' });
            res.flushHeaders();
          } else {
            throw new AmphiError('protocol_violation', 'an unexpected frame');
          }
        }
      }
      sendAway(new AmphiError('closed', 'the job has ended'));
    } catch (error) {
      log.info({ reason: messageOf(error) }, 'renditions for WebRTC broke off');
      if (!res.headersSent) throw error;
      // The request has let go of its connection; the answer still has it.
      res.destroy();
    } finally {
      if (writer !== undefined) this.writers--;
      writer?.close();
    }
  }
}
