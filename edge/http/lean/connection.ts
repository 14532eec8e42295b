import type { Socket } from 'node:net';
import { viewerAddress } from '#platform';
import type { Exchange, OutHeaders } from '../exchange.ts';
import type { Flow } from '../flow.ts';
import { dateNow, headText } from '../wire.ts';
import { type Fields, readFields } from './fields.ts';
import { type LeanHead, readHead } from './head.ts';

/** What a connection asks of its server. */
export interface LeanHost {
  /**
   * An answer that is at hand, head and body, for a GET of a whole resource;
   * undefined when there is more to it.
   */
  hot(url: string, connection: LeanConnection, fields: Fields): Buffer | undefined;
  /** Answers by and by. */
  handle(exchange: Exchange): void;
  /** Takes the connection over, with the bytes that were not understood here. */
  foreign(socket: Socket, bytes: Buffer): void;
  closed(connection: LeanConnection): void;
  /** Reverse proxies in front that are trusted to name the viewer's address. */
  readonly trustProxy: number;
}

/** Requests sent ahead wait here; beyond it the connection is not read on. */
const MAX_AHEAD_BYTES = 64 * 1024;
/** While more than this waits to be taken, no further request is answered. */
const MAX_UNSENT_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * One HTTP/1.1 connection as long as it asks for media. Requests are answered
 * one after the other, in their order.
 */
export class LeanConnection {
  readonly socket: Socket;
  readonly #remote: string;
  readonly #host: LeanHost;
  /** Bytes that have come and are not yet understood. */
  #pending: Buffer = NOTHING;
  /** Monotonic time since which a head has been incomplete. */
  headSinceMs: number | undefined;
  #current: LeanExchange | undefined;
  #fieldBytes: Buffer = NOTHING;
  #fields: Fields | undefined;
  #isClosing = false;
  #isRunning = false;
  /** What the relay remembers of who is at the other end. */
  note: unknown;

  constructor(socket: Socket, host: LeanHost) {
    this.socket = socket;
    this.#remote = socket.remoteAddress ?? 'unknown';
    this.#host = host;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** Who asks, of those whom these fields speak for. */
  addressOf(fields: Fields): string {
    const { trustProxy } = this.#host;
    if (trustProxy === 0) return this.#remote;
    return viewerAddress(this.#remote, fields.get('x-forwarded-for'), trustProxy);
  }

  /** True while an answer is under way. */
  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  /** Ends the connection as soon as there is no answer under way. */
  retire(): void {
    this.#isClosing = true;
    if (!this.isBusy) this.socket.end();
  }

  /** An answer is complete; what was sent ahead has its turn. */
  answered(exchange: LeanExchange, keepAlive: boolean): void {
    if (this.#current !== exchange) return;
    this.#current = undefined;
    if (!keepAlive || this.#isClosing) {
      this.#isClosing = true;
      this.socket.end();
      return;
    }
    if (this.socket.isPaused()) this.socket.resume();
    this.#run();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isClosing) return;
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    if (this.#current === undefined) this.#run();
    if (this.#pending.length > MAX_AHEAD_BYTES) this.socket.pause();
  };

  /** Answers what has come, until something is to be waited for. */
  #run(): void {
    // An answer that is complete at once calls back while this loop runs.
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#pending.length > 0 && this.#current === undefined && !this.#isClosing) {
      const head = readHead(this.#pending);
      if (head === 'incomplete') {
        this.headSinceMs ??= performance.now();
        this.#isRunning = false;
        return;
      }
      const fields = head === 'foreign' ? 'foreign' : this.#readFields(head);
      if (head === 'foreign' || fields === 'foreign') {
        this.#handOver();
        return;
      }
      this.headSinceMs = undefined;
      this.#pending =
        head.end === this.#pending.length ? NOTHING : this.#pending.subarray(head.end);
      this.#answer(head, fields);
      if (this.socket.writableLength > MAX_UNSENT_BYTES) {
        this.#waitForRoom();
        break;
      }
    }
    this.#isRunning = false;
  }

  /** Somebody who asks and asks, and takes nothing, has to wait. */
  #waitForRoom(): void {
    if (this.#current !== undefined) return;
    this.socket.pause();
    this.socket.once('drain', () => {
      if (this.#isClosing) return;
      this.socket.resume();
      if (this.#current === undefined) this.#run();
    });
  }

  /** A client sends the same fields with each request: they are read once. */
  #readFields(head: LeanHead): Fields | 'foreign' {
    const bytes = this.#pending.subarray(head.fieldsAt, head.fieldsEnd);
    if (this.#fields !== undefined && bytes.equals(this.#fieldBytes)) return this.#fields;
    const fields = readFields(bytes);
    if (fields === 'foreign') return fields;
    this.#fieldBytes = Buffer.from(bytes);
    this.#fields = fields;
    return fields;
  }

  #answer(head: LeanHead, fields: Fields): void {
    if (head.method === 'GET' && !fields.conditional && !fields.close) {
      const hot = this.#host.hot(head.url, this, fields);
      if (hot !== undefined) {
        this.socket.write(hot);
        return;
      }
    }
    const exchange = new LeanExchange(this, head, fields);
    this.#current = exchange;
    this.#host.handle(exchange);
  }

  #handOver(): void {
    this.#isClosing = true;
    const { socket } = this;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    this.headSinceMs = undefined;
    this.#host.closed(this);
    this.#host.foreign(socket, this.#pending);
  }

  /** The other end has gone; what has been written for it still goes out. */
  readonly #onEnd = (): void => {
    this.#isClosing = true;
    this.#current?.connectionClosed();
    this.#current = undefined;
    this.socket.end();
  };

  readonly #onError = (): void => {
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#isClosing = true;
    this.#current?.connectionClosed();
    this.#host.closed(this);
  };
}

/** A request that is not answered at once. */
class LeanExchange implements Exchange {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  readonly secure = false;
  readonly #connection: LeanConnection;
  readonly #fields: Fields;
  #closeListener: (() => void) | undefined;
  #state: 'open' | 'sending' | 'closed' = 'open';

  constructor(connection: LeanConnection, head: LeanHead, fields: Fields) {
    this.method = head.method;
    this.url = head.url;
    this.#connection = connection;
    this.#fields = fields;
  }

  get address(): string {
    return this.#connection.addressOf(this.#fields);
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  header(name: string): string | undefined {
    return this.#fields.get(name);
  }

  onClose(listener: () => void): void {
    this.#closeListener = listener;
  }

  send(status: number, headers: OutHeaders, body: Flow): void {
    if (this.#state !== 'open') return;
    this.#state = 'sending';
    const { socket } = this.#connection;
    const keepAlive = !this.#fields.close;
    const text = headText(status, {
      ...headers,
      date: dateNow(),
      ...(keepAlive ? {} : { connection: 'close' }),
    });
    socket.cork();
    socket.write(text, 'latin1');
    if (this.method === 'HEAD' || status === 304) this.#finish(keepAlive);
    else this.#follow(body, keepAlive);
    socket.uncork();
  }

  connectionClosed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closeListener?.();
  }

  /**
   * Sends the flow as it comes. A viewer who is slower than the flow holds
   * references to bytes that are there anyway, no copies.
   */
  #follow(body: Flow, keepAlive: boolean): void {
    const { socket } = this.#connection;
    let sent = 0;
    const step = () => {
      if (this.#state === 'closed') return;
      for (; sent < body.chunks.length; sent++) socket.write(body.chunks[sent] as Uint8Array);
      if (body.state === 'done') this.#finish(keepAlive);
      else if (body.state === 'broken') socket.destroy();
    };
    const off = body.watch(step);
    const before = this.#closeListener;
    this.#closeListener = () => {
      off();
      before?.();
    };
    step();
  }

  #finish(keepAlive: boolean): void {
    this.connectionClosed();
    this.#connection.answered(this, keepAlive);
  }
}
