import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';
import { AmphiError } from '#base';
import type { Wire } from '../core/transport.ts';
import type { RemoteTransport } from '../parameters.ts';

/*
 * The native library carries packets and nothing else: ICE, DTLS, SRTP. It is
 * given a description of its own with one media section, because then every RTP
 * and RTCP packet reaches that one track whatever its SSRC, MID or RID, and
 * what is negotiated with the browser never touches it.
 *
 * An exception that leaves one of its callbacks ends the process, so each one is
 * guarded; so is every call.
 */

export interface NativePeerOptions {
  id: string;
  /** The worker's UDP port, which all its peers share. */
  port: number;
  bindAddress: string;
  remote: RemoteTransport;
  onPacket(packet: Buffer): void;
  onState(state: 'connected' | 'closed'): void;
  onFault(error: unknown): void;
}

export interface LocalCredentials {
  usernameFragment: string;
  password: string;
  fingerprint: { algorithm: string; value: string };
}

const MID = '0';
const PAYLOAD_TYPE = 96;
/** Less what IP, UDP and SRTP take, this leaves 1440 bytes a packet. */
const MTU = 1500;
/** A track that is closed the moment its peer goes leaks; a little later it does not. */
const CLOSE_DELAY_MS = 1_000;

/** The library closes what JavaScript has forgotten. */
const open = new Set<NativePeer>();

/** Keeps the shared port bound for as long as the process lives. */
export function bindPort(port: number, address: string): void {
  listeners.push(new nodeDataChannel.IceUdpMuxListener(port, address));
}
const listeners: unknown[] = [];

export class NativePeer implements Wire {
  readonly local: LocalCredentials;
  readonly #connection: PeerConnection;
  readonly #track: Track;
  /** The track's method, looked up once: on a native object that is not free. */
  readonly #sendBinary: Track['sendMessageBinary'];
  readonly #options: NativePeerOptions;
  #isOpen = false;
  #closed = false;

  constructor(options: NativePeerOptions) {
    this.#options = options;
    const { id, port, bindAddress, remote } = options;
    this.#connection = new nodeDataChannel.PeerConnection(id, {
      iceServers: [],
      enableIceUdpMux: true,
      portRangeBegin: port,
      portRangeEnd: port,
      bindAddress,
      mtu: MTU,
    });
    try {
      this.#connection.onStateChange((state) => this.#guard(() => this.#onState(state)));
      const media = new nodeDataChannel.Video(MID, 'SendRecv');
      media.addVP8Codec(PAYLOAD_TYPE);
      this.#track = this.#connection.addTrack(media);
      this.#sendBinary = this.#track.sendMessageBinary;
      this.#track.onMessage((packet) => this.#guard(() => this.#onPacket(packet)));
      // Its answer to an offer is made within the call.
      this.#connection.setRemoteDescription(offerOf(remote), 'offer');
      this.local = credentialsOf(this.#connection.localDescription()?.sdp ?? '');
    } catch (cause) {
      this.#connection.close();
      throw new AmphiError('bad_request', { detail: `no transport for ${id}`, cause });
    }
    open.add(this);
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #onPacket(packet: Buffer): void {
    if (!this.#closed) this.#options.onPacket(packet);
  }

  #onState(state: string): void {
    if (state === 'connected') {
      this.#isOpen = true;
      if (!this.#closed) this.#options.onState('connected');
    } else if (state === 'closed' || state === 'failed') {
      // `disconnected` is no end: it may pass.
      this.#onEnd();
    }
  }

  #onEnd(): void {
    if (this.#closed) return;
    this.#isOpen = false;
    this.#closed = true;
    this.#options.onState('closed');
    setTimeout(() => this.#release(), CLOSE_DELAY_MS).unref();
  }

  get open(): boolean {
    return this.#isOpen;
  }

  send(packet: Uint8Array): boolean {
    if (!this.#isOpen) return false;
    try {
      return this.#sendBinary.call(this.#track, packet as Buffer);
    } catch {
      // Closing under our hands, or a packet that it refuses: it is lost like any other.
      return false;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#isOpen = false;
    this.#release();
  }

  /** Track first: a peer closed before its track leaks. */
  #release(): void {
    this.#guard(() => this.#track.close());
    this.#guard(() => this.#connection.close());
    open.delete(this);
  }
}

/**
 * What the native side hears of the peer. It stays passive in DTLS, whatever the
 * browser offered, and then agrees on AES-256-GCM; the peer's candidates are not
 * told, because it finds us, and so nobody can make us knock on doors of theirs.
 */
const offerOf = (remote: RemoteTransport): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${MID}`,
    `m=video 9 UDP/TLS/RTP/SAVPF ${PAYLOAD_TYPE}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${MID}`,
    'a=sendrecv',
    'a=rtcp-mux',
    `a=rtpmap:${PAYLOAD_TYPE} VP8/90000`,
    `a=ice-ufrag:${remote.usernameFragment}`,
    `a=ice-pwd:${remote.password}`,
    `a=fingerprint:${remote.fingerprint.algorithm} ${remote.fingerprint.value}`,
    'a=setup:active',
    '',
  ].join('\r\n');

function credentialsOf(sdp: string): LocalCredentials {
  const value = (name: string) => new RegExp(`^a=${name}:(.*?)\\r?$`, 'm').exec(sdp)?.[1] ?? '';
  const [algorithm = '', fingerprint = ''] = value('fingerprint').split(' ');
  const local = {
    usernameFragment: value('ice-ufrag'),
    password: value('ice-pwd'),
    fingerprint: { algorithm, value: fingerprint },
  };
  if (local.usernameFragment === '' || local.password === '' || fingerprint === '') {
    throw new AmphiError('internal', 'the native side gave no description');
  }
  return local;
}
