import type { RawData, WebSocket } from 'ws';
import { AmphiError, type Logger } from '#base';
import { CLOSE_CODES, type ClientMessage, clientMessageSchema } from '#contracts';
import { validate } from '#platform';
import type { RoomMessage } from '../room/room.ts';
import { errorFrame, unnumbered } from './frames.ts';
import type { Line } from './line.ts';
import { isRoomMessage } from './rooms.ts';
import { TokenBucket } from './token-bucket.ts';

const FLOOD = { perSecond: 50, burst: 200 };
const JOIN_WITHIN_MS = 10_000;
/** More than this waiting to be read, and the reader is cut off: it may come again and resume. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** A peer that does not answer a close is cut off. */
const CLOSE_WITHIN_MS = 2_000;
/** Without a sign of life for so long, a socket is taken for dead. */
const SILENCE_MS = 25_000;
const POLICY_VIOLATION = 1008;

type First = Extract<ClientMessage, { type: 'join' | 'resume' }>;

export interface SocketListener {
  open(line: Line, message: First): void;
  receive(line: Line, message: RoomMessage): void;
  closed(line: Line): void;
}

/** One WebSocket: takes frames apart, answers what is no message, and keeps the peer within bounds. */
export class SignalSocket implements Line {
  readonly id: string;
  readonly #socket: WebSocket;
  readonly #listener: SocketListener;
  readonly #bucket = new TokenBucket(FLOOD, performance.now());
  readonly #log: Logger;
  #joining: NodeJS.Timeout | undefined;
  #opened = false;
  #heardAt = performance.now();

  constructor(socket: WebSocket, options: { id: string; listener: SocketListener; log: Logger }) {
    this.id = options.id;
    this.#socket = socket;
    this.#listener = options.listener;
    this.#log = options.log;
    this.#joining = setTimeout(
      () => this.close(CLOSE_CODES.notJoined, 'nothing was said'),
      JOIN_WITHIN_MS,
    );
    socket.on('message', (data, isBinary) => this.#onFrame(data, isBinary));
    socket.on('pong', () => {
      this.#heardAt = performance.now();
    });
    // What breaks the protocol of WebSockets closes the socket with the right code by itself.
    socket.on('error', (error) => this.#log.debug({ reason: error.message }, 'socket error'));
    socket.once('close', () => {
      clearTimeout(this.#joining);
      this.#listener.closed(this);
    });
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

  /** Asks for a sign of life; cuts off a peer that has given none for long. */
  beat(): void {
    if (performance.now() - this.#heardAt > SILENCE_MS) this.#socket.terminate();
    else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  #onFrame(data: RawData, isBinary: boolean): void {
    const now = performance.now();
    this.#heardAt = now;
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (!this.#bucket.take(now)) {
      this.close(POLICY_VIOLATION, 'too many messages');
      return;
    }
    let ref: string | undefined;
    try {
      if (isBinary) throw new AmphiError('bad_request', 'Messages are text, not binary');
      const value = parse(String(data));
      ref = refOf(value);
      this.#onMessage(validate(clientMessageSchema, value));
    } catch (error) {
      this.send(errorFrame(error, ref));
    }
  }

  #onMessage(message: ClientMessage): void {
    if (message.type === 'ping') {
      const { sent } = message;
      this.send(unnumbered({ type: 'pong', sent, serverTime: Date.now() }));
      if (message.ref !== undefined) this.send(unnumbered({ type: 'ok', ref: message.ref }));
    } else if (isRoomMessage(message)) {
      if (!this.#opened) throw new AmphiError('conflict', 'Say join or resume first');
      this.#listener.receive(this, message);
    } else {
      if (this.#opened) throw new AmphiError('conflict', 'This socket has joined already');
      this.#opened = true;
      clearTimeout(this.#joining);
      this.#listener.open(this, message);
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
