import type { Socket } from 'node:net';
import RtmpSession from 'node-media-server/src/session/rtmp_session.js';
import { AmphiError, asError, isAmphiError, type Logger, messageOf } from '#base';
import type { Amf0Value, TAG_AUDIO, TAG_VIDEO } from '#protocol';
import { MAX_EARLY_BYTES, MAX_UNSENT_BYTES, type SessionTimeouts } from './limits.ts';
import { GuardedRtmp, type PublishCommand } from './parser.ts';

/** Where the media of an accepted publisher goes. */
export interface PublisherSink {
  /** The body stays valid only during the call. */
  onMedia(type: typeof TAG_AUDIO | typeof TAG_VIDEO, timestampMs: number, body: Uint8Array): void;
  onMetadata(metadata: { [key: string]: Amf0Value }): void;
  /** The publisher is gone; nothing follows. */
  onEnd(reason: string): void;
}

/** A publisher as the one who decides about it sees it. */
export interface Publisher {
  readonly remoteAddress: string;
  close(reason: string): void;
}

/** Decides about a publisher. Throws `unauthorized`, `source_busy` or `conflict` to refuse it. */
export type Authorize = (command: PublishCommand, publisher: Publisher) => Promise<PublisherSink>;

const RTMP_VERSION = 3;
/** What an item of the early queue weighs beside its bytes. */
const ITEM_BYTES = 256;

/** What was read together with the publish command, before its answer. */
type Early =
  | { kind: 'media'; type: typeof TAG_AUDIO | typeof TAG_VIDEO; timestampMs: number; body: Buffer }
  | { kind: 'metadata'; metadata: { [key: string]: Amf0Value } };

type State =
  /** Up to a publish command. */
  | { name: 'greeting' }
  /** The publish command is being decided about; nothing is read meanwhile. */
  | { name: 'asking'; early: Early[]; bytes: number }
  | { name: 'publishing'; sink: PublisherSink }
  /** Refused: the answer is on its way, what the peer says no longer counts. */
  | { name: 'refused' }
  | { name: 'closed' };

export interface ConnectionOptions {
  socket: Socket;
  authorize: Authorize;
  timeouts: SessionTimeouts;
  /** Monotonic milliseconds. */
  nowMs: () => number;
  log: Logger;
}

/**
 * One RTMP connection of a publisher. The protocol is node-media-server's
 * session behind our guarded parser; its broadcasting is never entered.
 */
export class PublisherConnection implements Publisher {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #log: Logger;
  readonly remoteAddress: string;
  /** Made when the first byte is there: a parser has large buffers, and a silent peer shall not cost them. */
  #protocol: { rtmp: GuardedRtmp; session: RtmpSession } | undefined;
  #state: State = { name: 'greeting' };
  /** Monotonic time at which the present state has lasted too long, and what to say then. */
  #deadline: { atMs: number; reason: string };
  #acknowledgedBytes = 0;

  constructor(options: ConnectionOptions) {
    const { socket, timeouts, log, nowMs } = options;
    this.#options = options;
    this.#socket = socket;
    this.#log = log;
    this.remoteAddress = socket.remoteAddress ?? 'unknown';
    this.#deadline = { atMs: nowMs() + timeouts.handshakeMs, reason: 'no publish command in time' };
    socket.once('close', () => this.close('the connection ended'));
  }

  /** Closes the connection when its time is up. Called every second or so. */
  checkDeadline(nowMs: number): void {
    if (nowMs >= this.#deadline.atMs) this.close(this.#deadline.reason);
  }

  /** Ends the connection; the sink hears of it once. */
  close(reason: string): void {
    const before = this.#state;
    if (before.name === 'closed') return;
    this.#state = { name: 'closed' };
    this.#socket.destroy();
    if (before.name === 'publishing') before.sink.onEnd(reason);
    else this.#log.debug({ remoteAddress: this.remoteAddress, reason }, 'rtmp connection closed');
  }

  #allow(ms: number, reason: string): void {
    this.#deadline = { atMs: this.#options.nowMs() + ms, reason };
  }

  /** Takes what was read; it may be overwritten after the call. */
  receive(bytes: Buffer): void {
    if (this.#state.name === 'closed' || this.#state.name === 'refused') return;
    try {
      this.#protocol ??= this.#begin(bytes);
      const { rtmp, session } = this.#protocol;
      session.inBytes += bytes.length;
      const failure = rtmp.parserData(bytes);
      if (failure !== null) throw new AmphiError('protocol_violation', failure);
      if (rtmp.acknowledgeEvery > 0) this.#acknowledge(rtmp, session.inBytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  #begin(bytes: Buffer): { rtmp: GuardedRtmp; session: RtmpSession } {
    if (bytes[0] !== RTMP_VERSION) {
      throw new AmphiError('protocol_violation', `RTMP version ${bytes[0]}`);
    }
    const rtmp = new GuardedRtmp({
      onPublish: (command) => this.#ask(rtmp, command),
      onMedia: (type, timestampMs, body) => this.#media(type, timestampMs, body),
      onMetadata: (metadata) => this.#metadata(metadata),
      onUnpublish: () => this.close('the publisher stopped'),
    });
    const session = new RtmpSession(this.#socket);
    session.rtmp = rtmp;
    // What is read comes by `receive`; what becomes of the socket is heard of here.
    session.onData = () => {};
    session.onClose = () => {};
    session.onError = () => {};
    session.onOutput = (output) => this.#write(output);
    session.run();
    return { rtmp, session };
  }

  #write(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) {
      this.close('the peer does not take its answers');
    }
  }

  #fail(error: unknown): void {
    if (this.#state.name === 'closed') return;
    const reason = messageOf(error);
    const expected = isAmphiError(error) || error instanceof RangeError;
    const fields = { remoteAddress: this.remoteAddress, reason };
    if (expected) this.#log.info(fields, 'rtmp connection refused');
    else this.#log.warn({ ...fields, stack: asError(error).stack }, 'rtmp parser failed');
    this.close(reason);
  }

  /** Acknowledgement of received bytes, RTMP specification 5.4.3. */
  #acknowledge(rtmp: GuardedRtmp, received: number): void {
    if (received - this.#acknowledgedBytes < rtmp.acknowledgeEvery) return;
    this.#acknowledgedBytes = received;
    rtmp.sendACK(received % 2 ** 32);
  }

  async #ask(rtmp: GuardedRtmp, command: PublishCommand): Promise<void> {
    const asking: State = { name: 'asking', early: [], bytes: 0 };
    this.#state = asking;
    // A stranger's media stays in the network until the stranger is known.
    this.#socket.pause();
    this.#allow(this.#options.timeouts.authorizeMs, 'no decision about the publisher in time');
    let sink: PublisherSink;
    try {
      sink = await this.#options.authorize(command, this);
    } catch (error) {
      if (this.#state === asking) this.#refuse(rtmp, error);
      return;
    }
    if (this.#state !== asking) {
      sink.onEnd('the connection ended');
      return;
    }
    this.#state = { name: 'publishing', sink };
    this.#allow(this.#options.timeouts.idleMs, 'no sound or picture in time');
    rtmp.acceptPublish();
    try {
      for (const item of asking.early) {
        if (item.kind === 'metadata') sink.onMetadata(item.metadata);
        else sink.onMedia(item.type, item.timestampMs, item.body);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#socket.resume();
  }

  #refuse(rtmp: GuardedRtmp, error: unknown): void {
    this.#state = { name: 'refused' };
    const { remoteAddress } = this;
    const code = isAmphiError(error, 'unauthorized')
      ? 'NetStream.Publish.BadName'
      : 'NetStream.Publish.Rejected';
    this.#log.info({ remoteAddress, reason: messageOf(error) }, 'publisher refused');
    rtmp.refusePublish(code, messageOf(error));
    // The peer is left time to read why; what it sends meanwhile is thrown away.
    this.#allow(this.#options.timeouts.farewellMs, 'refused');
    this.#socket.resume();
    this.#socket.end();
  }

  #media(type: typeof TAG_AUDIO | typeof TAG_VIDEO, timestampMs: number, body: Buffer): void {
    const state = this.#state;
    if (state.name === 'publishing') {
      this.#deadline.atMs = this.#options.nowMs() + this.#options.timeouts.idleMs;
      state.sink.onMedia(type, timestampMs, body);
    } else if (state.name === 'asking') {
      const item = { kind: 'media' as const, type, timestampMs, body: Buffer.from(body) };
      this.#keep(state, body.length, item);
    }
  }

  #metadata(metadata: { [key: string]: Amf0Value }): void {
    const state = this.#state;
    if (state.name === 'publishing') state.sink.onMetadata(metadata);
    else if (state.name === 'asking') this.#keep(state, 0, { kind: 'metadata', metadata });
  }

  #keep(state: State & { name: 'asking' }, bytes: number, item: Early): void {
    state.bytes += bytes + ITEM_BYTES;
    if (state.bytes > MAX_EARLY_BYTES) {
      throw new AmphiError('limit_exceeded', 'too much media before the answer to publish');
    }
    state.early.push(item);
  }
}
