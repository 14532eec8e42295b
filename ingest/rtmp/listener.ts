import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { AmphiError, type Closable, type Logger, messageOf } from '#base';
import { addressGroup } from './address.ts';
import {
  DEFAULT_TIMEOUTS,
  MAX_TLS_HANDSHAKES,
  MAX_TLS_HANDSHAKES_PER_ADDRESS,
  type SessionTimeouts,
} from './limits.ts';
import { type Authorize, PublisherConnection } from './session.ts';
import { readShared } from './shared-read.ts';
import { Tally } from './tally.ts';

export interface RtmpListenerOptions {
  host: string;
  port: number;
  /** RTMPS when given. */
  tls?: { cert: string; key: string };
  maxConnections: number;
  maxConnectionsPerAddress: number;
  timeouts?: Partial<SessionTimeouts>;
  authorize: Authorize;
  log: Logger;
}

const CHECK_EVERY_MS = 500;

/**
 * Our own door in front of the RTMP protocol: it counts, bounds and times
 * every connection from its first packet on, a TLS handshake included.
 */
export class RtmpListener implements Closable {
  readonly #options: RtmpListenerOptions;
  readonly #timeouts: SessionTimeouts;
  readonly #secureContext;
  readonly #server: Server;
  readonly #connections = new Set<PublisherConnection>();
  readonly #tally: Tally;
  readonly #handshakes = new Tally(MAX_TLS_HANDSHAKES, MAX_TLS_HANDSHAKES_PER_ADDRESS);
  readonly #timer: NodeJS.Timeout;

  private constructor(options: RtmpListenerOptions) {
    this.#options = options;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.#tally = new Tally(options.maxConnections, options.maxConnectionsPerAddress);
    this.#secureContext = options.tls && createSecureContext(options.tls);
    // Paused: nothing is read before it is settled how.
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) =>
      this.#accept(socket),
    );
    this.#timer = setInterval(() => this.#checkDeadlines(), CHECK_EVERY_MS);
  }

  /** Rejects when the port cannot be bound. */
  static async open(options: RtmpListenerOptions): Promise<RtmpListener> {
    const listener = new RtmpListener(options);
    const { host, port, log } = options;
    const server = listener.#server;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      clearInterval(listener.#timer);
      const detail = `cannot listen for RTMP on ${host}:${port}: ${messageOf(cause)}`;
      throw new AmphiError('unavailable', { detail, cause });
    }
    // Later errors are of single connections, e.g. none could be accepted for want of descriptors.
    server.on('error', (error) =>
      log.warn({ reason: messageOf(error) }, 'rtmp connection not accepted'),
    );
    return listener;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Connections turned away at a bound since the start. */
  get refused(): number {
    return this.#tally.refused + this.#handshakes.refused;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.close('the server stops');
    await closed;
  }

  #accept(raw: Socket): void {
    const { authorize, log } = this.#options;
    const group = addressGroup(raw.remoteAddress);
    // A socket without a listener for errors would end the process.
    raw.on('error', () => {});
    const release = this.#tally.take(group);
    if (release === undefined) {
      raw.destroy();
      return;
    }
    let connection: PublisherConnection | undefined;
    const socket = this.#open(raw, group, (bytes) => connection?.receive(bytes));
    if (socket === undefined) {
      release();
      raw.destroy();
      return;
    }
    connection = new PublisherConnection({
      socket,
      authorize,
      timeouts: this.#timeouts,
      nowMs: () => performance.now(),
      log,
    });
    this.#connections.add(connection);
    socket.once('close', () => {
      if (connection !== undefined) this.#connections.delete(connection);
      release();
    });
    socket.resume();
  }

  /** The socket to talk through, which hands what it reads to `receive`; undefined where a bound stands in the way. */
  #open(raw: Socket, group: string, receive: (bytes: Buffer) => void): Socket | undefined {
    const secureContext = this.#secureContext;
    if (secureContext !== undefined) return this.#secure(raw, group, secureContext, receive);
    const plain = readShared(raw, receive);
    if (plain === undefined) {
      raw.on('data', receive);
      return raw;
    }
    plain.on('error', () => {});
    return plain;
  }

  #secure(
    raw: Socket,
    group: string,
    secureContext: SecureContext,
    receive: (bytes: Buffer) => void,
  ): Socket | undefined {
    const release = this.#handshakes.take(group);
    if (release === undefined) return undefined;
    const socket = new TLSSocket(raw, { isServer: true, secureContext });
    const timer = setTimeout(() => socket.destroy(), this.#timeouts.tlsMs);
    const settle = () => {
      clearTimeout(timer);
      release();
    };
    socket.on('error', () => {});
    socket.once('secure', settle);
    socket.once('close', settle);
    socket.on('data', receive);
    return socket;
  }

  #checkDeadlines(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.checkDeadline(nowMs);
  }
}
