import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { ExpectedPeers } from './expected-peers.ts';
import { IceTcpConnection, type TcpEnd } from './ice-tcp-connection.ts';
import { withTieBreaker } from './tie-breaker.ts';
import { reachable } from './worker-leg.ts';

/** Two descriptors each; a worker has at most half as many peers. */
const MAX_CONNECTIONS = 600;
/** Whole offices come from one address. */
const MAX_PER_ADDRESS = 150;
/** Of those that have not said yet whose they are, the oldest makes room for the next. */
const MAX_STRANGERS = 64;
const TICK_MS = 1_000;
const BACKLOG = 128;

export interface IceTcpOptions {
  /** The worker's UDP port; TCP listens on the one of the same number. */
  port: number;
  bindAddress: string;
  peers: ExpectedPeers;
  maxConnections?: number;
  maxPerAddress?: number;
  maxStrangers?: number;
}

interface Held {
  connection: IceTcpConnection;
  address: string;
  /** On our side; undefined before the first frame. */
  usernameFragment: string | undefined;
  /** With its session. */
  end: () => void;
}

/** What has happened to TCP connections so far. */
export interface IceTcpCounts {
  accepted: number;
  /** Turned away at a bound. */
  refused: number;
  /** Packets that a slow receiver, or a busy worker, had no room for. */
  dropped: number;
  ended: Record<TcpEnd, number>;
}

/**
 * ICE over TCP (RFC 6544), for peers whose network lets no UDP through: they
 * connect to us and send the packets of WebRTC as frames (RFC 4571). Only
 * who names a session of this worker in its first frame stays.
 */
export class IceTcpBridge {
  readonly counts: IceTcpCounts = {
    accepted: 0,
    refused: 0,
    dropped: 0,
    ended: { stranger: 0, displaced: 0, malformed: 0, idle: 0, closed: 0 },
  };
  readonly #options: Required<IceTcpOptions>;
  readonly #server: Server;
  /** In the order of their coming. */
  readonly #held = new Set<Held>();
  readonly #perAddress = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #strangers = 0;

  private constructor(server: Server, options: IceTcpOptions) {
    this.#server = server;
    this.#options = {
      maxConnections: MAX_CONNECTIONS,
      maxPerAddress: MAX_PER_ADDRESS,
      maxStrangers: MAX_STRANGERS,
      ...options,
    };
    server.on('connection', (socket) => this.#onConnection(socket));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Rejects with the system's error when the port cannot be listened on. */
  static async open(options: IceTcpOptions): Promise<IceTcpBridge> {
    const server = createServer();
    server.listen({ host: options.bindAddress, port: options.port, backlog: BACKLOG });
    await once(server, 'listening');
    // Later ones concern a single connection that could not be accepted.
    server.on('error', () => {});
    return new IceTcpBridge(server, options);
  }

  get connections(): number {
    return this.#held.size;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server.close();
    for (const { connection } of this.#held) connection.end('closed');
  }

  #onConnection(socket: Socket): void {
    const { maxConnections, maxPerAddress, maxStrangers, port, bindAddress } = this.#options;
    const { passwordOf } = this.#options.peers;
    const address = socket.remoteAddress ?? '';
    const fromThere = this.#perAddress.get(address) ?? 0;
    if (this.#strangers >= maxStrangers) this.#displace();
    if (address === '' || this.#held.size >= maxConnections || fromThere >= maxPerAddress) {
      this.counts.refused++;
      // A connection that is reset meanwhile says so.
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    this.counts.accepted++;
    this.#perAddress.set(address, fromThere + 1);
    this.#strangers++;
    const connection: IceTcpConnection = new IceTcpConnection(
      socket,
      {
        target: { address: reachable(bindAddress), port },
        admit: (usernameFragment) => this.#admit(held, usernameFragment),
        mend: (packet) => withTieBreaker(packet, passwordOf),
        onEnd: (end) => this.#onEnd(held, end),
        onDrop: () => {
          this.counts.dropped++;
        },
      },
      performance.now(),
    );
    const end = () => connection.end('closed');
    const held: Held = { connection, address, usernameFragment: undefined, end };
    this.#held.add(held);
  }

  #admit(held: Held, usernameFragment: string): boolean {
    if (!this.#options.peers.admit(usernameFragment, held.end)) return false;
    held.usernameFragment = usernameFragment;
    this.#strangers--;
    return true;
  }

  #onEnd(held: Held, end: TcpEnd): void {
    this.counts.ended[end]++;
    this.#held.delete(held);
    const fromThere = (this.#perAddress.get(held.address) ?? 1) - 1;
    if (fromThere > 0) this.#perAddress.set(held.address, fromThere);
    else this.#perAddress.delete(held.address);
    if (held.usernameFragment === undefined) {
      this.#strangers--;
      return;
    }
    this.#options.peers.release(held.usernameFragment, held.end);
  }

  #displace(): void {
    for (const { connection, usernameFragment } of this.#held) {
      if (usernameFragment !== undefined) continue;
      connection.end('displaced');
      return;
    }
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const { connection } of this.#held) connection.tick(nowMs);
  }
}
