import type { WebSocket } from 'ws';
import { AmphiError, type Logger } from '#base';
import { CLOSE_CODES, type ClientMessage, clientMessageSchema } from '#contracts';
import type { RoomMessage } from '../room/room.ts';
import type { FloodGuard } from './flood-guard.ts';
import { FrameSocket } from './frame-socket.ts';
import { typeOf, unnumbered } from './frames.ts';
import type { Line } from './line.ts';
import { isRoomMessage, type Rooms } from './rooms.ts';

const JOIN_WITHIN_MS = 10_000;
/** What the room says first to whom it has taken. */
const ACCEPTANCES: readonly (string | undefined)[] = ['welcome', 'waiting', 'resumed'];

type First = Extract<ClientMessage, { type: 'join' | 'resume' }>;

export interface RoomSocketListener {
  open(line: Line, message: First): void;
  /** The room has taken the person: in, back, or to wait. Called once. */
  accepted(line: Line): void;
  receive: Rooms['receive'];
  closed(line: Line): void;
}

/** A socket of somebody in a meeting: `join` or `resume` comes first, soon, and once. */
export class RoomSocket implements Line {
  readonly #frames: FrameSocket<ClientMessage>;
  readonly #listener: RoomSocketListener;
  readonly #joining: NodeJS.Timeout;
  #opened = false;
  #accepted = false;

  constructor(
    socket: WebSocket,
    options: {
      id: string;
      listener: RoomSocketListener;
      flood: { guard: FloodGuard; who: string };
      log: Logger;
    },
  ) {
    const { id, listener, flood, log } = options;
    this.#listener = listener;
    this.#frames = new FrameSocket(socket, {
      id,
      schema: clientMessageSchema,
      receive: (message) => this.#receive(message),
      closed: () => {
        clearTimeout(this.#joining);
        listener.closed(this);
      },
      flood,
      log,
    });
    this.#joining = setTimeout(
      () => this.#frames.close(CLOSE_CODES.notJoined, 'nothing was said'),
      JOIN_WITHIN_MS,
    );
  }

  get id(): string {
    return this.#frames.id;
  }

  send(text: string): void {
    this.#frames.send(text);
    if (this.#accepted || !ACCEPTANCES.includes(typeOf(text))) return;
    this.#accepted = true;
    this.#listener.accepted(this);
  }

  close(code: number, reason: string): void {
    this.#frames.close(code, reason);
  }

  beat(): void {
    this.#frames.beat();
  }

  #receive(message: ClientMessage): void {
    if (message.type === 'ping') {
      const { sent, ref } = message;
      this.#frames.send(unnumbered({ type: 'pong', sent, serverTime: Date.now() }));
      if (ref !== undefined) this.#frames.send(unnumbered({ type: 'ok', ref }));
    } else if (isRoomMessage(message)) {
      if (!this.#opened) throw new AmphiError('conflict', 'Say join or resume first');
      this.#listener.receive(this, message satisfies RoomMessage);
    } else {
      if (this.#opened) throw new AmphiError('conflict', 'This socket has joined already');
      this.#opened = true;
      clearTimeout(this.#joining);
      this.#listener.open(this, message);
    }
  }
}
