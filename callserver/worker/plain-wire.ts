import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { AmphiError, messageOf } from '#base';
import { isRtcp } from '#protocol';
import type { Wire } from '../core/transport.ts';
import { MAX_PACKET } from '../packet/slot.ts';

/** Packets whose memory the system may still hold; it takes them at once as a rule. */
const RING = 256;
const SOCKET_BUFFER_BYTES = 1024 * 1024;
/** RTCP of many streams is larger than a media packet. */
const LARGEST = MAX_PACKET + 1_000;

interface Address {
  address: string;
  port: number;
}

export interface PlainWireOptions {
  /** Where it listens; port 0 for a free one. */
  bind: Address;
  /** The other end. When left out, whoever sends first is (RFC 4145 calls it passive, others comedia). */
  remote: Address | undefined;
  onPacket(packet: Buffer): void;
  onOpen(): void;
}

/**
 * RTP and RTCP on one port (RFC 5761), in the clear: for tools on this machine or in
 * a network of its own, ffmpeg above all. Packets of anybody but the other end
 * are dropped and counted; its RTCP may come from another port of it.
 */
export class PlainWire implements Wire {
  readonly local: Address;
  readonly #socket: Socket;
  readonly #options: PlainWireOptions;
  readonly #ring: Buffer[] = [];
  #remote: Address | undefined;
  /** Where its RTCP comes from: tools like ffmpeg use a socket of its own for it. */
  #remoteRtcp: Address | undefined;
  #next = 0;
  #inFlight = 0;
  #closed = false;
  refused = 0;

  private constructor(socket: Socket, options: PlainWireOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#remote = options.remote;
    this.local = { address: options.bind.address, port: socket.address().port };
    socket.on('message', (packet, from) => this.#onPacket(packet, from));
    // Of a datagram that came back: nobody listens there (yet).
    socket.on('error', () => {});
  }

  /** Throws `conflict` when the port cannot be bound. */
  static async open(options: PlainWireOptions): Promise<PlainWire> {
    const { address, port } = options.bind;
    const socket = createSocket({
      type: isIPv6(address) ? 'udp6' : 'udp4',
      // Addresses are literal: with nothing to look up a packet goes out within the call.
      lookup: (host, _options, done) => done(null, host, isIPv6(host) ? 6 : 4),
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    });
    try {
      // It may be there before `bind` returns.
      const listening = once(socket, 'listening');
      socket.bind({ address, port, exclusive: true });
      await listening;
    } catch (cause) {
      const detail = `UDP port ${port} cannot be bound: ${messageOf(cause)}`;
      throw new AmphiError('conflict', { detail, cause });
    }
    return new PlainWire(socket, options);
  }

  get open(): boolean {
    return this.#remote !== undefined && !this.#closed;
  }

  #onPacket(packet: Buffer, from: Address): void {
    if (this.#closed) return;
    if (isRtcp(packet) ? this.#isRtcpSource(from) : this.#isSource(from)) {
      this.#options.onPacket(packet);
    } else {
      this.refused++;
    }
  }

  #isSource({ address, port }: Address): boolean {
    if (this.#remote === undefined) {
      if ((this.#remoteRtcp?.address ?? address) !== address) return false;
      this.#remote = { address, port };
      this.#options.onOpen();
    }
    return this.#remote.address === address && this.#remote.port === port;
  }

  /** The first one at the other end's address. */
  #isRtcpSource({ address, port }: Address): boolean {
    if ((this.#remote?.address ?? address) !== address) return false;
    this.#remoteRtcp ??= { address, port };
    return this.#remoteRtcp.address === address && this.#remoteRtcp.port === port;
  }

  send(packet: Uint8Array): boolean {
    if (this.#remote === undefined || this.#closed) return false;
    const remote = (isRtcp(packet) ? this.#remoteRtcp : undefined) ?? this.#remote;
    if (packet.length > LARGEST || this.#inFlight >= RING) return false;
    const at = this.#next;
    this.#next = (at + 1) % RING;
    this.#ring[at] ??= Buffer.allocUnsafeSlow(LARGEST);
    const copy = this.#ring[at];
    copy.set(packet);
    this.#inFlight++;
    this.#socket.send(copy, 0, packet.length, remote.port, remote.address, () => {
      this.#inFlight--;
    });
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
