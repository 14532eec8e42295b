import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { usernameOfBindingRequest } from '#protocol';
import type { ExpectedPeers } from './expected-peers.ts';
import { withTieBreaker } from './tie-breaker.ts';
import { reachable, WorkerLeg } from './worker-leg.ts';

const MAX_FLOWS = 600;
const MAX_WAITING_BYTES = 1024 * 1024;
/** As long as a browser leaves a pair in reserve alone, and more. */
const IDLE_MS = 40_000;
const TICK_MS = 1_000;

export interface RelayFrontOptions {
  /** 0 takes a free one. */
  port: number;
  bindAddress: string;
  /** The worker's own UDP port. */
  workerPort: number;
  peers: ExpectedPeers;
  maxFlows?: number;
}

interface Flow {
  leg: WorkerLeg;
  heardMs: number;
  end: () => void;
}

/**
 * A second UDP port of the worker, for what TURN servers relay: Chromium's
 * requests by TURN over TCP must be mended before the native side takes them
 * (`withTieBreaker`). Each sender is one flow; it begins with a binding request
 * to a session of this worker.
 */
export class RelayFront {
  /** Strangers are packets. */
  readonly counts = { accepted: 0, refused: 0, strangers: 0, dropped: 0 };
  readonly #socket: Socket;
  readonly #options: RelayFrontOptions;
  readonly #flows = new Map<string, Flow>();
  readonly #timer: NodeJS.Timeout;
  #nowMs = performance.now();

  private constructor(socket: Socket, options: RelayFrontOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (packet, from) => this.#onPacket(packet, from.address, from.port));
    // A single packet that could not be sent is lost like any other.
    socket.on('error', () => {});
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Rejects with the system's error when the port cannot be bound. */
  static async open(options: RelayFrontOptions): Promise<RelayFront> {
    const socket = createSocket(isIPv6(options.bindAddress) ? 'udp6' : 'udp4');
    socket.bind({ address: options.bindAddress, port: options.port, exclusive: true });
    await once(socket, 'listening');
    return new RelayFront(socket, options);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get flows(): number {
    return this.#flows.size;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { end } of this.#flows.values()) end();
    this.#socket.close();
  }

  #onPacket(packet: Buffer, address: string, port: number): void {
    const sender = `${address} ${port}`;
    const flow = this.#flows.get(sender) ?? this.#begin(packet, sender, address, port);
    if (flow === undefined) return;
    flow.heardMs = this.#nowMs;
    const mended = withTieBreaker(packet, this.#options.peers.passwordOf);
    if (!flow.leg.send(mended)) this.counts.dropped++;
  }

  #begin(packet: Buffer, sender: string, address: string, port: number): Flow | undefined {
    const { peers, bindAddress, workerPort, maxFlows = MAX_FLOWS } = this.#options;
    const [usernameFragment] = usernameOfBindingRequest(packet)?.split(':') ?? [];
    if (usernameFragment === undefined || peers.passwordOf(usernameFragment) === undefined) {
      this.counts.strangers++;
      return undefined;
    }
    const end = () => {
      if (!this.#flows.delete(sender)) return;
      leg.close();
      peers.release(usernameFragment, end);
    };
    if (this.#flows.size >= maxFlows || !peers.admit(usernameFragment, end)) {
      this.counts.refused++;
      return undefined;
    }
    this.counts.accepted++;
    const leg = new WorkerLeg({
      target: { address: reachable(bindAddress), port: workerPort },
      onPacket: (answer) => this.#onAnswer(answer, address, port),
      onError: end,
    });
    const flow = { leg, heardMs: this.#nowMs, end };
    this.#flows.set(sender, flow);
    return flow;
  }

  #onAnswer(packet: Buffer, address: string, port: number): void {
    if (this.#socket.getSendQueueSize() > MAX_WAITING_BYTES) this.counts.dropped++;
    else this.#socket.send(packet, port, address);
  }

  #tick(): void {
    this.#nowMs = performance.now();
    for (const { heardMs, end } of this.#flows.values()) {
      if (this.#nowMs - heardMs > IDLE_MS) end();
    }
  }
}
