import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { numbers } from './simulated-link.ts';

const LOOPBACK = '127.0.0.1';
/** IPv4 and UDP around each packet. */
const HEADERS = 28;

export interface LossyRelayOptions {
  /** Its own UDP port on loopback. */
  port: number;
  /** The UDP port on loopback that packets are for. */
  target: number;
  /** Share of the packets that are lost, each way. */
  loss: number;
  /** Added each way. */
  delayMs: number;
  /** Towards the peers, all of them together; unlimited when left out. */
  bitsPerSecond?: number;
  /** What would wait longer for the limit is dropped. */
  queueMs?: number;
  /** Numbers in [0, 1); the same row of them at every run. */
  random?: () => number;
}

interface Passing {
  dueMs: number;
  send: () => void;
}

/** One way: packets come out in the order in which they went in. One timer for all of them. */
class Lane {
  /** Infinite when nothing limits it. */
  bitsPerSecond: number;
  readonly #queueMs: number;
  readonly #delayMs: number;
  readonly #packets: Passing[] = [];
  #freeMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #longestMs = 0;

  constructor(bitsPerSecond: number, queueMs: number, delayMs: number) {
    this.bitsPerSecond = bitsPerSecond;
    this.#queueMs = queueMs;
    this.#delayMs = delayMs;
  }

  /** Returns false when the queue is full. */
  take(bytes: number, send: () => void): boolean {
    const nowMs = performance.now();
    const waitMs = Math.max(0, this.#freeMs - nowMs);
    if (waitMs > this.#queueMs) return false;
    this.#longestMs = Math.max(this.#longestMs, waitMs);
    this.#freeMs = nowMs + waitMs + ((bytes + HEADERS) * 8_000) / this.bitsPerSecond;
    this.#packets.push({ dueMs: this.#freeMs + this.#delayMs, send });
    this.#wait();
    return true;
  }

  #wait(): void {
    const [first] = this.#packets;
    if (first === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#release();
        this.#wait();
      },
      Math.max(0, first.dueMs - performance.now()),
    );
  }

  #release(): void {
    const nowMs = performance.now();
    for (let [first] = this.#packets; first !== undefined && first.dueMs <= nowMs; ) {
      this.#packets.shift();
      first.send();
      [first] = this.#packets;
    }
  }

  takeLongestWaitMs(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  close(): void {
    this.#packets.length = 0;
    clearTimeout(this.#timer);
  }
}

/** A bad path: UDP through a port that loses and delays packets, and may be narrow towards its peers. */
export class LossyRelay {
  /** Packets that were lost on purpose. */
  dropped = 0;
  /** Packets that the full queue had no room for. */
  tailDrops = 0;
  readonly #options: LossyRelayOptions;
  readonly #random: () => number;
  readonly #outside: Socket;
  readonly #up: Lane;
  readonly #down: Lane;
  /** One socket towards the target for each peer, so that answers find back. */
  readonly #inside = new Map<string, Socket>();

  private constructor(outside: Socket, options: LossyRelayOptions) {
    const { bitsPerSecond, queueMs = Number.POSITIVE_INFINITY, delayMs } = options;
    this.#outside = outside;
    this.#options = options;
    this.#random = options.random ?? numbers();
    this.#up = new Lane(Number.POSITIVE_INFINITY, queueMs, delayMs);
    this.#down = new Lane(bitsPerSecond ?? Number.POSITIVE_INFINITY, queueMs, delayMs);
    outside.on('message', (packet, from) => {
      const inside = this.#socketFor(from.address, from.port);
      this.#pass(this.#up, packet, () => inside.send(packet, options.target, LOOPBACK));
    });
  }

  static async start(options: LossyRelayOptions): Promise<LossyRelay> {
    const outside = createSocket('udp4');
    outside.bind(options.port, LOOPBACK);
    await once(outside, 'listening');
    return new LossyRelay(outside, options);
  }

  /** Narrows or widens the path towards the peers from now on. */
  limit(bitsPerSecond: number): void {
    this.#down.bitsPerSecond = bitsPerSecond;
  }

  /** The longest that a packet towards a peer had to wait since this was last asked. */
  takeLongestWaitMs(): number {
    return this.#down.takeLongestWaitMs();
  }

  #socketFor(address: string, port: number): Socket {
    const peer = `${address}:${port}`;
    const known = this.#inside.get(peer);
    if (known !== undefined) return known;
    const inside = createSocket('udp4');
    inside.on('message', (packet) =>
      this.#pass(this.#down, packet, () => this.#outside.send(packet, port, address)),
    );
    this.#inside.set(peer, inside);
    return inside;
  }

  #pass(lane: Lane, packet: Buffer, send: () => void): void {
    if (this.#random() < this.#options.loss) this.dropped++;
    else if (!lane.take(packet.length, send)) this.tailDrops++;
  }

  close(): void {
    this.#up.close();
    this.#down.close();
    this.#outside.close();
    for (const socket of this.#inside.values()) socket.close();
  }
}
