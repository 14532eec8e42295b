import { type RetryPolicy, retryDelayMs } from '#base';

/** As much of a WebSocket as is used: tests bring their own. */
export interface SocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

export type SocketState = 'connecting' | 'open' | 'reconnecting' | 'closed';

export interface ReconnectingSocketOptions {
  /**
   * Where to connect to, asked for anew before each attempt: it may carry where
   * to resume. An answer that fails is an attempt that failed; the signal says
   * that the attempt is given up.
   */
  url: (signal: AbortSignal) => string | Promise<string>;
  onMessage: (message: unknown) => void;
  onState: (state: SocketState) => void;
  /** The other side ended it for good, or all attempts failed. */
  onEnd: (end: { code: number; reason: string }) => void;
  /** Whether a close by the other side is final. */
  isFinal: (code: number) => boolean;
  open?: (url: string) => SocketLike;
  retry?: RetryPolicy;
}

/** Quick at first: most breaks are a second of bad Wi-Fi, or a server that starts again. */
const RETRY: RetryPolicy = { baseMs: 250, capMs: 2_000, jitter: 0.3, attempts: 80 };
/** An attempt that has not led to a connection by then, the address included, is given up. */
const OPEN_MS = 8_000;
const OPEN = 1;

/**
 * A WebSocket of JSON texts that is made again whenever it breaks. It knows
 * nothing of what the messages say; what was sent while it was down is lost,
 * and `send` says so.
 */
export class ReconnectingSocket {
  readonly #options: ReconnectingSocketOptions;
  #socket: SocketLike | undefined;
  #state: SocketState = 'connecting';
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wasOpen = false;
  /** Of the present attempt: an address that comes late is of an earlier one. */
  #life = new AbortController();

  constructor(options: ReconnectingSocketOptions) {
    this.#options = options;
    this.#connect();
  }

  get state(): SocketState {
    return this.#state;
  }

  /** Sends at once; false when there is no connection now. */
  send(message: unknown): boolean {
    const socket = this.#socket;
    if (this.#state !== 'open' || socket?.readyState !== OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  }

  /** Drops a connection that seems dead, or an attempt that waits, and connects anew at once. */
  reconnectNow(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') this.#set('reconnecting');
    this.#attempt = 0;
    this.#connect();
  }

  close(code = 1000, reason = ''): void {
    if (this.#state === 'closed') return;
    this.#set('closed');
    clearTimeout(this.#timer);
    this.#drop(code, reason);
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#drop();
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.#timer = setTimeout(() => this.#failed(1006, 'no answer'), OPEN_MS);
    const url = this.#options.url(signal);
    if (typeof url === 'string') {
      this.#open(url);
      return;
    }
    url.then(
      (known) => {
        if (!signal.aborted) this.#open(known);
      },
      () => {
        if (!signal.aborted) this.#failed(1006, 'no address');
      },
    );
  }

  #open(url: string): void {
    const open =
      this.#options.open ?? ((address: string) => new WebSocket(address) as unknown as SocketLike);
    const socket = open(url);
    this.#socket = socket;
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#wasOpen = true;
      this.#set('open');
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket || typeof data !== 'string') return;
      let message: unknown;
      try {
        message = JSON.parse(data);
      } catch {
        return;
      }
      this.#options.onMessage(message);
    };
    socket.onclose = ({ code, reason }) => this.#lost(socket, code, reason);
  }

  #lost(socket: SocketLike, code: number, reason: string): void {
    if (socket !== this.#socket || this.#state === 'closed') return;
    this.#failed(code, reason);
  }

  #failed(code: number, reason: string): void {
    this.#drop();
    clearTimeout(this.#timer);
    const policy = this.#options.retry ?? RETRY;
    this.#attempt++;
    if (this.#options.isFinal(code) || this.#attempt > policy.attempts) {
      this.#set('closed');
      this.#options.onEnd({ code, reason });
      return;
    }
    this.#set(this.#wasOpen ? 'reconnecting' : 'connecting');
    this.#timer = setTimeout(() => this.#connect(), retryDelayMs(policy, this.#attempt));
  }

  #drop(code?: number, reason?: string): void {
    this.#life.abort();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code, reason);
  }

  #set(state: SocketState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
