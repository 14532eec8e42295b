import type { DataChannel, PeerConnection } from 'node-datachannel';
import { AmphiError } from '#base';
import type { OwnChannel, PeerChannel } from '../channels/data-plane.ts';
import type { DataChannelParameters, DataMessage } from '../data-parameters.ts';

const NOTHING = () => {};

/**
 * A data channel of the native side. Its callbacks are set for as long as it
 * lives: where nobody takes its messages, 1,024 of them hold up a thread that all
 * peers share; and what was not told of its end is never freed.
 */
export class NativeChannel implements OwnChannel, PeerChannel {
  readonly label: string;
  readonly protocol: string;
  /** The SCTP stream. */
  readonly stream: number;
  readonly #channel: DataChannel;
  readonly #fault: (error: unknown) => void;
  #onMessage: (message: DataMessage) => void = NOTHING;
  #onClosed: () => void = NOTHING;
  #closed = false;

  /** `released` is called when the library is done with it: until then it must not be forgotten. */
  constructor(
    channel: DataChannel,
    released: (channel: NativeChannel) => void,
    fault: (error: unknown) => void,
  ) {
    this.#channel = channel;
    this.#fault = fault;
    channel.onClosed(() =>
      this.#guard(() => {
        const wasOpen = !this.#closed;
        this.#closed = true;
        released(this);
        if (wasOpen) this.#onClosed();
      }),
    );
    channel.onMessage((message) => this.#guard(() => this.#take(message)));
    this.label = channel.getLabel();
    this.protocol = channel.getProtocol();
    this.stream = channel.getId();
  }

  /** Towards the peer by this stream, of which it hears in-band (RFC 8832). Throws `unavailable`. */
  static open(
    connection: PeerConnection,
    stream: number,
    parameters: DataChannelParameters,
    released: (channel: NativeChannel) => void,
    fault: (error: unknown) => void,
  ): NativeChannel {
    const { label, protocol, ordered, maxRetransmits, maxPacketLifeTimeMs } = parameters;
    try {
      const channel = connection.createDataChannel(label, {
        id: stream,
        protocol,
        unordered: !ordered,
        ...(maxRetransmits === undefined ? {} : { maxRetransmits }),
        ...(maxPacketLifeTimeMs === undefined ? {} : { maxPacketLifeTime: maxPacketLifeTimeMs }),
      });
      return new NativeChannel(channel, released, fault);
    } catch (cause) {
      throw new AmphiError('unavailable', {
        detail: 'the peer has no data channel to give',
        cause,
      });
    }
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#fault(error);
    }
  }

  #take(message: string | Buffer | ArrayBuffer): void {
    if (this.#closed) return;
    this.#onMessage(message instanceof ArrayBuffer ? new Uint8Array(message) : message);
  }

  listen(onMessage: (message: DataMessage) => void, onClosed: () => void): void {
    this.#onMessage = onMessage;
    this.#onClosed = onClosed;
  }

  onClosed(closed: () => void): void {
    this.#onClosed = closed;
  }

  get open(): boolean {
    return !this.#closed && this.#channel.isOpen();
  }

  get bufferedAmount(): number {
    return this.#closed ? 0 : this.#channel.bufferedAmount();
  }

  send(message: DataMessage): boolean {
    if (this.#closed) return false;
    try {
      // False means that it waits, which the library does for us.
      if (typeof message === 'string') this.#channel.sendMessage(message);
      else this.#channel.sendMessageBinary(message);
      return true;
    } catch {
      // Closing under our hands, or larger than the peer takes.
      return false;
    }
  }

  /** Not within a callback of its own, which is still on the way in. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    setImmediate(() => this.#guard(() => this.#channel.close()));
  }

  /** With its connection. */
  end(): void {
    this.#closed = true;
    this.#guard(() => this.#channel.close());
  }
}
