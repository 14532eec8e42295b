import type { Socket } from 'node:net';
import { usernameOfBindingRequest } from '#protocol';
import { PacketFrames, packetFrame } from './packet-frames.ts';
import { WorkerLeg } from './worker-leg.ts';

/** A frame is one UDP packet of WebRTC, which keeps below the MTU. */
const MAX_PACKET = 2_048;
/** Towards a receiver that does not keep up: a key frame's worth. What comes on top is lost, as on a full link. */
const MAX_WAITING_BYTES = 256 * 1024;
/** By then its first frame must have come. */
const GREETING_MS = 5_000;
/** RFC 7675 has a peer speak every few seconds, and a browser on a pair in reserve every 25. */
const IDLE_MS = 40_000;

/** Why a connection ended. */
export type TcpEnd =
  /** Its first frame was not from a peer of ours, or did not come. */
  | 'stranger'
  /** It made room for another one. */
  | 'displaced'
  /** A frame longer than any packet. */
  | 'malformed'
  | 'idle'
  /** By the peer, or with its session. */
  | 'closed';

export interface TcpConnectionOptions {
  /** The worker's UDP port, and an address of this machine at which it is reached. */
  target: { address: string; port: number };
  /** Says whether the peer may go on, by its username fragment on our side. Called once, for the first frame. */
  admit(usernameFragment: string): boolean;
  /** Each packet on its way to the worker. */
  mend(packet: Buffer): Buffer;
  onEnd(end: TcpEnd): void;
  /** A packet that the receiver had no room for. */
  onDrop(): void;
}

/**
 * One peer by TCP. Its packets go to the worker's UDP port from a UDP socket of
 * its own and come back the same way, so that the native side sees a peer like
 * any other.
 */
export class IceTcpConnection {
  readonly #tcp: Socket;
  readonly #options: TcpConnectionOptions;
  readonly #frames = new PacketFrames(MAX_PACKET);
  readonly #beganMs: number;
  #leg: WorkerLeg | undefined;
  #heard = true;
  #heardMs: number;
  #isCorked = false;
  #ended = false;

  constructor(tcp: Socket, options: TcpConnectionOptions, nowMs: number) {
    this.#tcp = tcp;
    this.#options = options;
    this.#beganMs = nowMs;
    this.#heardMs = nowMs;
    tcp.setNoDelay(true);
    tcp.on('data', (chunk: Buffer) => this.#onData(chunk));
    tcp.on('error', () => this.end('closed'));
    tcp.on('close', () => this.end('closed'));
  }

  /** It has shown that it belongs to a session. */
  get admitted(): boolean {
    return this.#leg !== undefined;
  }

  /** To be called every second or so. */
  tick(nowMs: number): void {
    if (this.#heard) this.#heardMs = nowMs;
    this.#heard = false;
    if (!this.admitted && nowMs - this.#beganMs > GREETING_MS) this.end('stranger');
    else if (nowMs - this.#heardMs > IDLE_MS) this.end('idle');
  }

  end(end: TcpEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tcp.destroy();
    this.#leg?.close();
    this.#options.onEnd(end);
  }

  #onData(chunk: Buffer): void {
    this.#heard = true;
    const valid = this.#frames.push(chunk, (packet) => this.#onPacket(packet));
    if (!valid) this.end(this.admitted ? 'malformed' : 'stranger');
  }

  #onPacket(packet: Buffer): void {
    if (this.#ended) return;
    if (this.#leg === undefined) this.#greet(packet);
    else if (!this.#leg.send(this.#options.mend(packet))) this.#options.onDrop();
  }

  #greet(packet: Buffer): void {
    const [usernameFragment] = usernameOfBindingRequest(packet)?.split(':') ?? [];
    if (usernameFragment === undefined || !this.#options.admit(usernameFragment)) {
      this.end('stranger');
      return;
    }
    // What follows has no place to wait in but the network.
    this.#tcp.pause();
    this.#leg = new WorkerLeg({
      target: this.#options.target,
      onPacket: (answer) => this.#onAnswer(answer),
      onOpen: () => this.#tcp.resume(),
      onError: () => this.end('closed'),
    });
    this.#leg.send(this.#options.mend(packet));
  }

  #onAnswer(packet: Buffer): void {
    if (this.#ended) return;
    if (this.#tcp.writableLength > MAX_WAITING_BYTES) {
      this.#options.onDrop();
      return;
    }
    // What comes in one turn goes out in one write.
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#tcp.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#tcp.uncork();
      });
    }
    this.#tcp.write(packetFrame(packet));
  }
}
