import { POINTER_CHANNEL } from '#contracts';
import { Store } from '../state/store.ts';
import { isNewer, type Position, readPosition, within, writePosition } from './position.ts';

/** Somebody's pointer on somebody's screen. */
export interface ShownPointer extends Position {
  by: string;
  on: string;
}

interface Incoming extends ShownPointer {
  channel: RTCDataChannel;
  sequence: number;
  timer: ReturnType<typeof setTimeout>;
}

/** An old position is worth nothing. */
const UNRELIABLE = { ordered: false, maxRetransmits: 0 } as const;
/** As often as it is sent while it moves. */
const SEND_MS = 33;
/** While it rests: for who has just come, and in case that the last one got lost. */
const REPEAT_MS = 1_000;
/** Of whom nothing was heard for so long does not point any more. */
const SILENCE_MS = 4_000;
const MAX_BUFFERED_BYTES = 1_000;
/** A channel that was closed by the other side, as after an ICE restart. */
const REOPEN_MS = 500;
const CENTRE: Position = { x: 0.5, y: 0.5 };

/**
 * Pointers on shared screens, this person's own and those of the others. A pointer
 * is an unordered data channel without retransmission: to the call server, which
 * passes it on to those who see the screen, or straight to everybody.
 */
export class Pointers {
  readonly shown = new Store<readonly ShownPointer[]>([]);
  /** On whose screen this person points. */
  readonly own = new Store<string | undefined>(undefined);
  /** Whether there is somebody to point for. */
  readonly isReady = new Store(false);
  readonly #selfId: string;
  readonly #incoming = new Map<string, Incoming>();
  /** Connections on which this person's pointer goes out. */
  readonly #outlets = new Map<RTCPeerConnection, RTCDataChannel | undefined>();
  #at: Position = CENTRE;
  #sequence = 0;
  #sentMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(selfId: string) {
    this.#selfId = selfId;
  }

  /** A connection to the call server, new, before its first offer. */
  watchServer(purpose: 'send' | 'receive', connection: RTCPeerConnection): void {
    // So that the offer has the section; the server does not hear of this channel.
    connection.createDataChannel('association', { negotiated: true, id: 0 });
    if (purpose === 'send') {
      this.#addOutlet(connection);
      return;
    }
    connection.addEventListener('datachannel', ({ channel }) => {
      const [by, on] = channel.protocol.split(' ');
      if (by !== undefined && on !== undefined) this.#take(channel, by, on);
    });
  }

  /** A direct connection. */
  watchPeer(participantId: string, connection: RTCPeerConnection): void {
    this.#addOutlet(connection);
    connection.addEventListener('datachannel', ({ channel }) => {
      this.#take(channel, participantId, channel.protocol);
    });
  }

  #addOutlet(connection: RTCPeerConnection): void {
    this.#outlets.set(connection, undefined);
    connection.addEventListener('connectionstatechange', () => {
      this.#review();
      this.#open(connection);
    });
  }

  /** Those that were closed on this side say nothing of it. */
  #review(): void {
    for (const connection of this.#outlets.keys()) {
      if (connection.signalingState === 'closed') this.#outlets.delete(connection);
    }
    this.isReady.set([...this.#outlets.keys()].some(isConnected));
  }

  /** Begins to point on somebody's screen, in its middle. */
  start(on: string): void {
    if (this.own.get() === on || this.#closed) return;
    this.stop();
    this.own.set(on);
    this.#at = CENTRE;
    this.#review();
    for (const connection of this.#outlets.keys()) this.#open(connection);
    this.#publish();
    this.#send();
  }

  move(x: number, y: number): void {
    this.#at = { x: within(x), y: within(y) };
    this.#publish();
    if (this.own.get() !== undefined) this.#soon(SEND_MS);
  }

  /** By so much of the picture's size. */
  moveBy(x: number, y: number): void {
    this.move(this.#at.x + x, this.#at.y + y);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.own.set(undefined);
    for (const [connection, channel] of this.#outlets) {
      channel?.close();
      this.#outlets.set(connection, undefined);
    }
    this.#publish();
  }

  close(): void {
    this.#closed = true;
    this.stop();
    this.#outlets.clear();
    for (const { timer } of this.#incoming.values()) clearTimeout(timer);
    this.#incoming.clear();
  }

  #open(connection: RTCPeerConnection): void {
    const on = this.own.get();
    if (on === undefined || !isConnected(connection) || this.#outlets.get(connection)) return;
    if (!this.#outlets.has(connection)) return;
    const channel = connection.createDataChannel(POINTER_CHANNEL, { ...UNRELIABLE, protocol: on });
    this.#outlets.set(connection, channel);
    channel.addEventListener('open', () => this.#send());
    channel.addEventListener('close', () => {
      if (this.#outlets.get(connection) !== channel) return;
      this.#outlets.set(connection, undefined);
      setTimeout(() => this.#open(connection), REOPEN_MS);
    });
  }

  /** Not before so much time has passed since the last one. */
  #soon(ms: number): void {
    clearTimeout(this.#timer);
    const dueMs = Math.max(0, this.#sentMs + ms - performance.now());
    this.#timer = setTimeout(() => this.#send(), dueMs);
  }

  #send(): void {
    if (this.own.get() === undefined) return;
    this.#sentMs = performance.now();
    const message = writePosition(this.#sequence++, this.#at);
    for (const channel of this.#outlets.values()) {
      if (channel?.readyState === 'open' && channel.bufferedAmount < MAX_BUFFERED_BYTES) {
        channel.send(message);
      }
    }
    this.#soon(REPEAT_MS);
  }

  #take(channel: RTCDataChannel, by: string, on: string): void {
    if (channel.label !== POINTER_CHANNEL || by === this.#selfId) return;
    channel.binaryType = 'arraybuffer';
    channel.addEventListener('message', ({ data }) => this.#onMessage(channel, by, on, data));
    channel.addEventListener('close', () => {
      const current = this.#incoming.get(by);
      if (current?.channel === channel) this.#forget(by);
    });
  }

  /** While media changes its way, the same pointer may come by two. */
  #onMessage(channel: RTCDataChannel, by: string, on: string, data: unknown): void {
    const position = readPosition(data);
    const before = this.#incoming.get(by);
    if (position === undefined || this.#closed) return;
    if (before?.on === on && !isNewer(position.sequence, before.sequence)) return;
    clearTimeout(before?.timer);
    const timer = setTimeout(() => this.#forget(by), SILENCE_MS);
    this.#incoming.set(by, { ...position, by, on, channel, timer });
    this.#publish();
  }

  #forget(by: string): void {
    clearTimeout(this.#incoming.get(by)?.timer);
    if (this.#incoming.delete(by)) this.#publish();
  }

  #publish(): void {
    const shown: ShownPointer[] = [...this.#incoming.values()].map(({ by, on, x, y }) => ({
      by,
      on,
      x,
      y,
    }));
    const on = this.own.get();
    if (on !== undefined) shown.push({ by: this.#selfId, on, ...this.#at });
    this.shown.set(shown);
  }
}

const isConnected = ({ connectionState }: RTCPeerConnection): boolean =>
  connectionState === 'connected';
