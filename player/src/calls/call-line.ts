import type { RetryPolicy } from '#base';
import type { CallEvent, CallMessageInput } from '#contracts';
import {
  ReconnectingSocket,
  type SocketLike,
  type SocketState,
} from '../room/signal/reconnecting-socket.ts';
import { SignalError } from '../room/signal/signal-client.ts';

type WithoutRef<Message> = Message extends unknown ? Omit<Message, 'ref'> : never;
export type Asked = WithoutRef<CallMessageInput>;
type Done = Omit<Extract<CallEvent, { type: 'ok' }>, 'type' | 'ref'>;

export interface CallLineOptions {
  /** The address with a token that opens it, asked for before each attempt, for as long as that lasts. */
  address: (signal: AbortSignal) => Promise<string>;
  onEvent: (event: CallEvent) => void;
  onState: (state: SocketState) => void;
  /** It is over for good: the server does not want us back. */
  onEnd: (reason: string) => void;
  open?: (url: string) => SocketLike;
  retry?: RetryPolicy;
}

const PING_MS = 10_000;
/** Nothing at all came for so long: the connection is dead though nobody said so. */
const SILENT_MS = 25_000;
const FLOOD = 1008;
/** Whoever waits for calls waits for as long as the page is open. */
const RETRY: RetryPolicy = { baseMs: 500, capMs: 10_000, jitter: 0.3, attempts: Infinity };

/**
 * The socket of an account. When it breaks it is made anew, and `hello` says
 * how things stand: nothing is repeated, and what had no answer yet is refused
 * with `closed`, since it may have been done.
 */
export class CallLine {
  readonly #options: CallLineOptions;
  readonly #socket: ReconnectingSocket;
  readonly #pending = new Map<
    string,
    { resolve: (done: Done) => void; reject: (error: SignalError) => void }
  >();
  readonly #timer: ReturnType<typeof setInterval>;
  #refs = 0;
  #heardAt = 0;

  constructor(options: CallLineOptions) {
    this.#options = options;
    const { address, open, retry = RETRY } = options;
    this.#socket = new ReconnectingSocket({
      url: address,
      ...(open === undefined ? {} : { open }),
      retry,
      onMessage: (message) => this.#heard(message as CallEvent),
      onState: (state) => this.#onState(state),
      onEnd: ({ reason }) => {
        this.#finish();
        options.onEnd(reason);
      },
      isFinal: (code) => code === FLOOD,
    });
    this.#timer = setInterval(() => this.#watch(), PING_MS);
  }

  /** Resolves once the server has done it; rejects with `SignalError` when it refuses or the connection breaks. */
  request(message: Asked): Promise<Done> {
    return new Promise((resolve, reject) => {
      const ref = String(++this.#refs);
      if (this.#socket.send({ ...message, ref })) this.#pending.set(ref, { resolve, reject });
      else reject(new SignalError('closed', 'There is no connection to the server now.'));
    });
  }

  /** The network has changed: what seems open may be dead. */
  reconnectNow(): void {
    this.#socket.reconnectNow();
  }

  close(): void {
    this.#socket.close();
    this.#finish();
  }

  #heard(event: CallEvent): void {
    this.#heardAt = Date.now();
    if (event.type === 'ok') {
      this.#pending.get(event.ref)?.resolve(event);
      this.#pending.delete(event.ref);
    } else if (event.type === 'error') {
      const { ref = '', code, message } = event;
      this.#pending.get(ref)?.reject(new SignalError(code, message));
      this.#pending.delete(ref);
    } else {
      this.#options.onEvent(event);
    }
  }

  #onState(state: SocketState): void {
    if (state === 'open') this.#heardAt = Date.now();
    else this.#refuseAll();
    this.#options.onState(state);
  }

  #watch(): void {
    if (this.#socket.state !== 'open') return;
    if (Date.now() - this.#heardAt > SILENT_MS) this.#socket.reconnectNow();
    else this.#socket.send({ type: 'ping', sent: Date.now() });
  }

  #finish(): void {
    clearInterval(this.#timer);
    this.#refuseAll();
  }

  #refuseAll(): void {
    for (const { reject } of this.#pending.values()) {
      reject(new SignalError('closed', 'The connection to the server broke.'));
    }
    this.#pending.clear();
  }
}
