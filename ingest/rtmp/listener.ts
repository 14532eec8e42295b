import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { AmphiError, type Closable, type Logger, messageOf } from '#base';
import { type Authorize, PublisherConnection, type SessionTimeouts } from './session.ts';

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

const DEFAULT_TIMEOUTS: SessionTimeouts = { handshakeMs: 10_000, idleMs: 15_000 };

/** Our own door in front of the RTMP protocol: it counts, bounds and times every connection. */
export class RtmpListener implements Closable {
  readonly #options: RtmpListenerOptions;
  readonly #server: Server;
  readonly #connections = new Map<Socket, PublisherConnection>();
  readonly #perAddress = new Map<string, number>();
  #refused = 0;

  private constructor(options: RtmpListenerOptions) {
    this.#options = options;
    const accept = (socket: Socket) => this.#accept(socket);
    this.#server = options.tls
      ? createTlsServer({ ...options.tls, handshakeTimeout: 10_000 }, accept)
      : createServer({ noDelay: true }, accept);
    this.#server.on('tlsClientError', () => {});
  }

  /** Rejects when the port cannot be bound. */
  static async open(options: RtmpListenerOptions): Promise<RtmpListener> {
    const listener = new RtmpListener(options);
    const { host, port } = options;
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', (cause) =>
        reject(
          new AmphiError('unavailable', {
            detail: `cannot listen for RTMP on ${host}:${port}: ${messageOf(cause)}`,
            cause,
          }),
        ),
      );
      listener.#server.listen({ host, port }, resolve);
    });
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
    return this.#refused;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections.values()) connection.close('the server stops');
    await closed;
  }

  #accept(socket: Socket): void {
    const { maxConnections, maxConnectionsPerAddress, authorize, log } = this.#options;
    const address = socket.remoteAddress ?? 'unknown';
    const held = this.#perAddress.get(address) ?? 0;
    // A socket without a listener for errors would end the process.
    socket.on('error', () => {});
    if (this.#connections.size >= maxConnections || held >= maxConnectionsPerAddress) {
      this.#refused++;
      socket.destroy();
      return;
    }
    this.#perAddress.set(address, held + 1);
    const connection = new PublisherConnection({
      socket,
      authorize,
      timeouts: { ...DEFAULT_TIMEOUTS, ...this.#options.timeouts },
      log,
    });
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      this.#connections.delete(socket);
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
  }
}
