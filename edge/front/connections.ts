import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '#platform';

/** How many connections are there, and how many each address holds; of IPv6, each subscriber's network. */
export class Connections {
  readonly #perAddress = new Map<string, number>();
  readonly #limit: number;
  #open = 0;
  #refused = 0;

  /** `perAddress`: so many at most from one address. */
  constructor(perAddress: number) {
    this.#limit = perAddress;
  }

  get open(): number {
    return this.#open;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Counts the connections of this server before anything else sees them. */
  watch(server: Server): void {
    server.prependListener('connection', (socket: Socket) => this.#admit(socket));
    server.on('drop', () => this.#refused++);
  }

  #admit(socket: Socket): void {
    const address = networkOf(socket.remoteAddress);
    const held = this.#perAddress.get(address) ?? 0;
    if (held >= this.#limit) {
      this.#refused++;
      socket.destroy();
      return;
    }
    this.#perAddress.set(address, held + 1);
    this.#open++;
    socket.once('close', () => {
      this.#open--;
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
  }
}
