import type { RawData, WebSocket } from 'ws';
import type { z } from 'zod';
import { AmphiError, type Logger } from '#base';
import { CLOSE_CODES } from '#contracts';
import { validate } from '#platform';
import type { FloodGuard } from './flood-guard.ts';
import { errorFrame } from './frames.ts';
import type { Line } from './line.ts';

/** More than this waiting to be read, and the reader is cut off: it may come again and resume. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** A peer that does not answer a close is cut off. */
const CLOSE_WITHIN_MS = 2_000;
/** A socket that has given no sign of life since the beat before last is taken for dead. */
const MOST_MISSED = 2;
const POLICY_VIOLATION = 1008;

export interface FrameSocketOptions<Message> {
  id: string;
  /** What a frame may say; its `ref` goes back with what is wrong with it. */
  schema: z.ZodType<Message>;
  /** What it throws is answered with an error. */
  receive: (message: Message) => void;
  closed: () => void;
  /** Who says all this, and what they have left. */
  flood: { guard: FloodGuard; who: string };
  log: Logger;
}

/** One WebSocket of JSON messages: takes frames apart, answers what is no message, and keeps the peer within bounds. */
export class FrameSocket<Message> implements Line {
  readonly id: string;
  readonly #socket: WebSocket;
  readonly #options: FrameSocketOptions<Message>;
  /** Beats since it was heard. */
  #missed = 0;

  constructor(socket: WebSocket, options: FrameSocketOptions<Message>) {
    this.id = options.id;
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data, isBinary) => this.#onFrame(data, isBinary));
    socket.on('pong', () => {
      this.#missed = 0;
    });
    // What breaks the protocol of WebSockets closes the socket with the right code by itself.
    socket.on('error', (error) => options.log.debug({ reason: error.message }, 'socket error'));
    socket.once('close', () => options.closed());
  }

  send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.close(CLOSE_CODES.slow, 'too much is waiting to be read');
      return;
    }
    this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState >= this.#socket.CLOSING) return;
    // A reason has 123 bytes at most (RFC 6455 5.5).
    this.#socket.close(code, reason.slice(0, 100));
    const cut = setTimeout(() => this.#socket.terminate(), CLOSE_WITHIN_MS);
    this.#socket.once('close', () => clearTimeout(cut));
  }

  /**
   * Asks for a sign of life; cuts off a peer that has given none. Beats are
   * counted, not seconds: when this process itself stood still, answers wait.
   */
  beat(): void {
    if (++this.#missed > MOST_MISSED) this.#socket.terminate();
    else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  #onFrame(data: RawData, isBinary: boolean): void {
    this.#missed = 0;
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const text = String(data);
    const { guard, who } = this.#options.flood;
    if (!guard.allows(who, text.length, performance.now())) {
      this.close(POLICY_VIOLATION, 'too many messages');
      return;
    }
    let ref: string | undefined;
    try {
      if (isBinary) throw new AmphiError('bad_request', 'Messages are text, not binary');
      const value = parse(text);
      ref = refOf(value);
      this.#options.receive(validate(this.#options.schema, value));
    } catch (error) {
      this.send(errorFrame(error, ref));
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AmphiError('bad_request', { detail: 'The message is not valid JSON', cause });
  }
}

/** The `ref` of a message, whatever else is wrong with it. */
function refOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('ref' in value)) return undefined;
  const { ref } = value;
  return typeof ref === 'string' && ref.length <= 64 ? ref : undefined;
}
