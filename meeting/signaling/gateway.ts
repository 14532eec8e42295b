import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { AmphiError, type Logger } from '#base';
import { type IceServer, meetingIdSchema, participantIdSchema } from '#contracts';
import type { TokenIssuer } from '#platform';
import { FloodGuard } from './flood-guard.ts';
import { unnumbered } from './frames.ts';
import { type Grant, grantSchema, type Line } from './line.ts';
import { RoomSocket } from './room-socket.ts';
import type { Rooms } from './rooms.ts';
import type { Upgrader } from './upgrader.ts';

const PATH = /^\/signal\/meetings\/([^/?]+)$/;
/** A new token comes this often … */
const RENEW_MS = 5 * 60_000;
/** … and holds for so long. */
const TOKEN_SECONDS = 15 * 60;

/**
 * Takes WebSockets of meetings: who shows a good token gets through to the room.
 * Whom the room takes gets newer tokens, which are good for coming back only.
 */
export class SignalGateway {
  readonly #rooms: Rooms;
  readonly #tokens: TokenIssuer;
  readonly #upgrader: Upgrader;
  readonly #flood = new FloodGuard();
  readonly #iceServers: () => IceServer[];
  readonly #log: Logger;

  constructor(options: {
    rooms: Rooms;
    tokens: TokenIssuer;
    upgrader: Upgrader;
    iceServers: () => IceServer[];
    log: Logger;
  }) {
    this.#rooms = options.rooms;
    this.#tokens = options.tokens;
    this.#upgrader = options.upgrader;
    this.#iceServers = options.iceServers;
    this.#log = options.log;
  }

  /** Handles an upgrade request; one that may not is answered with an HTTP status. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    return this.#upgrader.upgrade(
      { req, socket, head },
      (url) => this.#admit(url),
      (webSocket, { participantId, grant }) => this.#take(webSocket, participantId, grant),
    );
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

  #take(webSocket: WebSocket, participantId: string, grant: Grant): void {
    let renewal: NodeJS.Timeout | undefined;
    const renew = async (line: Line) => {
      const claims = { sub: participantId, grant: { ...grant, resumeOnly: true } };
      const token = await this.#tokens.sign('participant', claims, TOKEN_SECONDS);
      const expiresAt = Date.now() + TOKEN_SECONDS * 1_000;
      const iceServers = this.#iceServers();
      line.send(unnumbered({ type: 'token', token, expiresAt, iceServers }));
    };
    const socket = new RoomSocket(webSocket, {
      id: this.#upgrader.newId(),
      log: this.#log.child({ meetingId: grant.meetingId, participantId }),
      flood: { guard: this.#flood, who: participantId },
      listener: {
        open: (line, message) => {
          this.#rooms.open(line, participantId, grant, message);
        },
        accepted: (line) => {
          renewal = setInterval(renew, RENEW_MS, line);
          renew(line);
        },
        receive: (line, message) => this.#rooms.receive(line, message),
        closed: (line) => {
          clearInterval(renewal);
          this.#upgrader.forget(socket);
          this.#rooms.gone(line);
        },
      },
    });
    this.#upgrader.keep(socket);
  }
}
