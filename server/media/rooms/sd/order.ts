import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError, type Closable, Emitter, type Logger, messageOf } from '#base';
import { FrameReader, frame } from '#callserver';
import {
  type RenditionUnit,
  ROOM_RENDITION_OPENING,
  ROOM_RENDITION_UNIT,
  type RoomRenditionOpening,
  readRenditionUnit,
  renditionUnitHeader,
} from '#contracts';
import { sendProblem } from '#platform';

/** A worker that does not take the source in time loses some, up to the next key frame. */
const MAX_BACKLOG_BYTES = 2 * 1024 * 1024;
/** A worker that makes nothing of what comes is let go. */
const SILENCE_MS = 10_000;

type Unit = Omit<RenditionUnit, 'track'>;

type Events = {
  /** A worker makes it from now on: it needs the source, beginning with a key frame. */
  up: readonly [];
  /** The worker has gone, or fell silent. */
  down: readonly [];
  /** What was made. The payload is a view that holds for the call. */
  unit: readonly [unit: Unit, workerNode: string];
  closed: readonly [];
};

/** One smaller version that the bank is to make, and the worker that makes it at the moment. */
export class SdOrder extends Emitter<Events> implements Closable {
  readonly opening: RoomRenditionOpening;
  readonly #log: Logger;
  /** To the worker. */
  #line: ServerResponse | undefined;
  #needsKey = true;
  /** Since when the worker has been given something without making anything of it. */
  #owedSinceMs: number | undefined;
  #closed = false;

  constructor(opening: RoomRenditionOpening, log: Logger) {
    super();
    this.opening = opening;
    this.#log = log;
  }

  get up(): boolean {
    return this.#line !== undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * A worker has come; who was there before is sent away. Settles when its
   * stream has ended; throws what breaks the protocol.
   */
  async take(req: IncomingMessage, res: ServerResponse, workerNode: string): Promise<void> {
    if (this.#closed) throw new AmphiError('not_found', 'nobody wants it any more');
    this.#hangUp();
    this.#line = res;
    this.#needsKey = true;
    this.#owedSinceMs = undefined;
    res.writeHead(200, { 'content-type': 'application/octet-stream' });
    res.write(frame(ROOM_RENDITION_OPENING, Buffer.from(JSON.stringify(this.opening))));
    res.on('error', () => {});
    this.emit('up');
    try {
      const reader = new FrameReader();
      for await (const chunk of req) {
        for (const { kind, payload } of reader.push(chunk as Buffer)) {
          if (kind !== ROOM_RENDITION_UNIT) {
            throw new AmphiError('protocol_violation', 'an unexpected frame');
          }
          if (this.#line !== res) continue;
          this.#owedSinceMs = undefined;
          this.emit('unit', readRenditionUnit(payload), workerNode);
        }
      }
    } catch (error) {
      this.#log.debug({ reason: messageOf(error) }, 'the worker of a smaller picture broke off');
      if (res.headersSent) res.destroy();
      else sendProblem(res, error);
    } finally {
      if (this.#line === res) this.#hangUp();
    }
  }

  /** A unit of the source. False when it has no use for it: a key frame must come first. */
  send({ key, capturedUs, payload }: Unit): boolean {
    const res = this.#line;
    if (res === undefined || res.writableLength > MAX_BACKLOG_BYTES || (this.#needsKey && !key)) {
      this.#needsKey = true;
      return false;
    }
    this.#needsKey = false;
    const nowMs = performance.now();
    this.#owedSinceMs ??= nowMs;
    if (nowMs - this.#owedSinceMs > SILENCE_MS) {
      this.#hangUp();
      return false;
    }
    const head = renditionUnitHeader({ track: 0, key, capturedUs });
    res.write(frame(ROOM_RENDITION_UNIT, head, payload));
    return true;
  }

  #hangUp(): void {
    const line = this.#line;
    if (line === undefined) return;
    this.#line = undefined;
    line.end();
    this.emit('down');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#hangUp();
    this.emit('closed');
  }
}
