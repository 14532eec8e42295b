import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Closable } from '#base';
import type { Exchange } from '../exchange.ts';
import { LeanConnection } from './connection.ts';
import type { Fields } from './fields.ts';

/**
 * Answers media requests of an HTTP/1.1 server straight from its sockets. The
 * first request on a connection that is anything else hands the connection,
 * with all that has not been answered, to the server itself.
 */

export interface LeanHandler {
  /** An answer that is at hand for a GET of a whole resource, head and body. */
  hot(url: string, connection: LeanConnection, fields: Fields): Buffer | undefined;
  handle(exchange: Exchange): void;
}

export interface LeanOptions {
  /** Reverse proxies in front that are trusted to name the viewer's address. */
  trustProxy: number;
  /** A head must be complete after so long. */
  headMs: number;
  /** A connection on which nothing happens for so long ends: idle, or taking nothing. */
  quietMs: number;
}

const SWEEP_EVERY_MS = 1_000;

export class LeanHttp implements Closable {
  readonly #options: LeanOptions;
  readonly #connections = new Set<LeanConnection>();
  readonly #timer: NodeJS.Timeout;
  /** Connections handed over so far. */
  handedOver = 0;

  constructor(server: Server, handler: LeanHandler, options: LeanOptions) {
    this.#options = options;
    const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    const takeOver = (socket: Socket, bytes: Buffer) => {
      this.handedOver++;
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.pause();
      if (bytes.length > 0) socket.unshift(bytes);
      for (const listener of listeners) listener.call(server, socket);
      socket.resume();
    };
    const host = {
      hot: (url: string, connection: LeanConnection, fields: Fields) =>
        handler.hot(url, connection, fields),
      handle: (exchange: Exchange) => handler.handle(exchange),
      foreign: takeOver,
      trustProxy: options.trustProxy,
      closed: (connection: LeanConnection) => this.#connections.delete(connection),
    };
    server.on('connection', (socket: Socket) => {
      const connection = new LeanConnection(socket, host);
      this.#connections.add(connection);
      this.#watchQuiet(connection);
    });
    this.#timer = setInterval(() => this.#sweep(), SWEEP_EVERY_MS);
    this.#timer.unref();
  }

  get connections(): number {
    return this.#connections.size;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { socket } of this.#connections) socket.destroy();
  }

  /** Node counts a write that makes progress as activity, however large it is. */
  #watchQuiet(connection: LeanConnection): void {
    const { socket } = connection;
    socket.setTimeout(this.#options.quietMs, () => {
      // An answer that is awaited from elsewhere is not the viewer's fault.
      if (connection.isBusy && socket.writableLength === 0) return;
      socket.destroy();
    });
  }

  /** Heads that come byte by byte are activity, too, and must not go on for ever. */
  #sweep(): void {
    const lateSince = performance.now() - this.#options.headMs;
    for (const { headSinceMs, socket } of this.#connections) {
      if (headSinceMs !== undefined && headSinceMs < lateSince) socket.destroy();
    }
  }
}
