import nodeDataChannel, {
  type DataChannel,
  type PeerConnection,
  type Track,
} from 'node-datachannel';
import { AmphiError } from '#base';
import type { Wire } from '../core/transport.ts';
import { type DataChannelParameters, MAX_MESSAGE_BYTES } from '../data-parameters.ts';
import type { RemoteTransport, SctpParameters } from '../parameters.ts';
import { NativeChannel } from './native-channel.ts';

/*
 * The native library carries packets and nothing else: ICE, DTLS, SRTP. It is
 * given a description of its own with one media section, because then every RTP
 * and RTCP packet reaches that one track whatever its SSRC, MID or RID, and
 * what is negotiated with the browser never touches it. Where data channels are
 * agreed on, a second section has them; that changes nothing for packets.
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
  /** The peer has opened a data channel, which must be listened to or closed. */
  onChannel(channel: NativeChannel): void;
  onFault(error: unknown): void;
}

export interface LocalCredentials {
  usernameFragment: string;
  password: string;
  fingerprint: { algorithm: string; value: string };
}

const MID = '0';
const DATA_MID = '1';
const PAYLOAD_TYPE = 96;
/** Less what IP, UDP and SRTP take, this leaves 1440 bytes a packet. */
const MTU = 1500;
/**
 * SCTP does not look for the path's own, and its packets that get lost end the
 * connection: so they leave room for the headers of tunnels. Browsers' media packets
 * are smaller, too.
 */
const DATA_MTU = 1400;
/** The library cuts off what is longer, so that this is the length of what is too long. */
const DATA_CUT = MAX_MESSAGE_BYTES + 1;
/** Of an association. What waits in it cannot be taken back, however old it gets. */
const SCTP_SEND_BUFFER = 128 * 1024;
const SCTP_RECEIVE_BUFFER = 256 * 1024;
/** A track that is closed the moment its peer goes leaks; a little later it does not. */
const CLOSE_DELAY_MS = 1_000;

/** The library closes what JavaScript has forgotten. */
const open = new Set<NativePeer>();

/** Keeps the shared port bound for as long as the process lives. */
export function bindPort(port: number, address: string): void {
  nodeDataChannel.setSctpSettings({
    sendBufferSize: SCTP_SEND_BUFFER,
    recvBufferSize: SCTP_RECEIVE_BUFFER,
  });
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
  readonly #channels = new Set<NativeChannel>();
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
      mtu: remote.sctp === undefined ? MTU : DATA_MTU,
      ...(remote.sctp === undefined ? {} : { maxMessageSize: DATA_CUT }),
    });
    try {
      this.#connection.onStateChange((state) => this.#guard(() => this.#onState(state)));
      const media = new nodeDataChannel.Video(MID, 'SendRecv');
      media.addVP8Codec(PAYLOAD_TYPE);
      this.#track = this.#connection.addTrack(media);
      this.#sendBinary = this.#track.sendMessageBinary;
      this.#track.onMessage((packet) => this.#guard(() => this.#onPacket(packet)));
      if (remote.sctp !== undefined) this.#awaitData();
      // Its answer to an offer is made within the call.
      this.#connection.setRemoteDescription(offerOf(remote), 'offer');
      this.local = credentialsOf(this.#connection.localDescription()?.sdp ?? '');
    } catch (cause) {
      this.#connection.close();
      throw new AmphiError('bad_request', { detail: `no transport for ${id}`, cause });
    }
    open.add(this);
  }

  #awaitData(): void {
    // The state waits for SCTP; packets need not.
    this.#track.onOpen(() => this.#guard(() => this.#onState('connected')));
    this.#connection.onDataChannel((channel) => this.#guard(() => this.#onChannel(channel)));
  }

  #onChannel(channel: DataChannel): void {
    // One that is closed already would never say so.
    if (!channel.isOpen()) return;
    const native = new NativeChannel(
      channel,
      (one) => this.#channels.delete(one),
      this.#options.onFault,
    );
    this.#channels.add(native);
    if (this.#closed) native.close();
    else if (native.open) this.#options.onChannel(native);
    else this.#channels.delete(native);
  }

  hasStream(stream: number): boolean {
    for (const channel of this.#channels) if (channel.stream === stream) return true;
    return false;
  }

  /** Opens a data channel towards the peer by a stream that is free. Throws `unavailable`. */
  openChannel(stream: number, parameters: DataChannelParameters): NativeChannel {
    if (this.#closed) throw new AmphiError('unavailable', 'the peer has gone');
    const channel = NativeChannel.open(
      this.#connection,
      stream,
      parameters,
      (one) => this.#channels.delete(one),
      this.#options.onFault,
    );
    this.#channels.add(channel);
    return channel;
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
      if (this.#closed || this.#isOpen) return;
      this.#isOpen = true;
      this.#options.onState('connected');
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
    // A channel that was just opened is let go of first: unheard, it could hold up a thread.
    if (this.#options.remote.sctp === undefined) this.#release();
    else setImmediate(() => this.#release());
  }

  /** Track first: a peer closed before its track leaks. So do channels. */
  #release(): void {
    for (const channel of this.#channels) channel.end();
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
    `a=group:BUNDLE ${MID}${remote.sctp === undefined ? '' : ` ${DATA_MID}`}`,
    `m=video 9 UDP/TLS/RTP/SAVPF ${PAYLOAD_TYPE}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${MID}`,
    'a=sendrecv',
    'a=rtcp-mux',
    `a=rtpmap:${PAYLOAD_TYPE} VP8/90000`,
    ...transportLines(remote),
    ...(remote.sctp === undefined ? [] : dataLines(remote, remote.sctp)),
    '',
  ].join('\r\n');

const transportLines = ({ usernameFragment, password, fingerprint }: RemoteTransport): string[] => [
  `a=ice-ufrag:${usernameFragment}`,
  `a=ice-pwd:${password}`,
  `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
  'a=setup:active',
];

const dataLines = (remote: RemoteTransport, { port, maxMessageSize }: SctpParameters): string[] => [
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  `a=mid:${DATA_MID}`,
  ...transportLines(remote),
  `a=sctp-port:${port}`,
  `a=max-message-size:${maxMessageSize}`,
];

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
