import type { Socket } from 'node:net';
import RtmpSession from 'node-media-server/src/session/rtmp_session.js';
import { AmphiError, asError, isAmphiError, type Logger, messageOf } from '#base';
import type { Amf0Value, TAG_AUDIO, TAG_VIDEO } from '#protocol';
import { GuardedRtmp, type PublishCommand } from './parser.ts';

/** Where the media of an accepted publisher goes. */
export interface PublisherSink {
  /** The body stays valid only during the call. */
  onMedia(type: typeof TAG_AUDIO | typeof TAG_VIDEO, timestampMs: number, body: Uint8Array): void;
  onMetadata(metadata: { [key: string]: Amf0Value }): void;
  /** The publisher is gone; nothing follows. */
  onEnd(reason: string): void;
}

/** Decides about a publisher. Throws `unauthorized`, `source_busy` or `conflict` to refuse it. */
export type Authorize = (
  command: PublishCommand,
  publisher: { remoteAddress: string; close(reason: string): void },
) => Promise<PublisherSink>;

export interface SessionTimeouts {
  /** From the first byte to a publish command. */
  handshakeMs: number;
  /** Without any byte while publishing. */
  idleMs: number;
}

const RTMP_VERSION = 3;
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

/** What was read while the authorisation was under way. */
type Queued =
  | { kind: 'media'; type: typeof TAG_AUDIO | typeof TAG_VIDEO; timestampMs: number; body: Buffer }
  | { kind: 'metadata'; metadata: { [key: string]: Amf0Value } };

type State =
  | { name: 'handshake' }
  | { name: 'authorizing'; queue: Queued[]; bytes: number }
  | { name: 'publishing'; sink: PublisherSink }
  | { name: 'closed' };

/**
 * One RTMP connection of a publisher. The protocol is node-media-server's
 * session behind our guarded parser; its broadcasting is never entered.
 */
export class PublisherConnection {
  readonly #socket: Socket;
  readonly #authorize: Authorize;
  readonly #timeouts: SessionTimeouts;
  readonly #log: Logger;
  readonly #rtmp: GuardedRtmp;
  readonly #session: RtmpSession;
  readonly remoteAddress: string;
  #state: State = { name: 'handshake' };
  #timer: NodeJS.Timeout;
  #firstByteSeen = false;
  #acknowledgedBytes = 0;

  constructor(options: {
    socket: Socket;
    authorize: Authorize;
    timeouts: SessionTimeouts;
    log: Logger;
  }) {
    this.#socket = options.socket;
    this.#authorize = options.authorize;
    this.#timeouts = options.timeouts;
    this.#log = options.log;
    this.remoteAddress = options.socket.remoteAddress ?? 'unknown';
    this.#rtmp = new GuardedRtmp({
      onPublish: (command) => this.#publish(command),
      onMedia: (type, timestampMs, body) => this.#media(type, timestampMs, body),
      onMetadata: (metadata) => this.#metadata(metadata),
      onUnpublish: () => this.close('the publisher stopped'),
    });
    this.#session = new RtmpSession(options.socket);
    this.#session.rtmp = this.#rtmp;
    this.#session.onData = (bytes) => this.#read(bytes);
    this.#session.onClose = () => this.close('the connection ended');
    this.#session.onError = (error) => this.close(messageOf(error));
    this.#session.onOutput = (bytes) => {
      if (this.#socket.writable) this.#socket.write(bytes);
    };
    this.#session.run();
    this.#timer = setTimeout(
      () => this.close('no publish command in time'),
      options.timeouts.handshakeMs,
    );
  }

  /** Ends the connection; the sink hears of it once. */
  close(reason: string): void {
    const before = this.#state;
    if (before.name === 'closed') return;
    this.#state = { name: 'closed' };
    clearTimeout(this.#timer);
    this.#socket.destroy();
    if (before.name === 'publishing') before.sink.onEnd(reason);
    else this.#log.debug({ remoteAddress: this.remoteAddress, reason }, 'rtmp connection closed');
  }

  #read(bytes: Buffer): void {
    if (this.#state.name === 'closed') return;
    this.#session.inBytes += bytes.length;
    try {
      if (!this.#firstByteSeen) {
        this.#firstByteSeen = true;
        if (bytes[0] !== RTMP_VERSION) {
          throw new AmphiError('protocol_violation', `RTMP version ${bytes[0]}`);
        }
      }
      const failure = this.#rtmp.parserData(bytes);
      if (failure !== null) throw new AmphiError('protocol_violation', failure);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#acknowledge();
    if (this.#isPublishing()) this.#timer.refresh();
  }

  #isPublishing(): boolean {
    return this.#state.name === 'publishing';
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
  #acknowledge(): void {
    const every = this.#rtmp.acknowledgeEvery;
    const received = this.#session.inBytes;
    if (every === 0 || received - this.#acknowledgedBytes < every) return;
    this.#acknowledgedBytes = received;
    this.#rtmp.sendACK(received % 2 ** 32);
  }

  async #publish(command: PublishCommand): Promise<void> {
    const waiting: State = { name: 'authorizing', queue: [], bytes: 0 };
    this.#state = waiting;
    let sink: PublisherSink;
    try {
      sink = await this.#authorize(command, this);
    } catch (error) {
      if (this.#state !== waiting) return;
      this.#refuse(error);
      return;
    }
    if (this.#state !== waiting) {
      sink.onEnd('the connection ended');
      return;
    }
    this.#state = { name: 'publishing', sink };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close('no data in time'), this.#timeouts.idleMs);
    this.#rtmp.acceptPublish();
    try {
      for (const item of waiting.queue) {
        if (item.kind === 'metadata') sink.onMetadata(item.metadata);
        else sink.onMedia(item.type, item.timestampMs, item.body);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #refuse(error: unknown): void {
    const code = isAmphiError(error, 'unauthorized')
      ? 'NetStream.Publish.BadName'
      : 'NetStream.Publish.Rejected';
    this.#log.info(
      { remoteAddress: this.remoteAddress, reason: messageOf(error) },
      'publisher refused',
    );
    this.#rtmp.refusePublish(code, messageOf(error));
    // The answer goes out before the connection does.
    this.#socket.end(() => this.close(messageOf(error)));
  }

  #media(type: typeof TAG_AUDIO | typeof TAG_VIDEO, timestampMs: number, body: Buffer): void {
    const state = this.#state;
    if (state.name === 'publishing') {
      state.sink.onMedia(type, timestampMs, body);
    } else if (state.name === 'authorizing') {
      this.#enqueue(state, body.length, {
        kind: 'media',
        type,
        timestampMs,
        body: Buffer.from(body),
      });
    }
  }

  #metadata(metadata: { [key: string]: Amf0Value }): void {
    const state = this.#state;
    if (state.name === 'publishing') state.sink.onMetadata(metadata);
    else if (state.name === 'authorizing')
      this.#enqueue(state, 1024, { kind: 'metadata', metadata });
  }

  #enqueue(state: State & { name: 'authorizing' }, bytes: number, item: Queued): void {
    state.bytes += bytes;
    if (state.bytes > MAX_QUEUED_BYTES) {
      throw new AmphiError('limit_exceeded', 'too much media before the answer to publish');
    }
    state.queue.push(item);
  }
}
