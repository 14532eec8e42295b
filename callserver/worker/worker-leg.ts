import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** The worker takes its packets at once; more than this means that it does not. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Bursts of key frames come faster than one turn of the event loop. */
const RECEIVE_BUFFER = 1024 * 1024;
/** What may come before the socket is open. */
const MAX_EARLY = 64;

export interface WorkerLegOptions {
  /** The worker's UDP port, and an address of this machine at which it is reached. */
  target: { address: string; port: number };
  onPacket(packet: Buffer): void;
  onOpen?(): void;
  /** The worker is not there any more. */
  onError(): void;
}

/**
 * A UDP socket towards the worker's own port that stands for one peer of a
 * bridge: so the native side sees a peer like any other.
 */
export class WorkerLeg {
  readonly #socket: Socket;
  #early: Buffer[] = [];
  #isOpen = false;

  constructor({ target, onPacket, onOpen, onError }: WorkerLegOptions) {
    const type = isIPv6(target.address) ? 'udp6' : 'udp4';
    this.#socket = createSocket({ type, recvBufferSize: RECEIVE_BUFFER });
    this.#socket.on('message', onPacket);
    this.#socket.on('error', onError);
    this.#socket.connect(target.port, target.address, () => {
      this.#isOpen = true;
      for (const packet of this.#early) this.#socket.send(packet);
      this.#early = [];
      onOpen?.();
    });
  }

  /** Returns false when there is no room for it. */
  send(packet: Buffer): boolean {
    if (!this.#isOpen) return this.#early.length < MAX_EARLY && this.#early.push(packet) > 0;
    if (this.#socket.getSendQueueSize() > MAX_WAITING_BYTES) return false;
    this.#socket.send(packet);
    return true;
  }

  close(): void {
    this.#socket.close();
  }
}

/** Where this machine reaches what is bound to this address. */
export const reachable = (bindAddress: string): string =>
  bindAddress === '0.0.0.0' ? '127.0.0.1' : bindAddress === '::' ? '::1' : bindAddress;
