import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { numbers } from './simulated-link.ts';

const LOOPBACK = '127.0.0.1';

export interface LossyRelayOptions {
  /** Its own UDP port on loopback. */
  port: number;
  /** The UDP port on loopback that packets are for. */
  target: number;
  /** Share of the packets that are lost, each way. */
  loss: number;
  /** Added each way. */
  delayMs: number;
  /** Numbers in [0, 1); the same row of them at every run. */
  random?: () => number;
}

/** A bad path: UDP through a port that loses and delays packets. */
export class LossyRelay {
  /** Packets that were lost on purpose. */
  dropped = 0;
  readonly #options: LossyRelayOptions;
  readonly #random: () => number;
  readonly #outside: Socket;
  /** One socket towards the target for each peer, so that answers find back. */
  readonly #inside = new Map<string, Socket>();
  #open = true;

  private constructor(outside: Socket, options: LossyRelayOptions) {
    this.#outside = outside;
    this.#options = options;
    this.#random = options.random ?? numbers();
    outside.on('message', (packet, from) => {
      const inside = this.#socketFor(from.address, from.port);
      this.#pass(packet, (bytes) => inside.send(bytes, options.target, LOOPBACK));
    });
  }

  static async start(options: LossyRelayOptions): Promise<LossyRelay> {
    const outside = createSocket('udp4');
    outside.bind(options.port, LOOPBACK);
    await once(outside, 'listening');
    return new LossyRelay(outside, options);
  }

  #socketFor(address: string, port: number): Socket {
    const peer = `${address}:${port}`;
    const known = this.#inside.get(peer);
    if (known !== undefined) return known;
    const inside = createSocket('udp4');
    inside.on('message', (packet) =>
      this.#pass(packet, (bytes) => this.#outside.send(bytes, port, address)),
    );
    this.#inside.set(peer, inside);
    return inside;
  }

  #pass(packet: Buffer, send: (packet: Buffer) => void): void {
    if (this.#random() < this.#options.loss) {
      this.dropped++;
      return;
    }
    setTimeout(() => {
      if (this.#open) send(packet);
    }, this.#options.delayMs);
  }

  close(): void {
    this.#open = false;
    this.#outside.close();
    for (const socket of this.#inside.values()) socket.close();
  }
}
