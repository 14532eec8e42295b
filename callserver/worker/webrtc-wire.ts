import { AmphiError } from '#base';
import type { Wire } from '../core/transport.ts';
import type { RemoteTransport } from '../parameters.ts';
import type { ExpectedPeers } from './expected-peers.ts';
import { type LocalCredentials, NativePeer } from './native-peer.ts';

/** A peer that never connects is let go. */
const CONNECT_MS = 30_000;
/** One that restarts is somewhere already: it comes soon, or joins anew. */
const RESTART_MS = 10_000;

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
  onFault(error: unknown): void;
}

/** One life of the native side, and the timer of its coming. */
interface Life {
  peer: NativePeer;
  timer: NodeJS.Timeout;
}

/**
 * A WebRTC peer's wire. The native side cannot restart ICE: at a restart
 * another one is made beside it, with a certificate of its own, and takes over
 * once it is connected. What stands on the wire notices nothing.
 */
export class WebRtcWire implements Wire {
  readonly #options: WebRtcWireOptions;
  #current: Life;
  #next: Life | undefined;
  /** Why the current one is of no more use, while the next one is awaited. */
  #lost: 'closed' | 'silent' | undefined;
  #closed = false;

  /** Throws `bad_request` for a peer that the native side does not take. */
  constructor(options: WebRtcWireOptions, remote: RemoteTransport) {
    this.#options = options;
    this.#current = this.#begin(remote, CONNECT_MS);
  }

  /** Of the latest life, for the answer. */
  get local(): LocalCredentials {
    return (this.#next ?? this.#current).peer.local;
  }

  get open(): boolean {
    return this.#current.peer.open || this.#isRestarting;
  }

  /** The old life has ended and the new one is yet to come. */
  get #isRestarting(): boolean {
    return this.#next !== undefined && this.#lost !== undefined;
  }

  /** Peers of the native side that it holds. */
  get peers(): number {
    return this.#next === undefined ? 1 : 2;
  }

  /** What goes out while it restarts is lost on the way: the receiver asks for it again when it is back. */
  send(packet: Uint8Array): boolean {
    return this.#isRestarting || this.#current.peer.send(packet);
  }

  /** Awaits the peer under new credentials; one that was awaited already is given up. Throws as the constructor does. */
  restart(remote: RemoteTransport): LocalCredentials {
    if (this.#closed) throw new AmphiError('not_found', 'this transport has ended');
    const next = this.#begin(remote, RESTART_MS);
    if (this.#next !== undefined) this.#end(this.#next);
    this.#next = next;
    return next.peer.local;
  }

  /** Nothing is heard of the peer. While it restarts, that is to be expected. */
  silent(): void {
    this.#lose('silent');
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end(this.#current);
    if (this.#next !== undefined) this.#end(this.#next);
  }

  #begin(remote: RemoteTransport, patienceMs: number): Life {
    const { id, port, bindAddress, expected } = this.#options;
    const peer: NativePeer = new NativePeer({
      id,
      port,
      bindAddress,
      remote,
      onPacket: (packet) => this.#options.onPacket(packet),
      onState: (state) => this.#onState(life, state),
      onFault: (error) => this.#options.onFault(error),
    });
    expected.expect(peer.local.usernameFragment, peer.local.password);
    const timer = setTimeout(() => this.#onState(life, 'late'), patienceMs);
    timer.unref();
    const life = { peer, timer };
    return life;
  }

  #onState(life: Life, state: 'connected' | 'closed' | 'late'): void {
    if (this.#closed || (life !== this.#current && life !== this.#next)) return;
    if (state === 'connected') {
      clearTimeout(life.timer);
      if (life === this.#current) this.#options.onConnected();
      else this.#takeOver(life);
    } else if (life === this.#current) {
      this.#lose(state === 'late' ? 'silent' : 'closed');
    } else {
      this.#end(life);
      this.#next = undefined;
      if (this.#lost !== undefined) this.#lose(this.#lost);
    }
  }

  #takeOver(next: Life): void {
    this.#end(this.#current);
    this.#current = next;
    this.#next = undefined;
    this.#lost = undefined;
    this.#options.onRestarted();
  }

  #lose(reason: 'closed' | 'silent'): void {
    if (this.#closed) return;
    if (this.#next === undefined) this.#options.onLost(reason);
    else this.#lost = reason;
  }

  #end(life: Life): void {
    clearTimeout(life.timer);
    this.#options.expected.forget(life.peer.local.usernameFragment);
    life.peer.close();
  }
}
