import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { AmphiError, messageOf } from '#base';
import type { PipeEnd } from '../control/messages.ts';
import type { Wire } from '../core/transport.ts';
import { MAX_PACKET } from '../packet/slot.ts';
import { PIPE_OVERHEAD, PipeKeys, type PipeOpener, type PipeSealer } from './pipe-seal.ts';

/** A packet on its way keeps its place in here until the system has taken it, which it does at once as a rule. */
const RING = 1_024;
/** RTCP of many streams is larger than a media packet. */
const LARGEST = MAX_PACKET + 1_000 + PIPE_OVERHEAD;
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
const ID_BYTES = 4;
const MAX_PIPES = 256;

/**
 * The UDP socket that all pipes of a worker share. Each datagram begins with the
 * number of its pipe at the receiver; what follows is the packet, sealed unless
 * both ends are on this machine.
 */
export class PipeSocket {
  readonly #socket: Socket;
  readonly #reached: Pick<PipeEnd, 'address' | 'loopback' | 'port'>;
  readonly #pipes = new Map<number, PipeWire>();
  readonly #ring: Buffer[] = [];
  #inFlight = 0;
  #next = 0;
  #nextId = 1;
  /** Datagrams that no pipe can make sense of. */
  refused = 0;

  private constructor(socket: Socket, bindAddress: string, address: string) {
    this.#socket = socket;
    const { port } = socket.address();
    const loopback = isIPv6(bindAddress) ? '::1' : '127.0.0.1';
    const local = ['0.0.0.0', '::', loopback].includes(bindAddress);
    this.#reached = { address, port, ...(local ? { loopback } : {}) };
    socket.on('message', (bytes, { address: from, port }) => this.#onDatagram(bytes, from, port));
    // Of a datagram that came back; its pipe will notice the silence.
    socket.on('error', () => {});
  }

  /** Binds a port, a free one for 0; other machines are told the announced address. Throws `conflict` when it cannot. */
  static async open(options: {
    bindAddress: string;
    announcedAddress: string;
    port: number;
  }): Promise<PipeSocket> {
    const { bindAddress, announcedAddress, port } = options;
    if (isIP(announcedAddress) === 0) {
      throw new AmphiError('bad_config', `pipes need an address, not the name ${announcedAddress}`);
    }
    const socket = createSocket({
      type: isIPv6(bindAddress) ? 'udp6' : 'udp4',
      // Addresses are literal: with nothing to look up a packet goes out within the call.
      lookup: (host, _options, done) => done(null, host, isIPv6(host) ? 6 : 4),
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    });
    try {
      // It may be there before `bind` returns.
      const listening = once(socket, 'listening');
      socket.bind({ address: bindAddress, port, exclusive: true });
      await listening;
    } catch (cause) {
      const detail = `UDP port ${port} for pipes cannot be bound: ${messageOf(cause)}`;
      throw new AmphiError('conflict', { detail, cause });
    }
    return new PipeSocket(socket, bindAddress, announcedAddress);
  }

  /** A new end; it becomes a way when it is connected to another one. Throws `too_many`. */
  create(onPacket: (packet: Buffer) => void): { wire: PipeWire; local: PipeEnd } {
    if (this.#pipes.size >= MAX_PIPES)
      throw new AmphiError('too_many', 'this worker has no room for pipes');
    const pipeId = this.#nextId++;
    const keys = new PipeKeys();
    const wire = new PipeWire(keys, {
      onPacket,
      send: (write) => this.#send(write),
      close: () => this.#pipes.delete(pipeId),
    });
    this.#pipes.set(pipeId, wire);
    const { publicKey } = keys;
    return { wire, local: { ...this.#reached, pipeId, publicKey } };
  }

  #onDatagram(bytes: Buffer, from: string, port: number): void {
    const pipe = bytes.length > ID_BYTES ? this.#pipes.get(bytes.readUInt32BE(0)) : undefined;
    if (pipe?.receive(bytes, from, port) !== true) this.refused++;
  }

  /** False when the system does not keep up. */
  #send(write: (into: Buffer) => { size: number; address: string; port: number }): boolean {
    if (this.#inFlight >= RING) return false;
    const at = this.#next;
    this.#next = (at + 1) % RING;
    this.#ring[at] ??= Buffer.allocUnsafeSlow(LARGEST);
    const into = this.#ring[at];
    const { size, address, port } = write(into);
    this.#inFlight++;
    this.#socket.send(into, 0, size, port, address, () => {
      this.#inFlight--;
    });
    return true;
  }
}

interface PipeHost {
  onPacket(packet: Buffer): void;
  send(write: (into: Buffer) => { size: number; address: string; port: number }): boolean;
  close(): void;
}

interface Remote {
  address: string;
  port: number;
  pipeId: number;
  sealer: PipeSealer | undefined;
  opener: PipeOpener | undefined;
}

/** One end of a pipe. */
export class PipeWire implements Wire {
  readonly #keys: PipeKeys;
  readonly #host: PipeHost;
  #remote: Remote | undefined;

  constructor(keys: PipeKeys, host: PipeHost) {
    this.#keys = keys;
    this.#host = host;
  }

  get open(): boolean {
    return this.#remote !== undefined;
  }

  /**
   * Tells it its other end. `secret` is what only the owners of both ends know; without
   * one nothing is sealed, which is refused (`forbidden`) for an end on another machine.
   */
  connect({ address, port, pipeId, publicKey }: PipeEnd, secret: string | undefined): void {
    if (secret === undefined && !isLoopback(address)) {
      throw new AmphiError('forbidden', `a pipe to ${address} must be sealed`);
    }
    const keys = secret === undefined ? undefined : this.#keys.agree(publicKey, secret);
    this.#remote = { address, port, pipeId, sealer: keys?.sealer, opener: keys?.opener };
  }

  send(packet: Uint8Array): boolean {
    const remote = this.#remote;
    if (remote === undefined || packet.length + PIPE_OVERHEAD > LARGEST) return false;
    return this.#host.send((into) => {
      const { address, port, pipeId, sealer } = remote;
      into.writeUInt32BE(pipeId, 0);
      if (sealer !== undefined) return { size: sealer.seal(packet, into), address, port };
      into.set(packet, ID_BYTES);
      return { size: ID_BYTES + packet.length, address, port };
    });
  }

  /** False for what is not of its other end. */
  receive(bytes: Buffer, from: string, port: number): boolean {
    const remote = this.#remote;
    if (remote === undefined) return false;
    if (remote.opener === undefined) {
      if (from !== remote.address || port !== remote.port) return false;
      this.#host.onPacket(bytes.subarray(ID_BYTES));
      return true;
    }
    const packet = remote.opener.open(bytes);
    if (packet !== undefined) this.#host.onPacket(packet);
    return packet !== undefined;
  }

  close(): void {
    this.#remote = undefined;
    this.#host.close();
  }
}

const isLoopback = (address: string): boolean =>
  (isIPv4(address) && address.startsWith('127.')) || address === '::1';
