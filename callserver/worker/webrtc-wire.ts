import { AmphiError } from '#base';
import type { Wire } from '../core/transport.ts';
import type { DataChannelParameters } from '../data-parameters.ts';
import type { RemoteTransport, SctpParameters } from '../parameters.ts';
import type { ExpectedPeers } from './expected-peers.ts';
import type { NativeChannel } from './native-channel.ts';
import { type LocalCredentials, NativePeer } from './native-peer.ts';

/** A peer that never connects is let go. */
const CONNECT_MS = 30_000;
/** One that restarts is somewhere already: it comes soon, or joins anew. */
const RESTART_MS = 10_000;
/**
 * Of SCTP: odd ones are ours, who are passive in DTLS (RFC 8832 6). Twice as many as
 * a transport has channels, and every peer has as many.
 */
const STREAMS = 256;

export interface WebRtcWireOptions {
  id: string;
  /** The worker's UDP port, which all its peers share. */
  port: number;
  bindAddress: string;
  /** Of the bridges: peers that cannot send to the port themselves come by these. */
  expected: ExpectedPeers;
  onPacket(packet: Buffer): void;
  onConnected(): void;
  /** It goes on after a restart. */
  onRestarted(): void;
  /** The peer has gone, or never came; nothing follows. */
  onLost(reason: 'closed' | 'silent'): void;
  /** The peer has opened a data channel, which must be listened to or closed. */
  onChannel(channel: NativeChannel): void;
  onFault(error: unknown): void;
}

/** One life of the native side, and the timer of its coming. */
interface Life {
  peer: NativePeer;
  timer: NodeJS.Timeout;
}

/**
 * A WebRTC peer's wire. The native side cannot restart ICE: a restart begins
 * another life, with a certificate of its own. What stands on the wire notices
 * nothing.
 */
export class WebRtcWire implements Wire {
  readonly #options: WebRtcWireOptions;
  /** Agreed on once, for all its lives. */
  readonly #sctp: SctpParameters | undefined;
  /** The latest one: a peer that restarts takes a number that it knows for the channel of before. */
  #stream = -1;
  #life: Life;
  /** The life before has ended, and this one is yet to come. */
  #isRestarting = false;
  #closed = false;

  /** Throws `bad_request` for a peer that the native side does not take. */
  constructor(options: WebRtcWireOptions, remote: RemoteTransport) {
    this.#options = options;
    this.#sctp = remote.sctp;
    this.#life = this.#begin(remote, CONNECT_MS);
  }

  /** Of this life, for the answer. */
  get local(): LocalCredentials {
    return this.#life.peer.local;
  }

  get open(): boolean {
    return this.#life.peer.open || this.#isRestarting;
  }

  /** What goes out while it restarts is lost on the way: the receiver asks for it again when it is back. */
  send(packet: Uint8Array): boolean {
    return this.#isRestarting || this.#life.peer.send(packet);
  }

  /**
   * Awaits the peer under new credentials; the life of before ends at once.
   * Chromium checks its new ways by our old name until it hears our new one, and
   * the native port gives a way to whom the first check by it named, for as long
   * as that one lives. Throws as the constructor does, and then nothing ends.
   */
  restart(remote: RemoteTransport): LocalCredentials {
    if (this.#closed) throw new AmphiError('not_found', 'this transport has ended');
    const next = this.#begin(remote, RESTART_MS);
    this.#end(this.#life);
    this.#life = next;
    this.#isRestarting = true;
    return next.peer.local;
  }

  /** Nothing is heard of the peer. While it restarts, that is to be expected. */
  silent(): void {
    if (!this.#closed && !this.#isRestarting) this.#options.onLost('silent');
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end(this.#life);
  }

  /** Opens a data channel towards the peer; it ends with this life. Throws `unavailable`. */
  openChannel(parameters: DataChannelParameters): NativeChannel {
    if (this.#closed || this.#isRestarting) throw new AmphiError('unavailable');
    const { peer } = this.#life;
    do {
      this.#stream = (this.#stream + 2) % STREAMS;
    } while (peer.hasStream(this.#stream));
    return peer.openChannel(this.#stream, parameters);
  }

  #begin({ sctp: _, ...remote }: RemoteTransport, patienceMs: number): Life {
    const { id, port, bindAddress, expected } = this.#options;
    const peer: NativePeer = new NativePeer({
      id,
      port,
      bindAddress,
      remote: this.#sctp === undefined ? remote : { ...remote, sctp: this.#sctp },
      onPacket: (packet) => this.#options.onPacket(packet),
      onState: (state) => this.#onState(life, state),
      onChannel: (channel) => this.#onChannel(life, channel),
      onFault: (error) => this.#options.onFault(error),
    });
    expected.expect(peer.local.usernameFragment, peer.local.password);
    const timer = setTimeout(() => this.#onState(life, 'late'), patienceMs);
    timer.unref();
    const life = { peer, timer };
    return life;
  }

  #onChannel(life: Life, channel: NativeChannel): void {
    // It has come by the new way, whatever else is told of that yet.
    if (this.#isRestarting) this.#onState(life, 'connected');
    if (life === this.#life && !this.#closed) this.#options.onChannel(channel);
    else channel.close();
  }

  #onState(life: Life, state: 'connected' | 'closed' | 'late'): void {
    if (this.#closed || life !== this.#life) return;
    if (state !== 'connected') {
      this.#options.onLost(state === 'late' ? 'silent' : 'closed');
      return;
    }
    clearTimeout(life.timer);
    const { onConnected, onRestarted } = this.#options;
    if (this.#isRestarting) {
      this.#isRestarting = false;
      onRestarted();
    } else {
      onConnected();
    }
  }

  #end(life: Life): void {
    clearTimeout(life.timer);
    this.#options.expected.forget(life.peer.local.usernameFragment);
    life.peer.close();
  }
}
