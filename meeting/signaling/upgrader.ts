import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Closable, isAmphiError, type Logger, messageOf, randomId } from '#base';
import { CLOSE_CODES } from '#contracts';
import { problemOf, retryAfterOf } from '#platform';
import type { Line } from './line.ts';

/** An offer to receive from everybody in a large room is the largest of messages. */
const MAX_FRAME_BYTES = 256 * 1024;
/** Somebody who vanishes without a word is noticed after two to three of these. */
const BEAT_MS = 3_000;
const SOCKET_ID_CHARACTERS = 10;

/** A socket that is asked for signs of life. */
interface Beating extends Line {
  beat(): void;
}

/** Makes WebSockets of upgrade requests that may, and keeps them alive. */
export class Upgrader implements Closable {
  readonly #nodeId: string;
  readonly #log: Logger;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });
  readonly #sockets = new Set<Beating>();
  readonly #beat: NodeJS.Timeout;

  constructor(options: { nodeId: string; log: Logger }) {
    this.#nodeId = options.nodeId;
    this.#log = options.log;
    this.#beat = setInterval(() => {
      for (const socket of this.#sockets) socket.beat();
    }, BEAT_MS);
  }

  get open(): number {
    return this.#sockets.size;
  }

  /** An id that no other socket of any node has. */
  newId(): string {
    return `${this.#nodeId}:${randomId(SOCKET_ID_CHARACTERS)}`;
  }

  keep(socket: Beating): void {
    this.#sockets.add(socket);
  }

  forget(socket: Beating): void {
    this.#sockets.delete(socket);
  }

  /** Lets a request through once `admit` has resolved; what that throws is answered as an HTTP status. */
  async upgrade<Admitted>(
    { req, socket, head }: { req: IncomingMessage; socket: Duplex; head: Buffer },
    admit: (url: URL) => Promise<Admitted>,
    take: (webSocket: WebSocket, admitted: Admitted) => void,
  ): Promise<void> {
    socket.on('error', () => socket.destroy());
    try {
      const admitted = await admit(new URL(req.url ?? '/', 'http://node'));
      this.#server.handleUpgrade(req, socket, head, (webSocket) => take(webSocket, admitted));
    } catch (error) {
      if (!isAmphiError(error)) this.#log.warn({ reason: messageOf(error) }, 'upgrade failed');
      const { status, title } = problemOf(error);
      const head = { ...retryAfterOf(error), connection: 'close', 'content-length': 0 };
      const fields = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${status} ${title}\r\n${fields.join('')}\r\n`);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#beat);
    for (const socket of this.#sockets) socket.close(CLOSE_CODES.restart, 'the server restarts');
    this.#server.close();
  }
}
