import type { ClientMessageInput, ServerMessage } from '#contracts';
import { ReconnectingSocket, type SocketLike, type SocketState } from './reconnecting-socket.ts';

/** Without the `ref`, which is chosen here; each kind of message for itself. */
type WithoutRef<Message> = Message extends unknown ? Omit<Message, 'ref'> : never;
export type Outgoing = WithoutRef<ClientMessageInput>;
type JoinMessage = Extract<ClientMessageInput, { type: 'join' }>;

/** The server refused what was asked; `code` is one of the API's. */
export class SignalError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'SignalError';
    this.code = code;
  }
}

/** How a conversation ended with which the server does not want to go on. */
export interface SignalEnd {
  /** Of the WebSocket. */
  code: number;
  /** The error that answered the first message on it, where that was refused. */
  refusal?: { code: string; message: string } | undefined;
}

export interface SignalClientOptions {
  /** With the first token in it. */
  url: string;
  join: () => JoinMessage;
  onMessage: (message: ServerMessage) => void;
  onState: (state: SocketState) => void;
  /** It is over. */
  onEnd: (end: SignalEnd) => void;
  open?: (url: string) => SocketLike;
  now?: () => number;
}

interface Pending {
  message: Outgoing & { ref: string };
  resolve: (ok: { messageId?: string | undefined }) => void;
  reject: (error: SignalError) => void;
}

const PING_MS = 5_000;
/** Nothing at all came for so long: the connection is dead though nobody said so. */
const SILENT_MS = 12_000;
/** Or for so long, where there is reason to doubt. */
const PROBE_MS = 2_000;
/** What waits for an answer. All of it is said again at once after a break: half of what the server takes at once. */
const MOST_PENDING = 100;
/** After these the server does not want us back: normal, flood, too large a frame, elsewhere, removed, ended, not joined. */
const FINAL_CODES = new Set([1000, 1008, 1009, 4001, 4003, 4004, 4010]);

/**
 * The signalling of one meeting as one unbroken conversation. When the
 * connection breaks it resumes: the server repeats what was missed, and what
 * was sent without an answer is sent again, with the same `ref`, so that it is
 * not done twice.
 */
export class SignalClient {
  readonly #options: SignalClientOptions;
  readonly #socket: ReconnectingSocket;
  readonly #pending = new Map<string, Pending>();
  readonly #timer: ReturnType<typeof setInterval>;
  #probing: ReturnType<typeof setTimeout> | undefined;
  #url: string;
  /** What it came with. */
  #join: JoinMessage | undefined;
  #resumeKey: string | undefined;
  #sequence = 0;
  #refs = 0;
  #lastHeard = 0;
  /** Whether the server has taken up the conversation on the present connection. */
  #isTakenUp = false;
  /** What the first message on the present connection was answered with, where it was refused. */
  #refusal: SignalEnd['refusal'];
  #roundTripMs: number | undefined;

  constructor(options: SignalClientOptions) {
    this.#options = options;
    this.#url = options.url;
    this.#socket = new ReconnectingSocket({
      url: () => this.#url,
      ...(options.open === undefined ? {} : { open: options.open }),
      onMessage: (message) => this.#heard(message as ServerMessage),
      onState: (state) => this.#onState(state),
      onEnd: ({ code }) => this.#end(code),
      isFinal: (code) => FINAL_CODES.has(code),
    });
    this.#timer = setInterval(() => this.#watch(), PING_MS);
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** The newest one that the server has given out: it is good for some minutes. */
  get token(): string {
    return new URL(this.#url).searchParams.get('token') ?? '';
  }

  /**
   * Resolves once the server has done it; rejects with `SignalError` when it
   * refuses. A break of the connection meanwhile only makes it take longer.
   */
  request(message: Outgoing): Promise<{ messageId?: string | undefined }> {
    return new Promise((resolve, reject) => {
      if (this.#socket.state === 'closed') {
        reject(new SignalError('closed', 'The room has been left.'));
        return;
      }
      if (this.#pending.size >= MOST_PENDING) {
        reject(new SignalError('busy', 'The server is slow to answer. Try again in a moment.'));
        return;
      }
      const ref = String(++this.#refs);
      const whole = { ...message, ref };
      this.#pending.set(ref, { message: whole, resolve, reject });
      if (this.#isTakenUp) this.#socket.send(whole);
    });
  }

  /** Like `request`, where nobody waits for the answer. */
  send(message: Outgoing): void {
    this.request(message).catch((error: SignalError) => {
      if (error.code !== 'closed') console.warn(`signalling: ${message.type}: ${error.message}`);
    });
  }

  /** The network has changed: what seems open may be dead. */
  reconnectNow(): void {
    this.#socket.reconnectNow();
  }

  /** Other things than the signalling have gone silent: looks whether it has, too. */
  probe(): void {
    if (this.#probing !== undefined || this.#socket.state !== 'open') return;
    const askedAt = this.#now();
    this.#socket.send({ type: 'ping', sent: askedAt });
    this.#probing = setTimeout(() => {
      this.#probing = undefined;
      if (this.#lastHeard < askedAt && this.#socket.state === 'open') this.#socket.reconnectNow();
    }, PROBE_MS);
  }

  /** Leaves for good. */
  leave(): void {
    this.#socket.send({ type: 'leave' });
    this.#socket.close();
    this.#finish();
  }

  #onState(state: SocketState): void {
    this.#isTakenUp = false;
    if (state === 'open') {
      this.#refusal = undefined;
      this.#lastHeard = this.#now();
      if (this.#join === undefined || this.#resumeKey === undefined) {
        this.#join = this.#options.join();
        this.#socket.send(this.#join);
      } else {
        this.#socket.send({
          type: 'resume',
          participantId: this.#join.participantId,
          resumeKey: this.#resumeKey,
          sequence: this.#sequence,
        });
      }
    }
    this.#options.onState(state);
  }

  #heard(message: ServerMessage): void {
    this.#lastHeard = this.#now();
    if (message.type === 'pong') {
      this.#roundTripMs = Math.max(0, this.#now() - message.sent);
      return;
    }
    const isFresh = message.type === 'welcome' || message.sequence > this.#sequence;
    if (message.sequence > 0 && !isFresh) return;
    if (message.sequence > 0) this.#sequence = message.sequence;
    if (message.type === 'token') {
      const url = new URL(this.#url);
      url.searchParams.set('token', message.token);
      this.#url = url.href;
    }
    if (message.type === 'ok') {
      this.#pending.get(message.ref)?.resolve(message);
      this.#pending.delete(message.ref);
      return;
    }
    if (message.type === 'error' && message.ref === undefined && !this.#isTakenUp) {
      // A `join` or `resume` carries no `ref`.
      this.#refusal = { code: message.code, message: message.message };
    }
    if (message.type === 'error' && message.ref !== undefined) {
      this.#pending.get(message.ref)?.reject(new SignalError(message.code, message.message));
      this.#pending.delete(message.ref);
      return;
    }
    if (message.type === 'welcome' || message.type === 'waiting') {
      this.#resumeKey = message.resumeKey;
    }
    this.#options.onMessage(message);
    if (message.type === 'welcome' || message.type === 'resumed') this.#takeUp();
  }

  /** Says again what has no answer yet. */
  #takeUp(): void {
    this.#isTakenUp = true;
    for (const { message } of this.#pending.values()) this.#socket.send(message);
  }

  #watch(): void {
    if (this.#socket.state !== 'open') return;
    if (this.#now() - this.#lastHeard > SILENT_MS) this.#socket.reconnectNow();
    else this.#socket.send({ type: 'ping', sent: this.#now() });
  }

  #end(code: number): void {
    this.#finish();
    this.#options.onEnd({ code, refusal: this.#refusal });
  }

  #finish(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#probing);
    for (const { reject } of this.#pending.values()) {
      reject(new SignalError('closed', 'The room has been left.'));
    }
    this.#pending.clear();
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}
