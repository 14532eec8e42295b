import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { isIPv6, type Socket } from 'node:net';
import { usernameOfBindingRequest } from '#protocol';
import { PacketFrames, packetFrame } from './packet-frames.ts';

/** A frame is one UDP packet of WebRTC, which keeps below the MTU. */
const MAX_PACKET = 2_048;
/** Towards a receiver that does not keep up: a key frame's worth. What comes on top is lost, as on a full link. */
const MAX_WAITING_BYTES = 256 * 1024;
/** The worker takes its packets at once; more than this means that it does not. */
const MAX_WAITING_UP_BYTES = 1024 * 1024;
/** Bursts of key frames come faster than one turn of the event loop. */
const RECEIVE_BUFFER = 1024 * 1024;
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
  #udp: UdpSocket | undefined;
  #isUdpOpen = false;
  /** Until the UDP socket is open; no more than one chunk's, since TCP stands still meanwhile. */
  #early: Buffer[] = [];
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
    return this.#udp !== undefined;
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
    this.#udp?.close();
    this.#options.onEnd(end);
  }

  #onData(chunk: Buffer): void {
    this.#heard = true;
    const valid = this.#frames.push(chunk, (packet) => this.#onPacket(packet));
    if (!valid) this.end(this.admitted ? 'malformed' : 'stranger');
  }

  #onPacket(packet: Buffer): void {
    if (this.#ended) return;
    if (this.#udp === undefined) this.#greet(packet);
    else if (this.#isUdpOpen) this.#pass(packet);
    else this.#early.push(packet);
  }

  #greet(packet: Buffer): void {
    const [usernameFragment] = usernameOfBindingRequest(packet)?.split(':') ?? [];
    if (usernameFragment === undefined || !this.#options.admit(usernameFragment)) {
      this.end('stranger');
      return;
    }
    this.#early.push(packet);
    this.#tcp.pause();
    this.#open();
  }

  #open(): void {
    const { address, port } = this.#options.target;
    const udp = createSocket({
      type: isIPv6(address) ? 'udp6' : 'udp4',
      recvBufferSize: RECEIVE_BUFFER,
    });
    this.#udp = udp;
    udp.on('message', (packet) => this.#onAnswer(packet));
    // Nobody at the port: the worker itself has gone, and this process with it.
    udp.on('error', () => this.end('closed'));
    udp.connect(port, address, () => {
      this.#isUdpOpen = true;
      for (const packet of this.#early) this.#pass(packet);
      this.#early = [];
      this.#tcp.resume();
    });
  }

  #pass(packet: Buffer): void {
    const udp = this.#udp;
    if (udp === undefined || udp.getSendQueueSize() > MAX_WAITING_UP_BYTES) {
      this.#options.onDrop();
      return;
    }
    udp.send(packet);
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
