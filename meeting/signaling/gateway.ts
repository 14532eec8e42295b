import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { AmphiError, type Closable, isAmphiError, type Logger, messageOf, randomId } from '#base';
import { meetingIdSchema, participantIdSchema } from '#contracts';
import { problemOf, type TokenIssuer } from '#platform';
import { unnumbered } from './frames.ts';
import { type Grant, grantSchema } from './line.ts';
import type { Rooms } from './rooms.ts';
import { SignalSocket } from './socket.ts';

const PATH = /^\/signal\/meetings\/([^/?]+)$/;
const MAX_FRAME_BYTES = 64 * 1024;
const BEAT_MS = 10_000;
/** A new token comes this often … */
const RENEW_MS = 5 * 60_000;
/** … and holds for so long. */
const TOKEN_SECONDS = 15 * 60;
const SOCKET_ID_CHARACTERS = 10;

/** Takes WebSockets of meetings: who shows a good token gets through to the room. */
export class SignalGateway implements Closable {
  readonly #rooms: Rooms;
  readonly #tokens: TokenIssuer;
  readonly #log: Logger;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });
  readonly #sockets = new Set<SignalSocket>();
  readonly #beat: NodeJS.Timeout;
  readonly #nodeId: string;

  constructor(options: { rooms: Rooms; tokens: TokenIssuer; nodeId: string; log: Logger }) {
    this.#rooms = options.rooms;
    this.#tokens = options.tokens;
    this.#nodeId = options.nodeId;
    this.#log = options.log;
    this.#beat = setInterval(() => {
      for (const socket of this.#sockets) socket.beat();
    }, BEAT_MS);
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  /** Handles an upgrade request; one that may not is answered with an HTTP status. */
  async upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    try {
      const url = new URL(req.url ?? '/', 'http://node');
      const { participantId, grant } = await this.#admit(url);
      this.#server.handleUpgrade(req, socket, head, (webSocket) => {
        this.#take(webSocket, participantId, grant);
      });
    } catch (error) {
      if (!isAmphiError(error)) this.#log.warn({ reason: messageOf(error) }, 'upgrade failed');
      const { status, title } = problemOf(error);
      socket.end(`HTTP/1.1 ${status} ${title}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#beat);
    for (const socket of this.#sockets) socket.close(1012, 'the server restarts');
    this.#server.close();
  }

  /** Throws `not_found`, `unauthorized` or `forbidden`. */
  async #admit(url: URL): Promise<{ participantId: string; grant: Grant }> {
    const meetingId = meetingIdSchema.safeParse(url.pathname.match(PATH)?.[1]);
    if (!meetingId.success) throw new AmphiError('not_found');
    const token = url.searchParams.get('token') ?? undefined;
    const { sub, grant } = await this.#tokens.verify('participant', token);
    const participantId = participantIdSchema.safeParse(sub);
    const granted = grantSchema.safeParse(grant);
    if (!participantId.success || !granted.success) throw new AmphiError('unauthorized');
    if (granted.data.meetingId !== meetingId.data) throw new AmphiError('forbidden');
    return { participantId: participantId.data, grant: granted.data };
  }

  #take(webSocket: import('ws').WebSocket, participantId: string, grant: Grant): void {
    let renewal: NodeJS.Timeout | undefined;
    const renew = async () => {
      const token = await this.#tokens.sign(
        'participant',
        { sub: participantId, grant },
        TOKEN_SECONDS,
      );
      const expiresAt = Date.now() + TOKEN_SECONDS * 1_000;
      socket.send(unnumbered({ type: 'token', token, expiresAt }));
    };
    const socket = new SignalSocket(webSocket, {
      id: `${this.#nodeId}:${randomId(SOCKET_ID_CHARACTERS)}`,
      log: this.#log.child({ meetingId: grant.meetingId, participantId }),
      listener: {
        open: (line, message) => {
          this.#rooms.open(line, participantId, grant, message);
          renewal = setInterval(renew, RENEW_MS);
          renew();
        },
        receive: (line, message) => this.#rooms.receive(line, message),
        closed: (line) => {
          clearInterval(renewal);
          this.#sockets.delete(socket);
          this.#rooms.gone(line);
        },
      },
    });
    this.#sockets.add(socket);
  }
}
