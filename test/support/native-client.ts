import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';
import {
  isRtcp,
  packetizeVp8,
  RTP_HEADER_SIZE,
  RtpPacket,
  setMarker,
  setPayloadType,
  setSequenceNumber,
  setSsrc,
  setTimestamp,
  Vp8Descriptor,
} from '#protocol';

const LOOPBACK = '127.0.0.1';
const PAYLOAD_TYPE = 96;
const SSRC = 0x1234;
const MTU = 1_500;
const MAX_PAYLOAD = 1_100;
const CLOCK_RATE = 90_000;
/** An empty receiver report (RFC 3550 6.4.2): the server lets go of who is silent. */
const SIGN_OF_LIFE = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]);
const LIFE_MS = 1_000;

/** A WebRTC peer with one section of VP8, which it sends or receives, over real ICE, DTLS and SRTP. */
export class NativeClient {
  readonly offer: string;
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #life: NodeJS.Timeout;
  readonly #packet = new Uint8Array(RTP_HEADER_SIZE + MAX_PAYLOAD);
  #sequence = 0;
  #pictureId = 0;
  #playing: NodeJS.Timeout | undefined;
  /** Of what it receives: sizes of the key frames, in their order, each as WIDTHxHEIGHT. */
  readonly keyFrames: string[] = [];
  /** Frames that it has received. */
  pictures = 0;

  private constructor(connection: PeerConnection, track: Track, offer: string) {
    this.#connection = connection;
    this.#track = track;
    this.offer = offer;
    track.onMessage((packet) => this.#onPacket(packet));
    this.#life = setInterval(() => {
      if (track.isOpen()) track.sendMessageBinary(SIGN_OF_LIFE);
    }, LIFE_MS);
  }

  static async create(name: string, direction: 'SendOnly' | 'RecvOnly'): Promise<NativeClient> {
    const connection = new nodeDataChannel.PeerConnection(name, {
      iceServers: [],
      bindAddress: LOOPBACK,
      mtu: MTU,
    });
    const media = new nodeDataChannel.Video('0', direction);
    media.addVP8Codec(PAYLOAD_TYPE);
    if (direction === 'SendOnly') media.addSSRC(SSRC, 'amphi-test', 'test', 'video');
    const track = connection.addTrack(media);
    const gathered = new Promise<void>((resolve) => {
      connection.onGatheringStateChange((state) => {
        if (state === 'complete') resolve();
      });
    });
    connection.setLocalDescription('offer');
    if (connection.gatheringState() !== 'complete') await gathered;
    return new NativeClient(connection, track, connection.localDescription()?.sdp ?? '');
  }

  answer(sdp: string): void {
    this.#connection.setRemoteDescription(sdp, 'answer');
  }

  /** Sends these frames over and over, so many a second; the first one is a key frame. */
  play(frames: readonly Uint8Array[], fps: number): void {
    let sent = 0;
    this.#playing = setInterval(() => {
      const frame = frames[sent % frames.length];
      if (frame === undefined || !this.#track.isOpen()) return;
      this.#send(frame, (sent * CLOCK_RATE) / fps);
      sent++;
    }, 1_000 / fps);
  }

  #send(frame: Uint8Array, timestamp: number): void {
    const packet = this.#packet;
    packet[0] = 0x80;
    setPayloadType(packet, PAYLOAD_TYPE);
    setSsrc(packet, SSRC);
    setTimestamp(packet, timestamp >>> 0);
    const id = this.#pictureId++;
    packetizeVp8(frame, id, packet, RTP_HEADER_SIZE, MAX_PAYLOAD, (length, last) => {
      setMarker(packet, last);
      setSequenceNumber(packet, this.#sequence++ & 0xffff);
      this.#track.sendMessageBinary(Buffer.from(packet.subarray(0, RTP_HEADER_SIZE + length)));
    });
  }

  #onPacket(bytes: Buffer): void {
    const packet = new RtpPacket();
    const descriptor = new Vp8Descriptor();
    if (isRtcp(bytes) || !packet.read(bytes) || packet.payloadLength === 0) return;
    if (!descriptor.read(bytes, packet.payloadOffset, packet.payloadLength)) return;
    if (!descriptor.frameStart) return;
    this.pictures++;
    if (descriptor.keyFrame) this.keyFrames.push(`${descriptor.width}x${descriptor.height}`);
  }

  /** Track first, as the library wants it. */
  close(): void {
    clearInterval(this.#life);
    clearInterval(this.#playing);
    this.#track.close();
    this.#connection.close();
  }
}
