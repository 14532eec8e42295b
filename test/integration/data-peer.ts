import nodeDataChannel, {
  type DataChannel,
  type PeerConnection,
  type Track,
} from 'node-datachannel';

const LOOPBACK = '127.0.0.1';
const PAYLOAD_TYPE = 96;

export interface LineOptions {
  protocol?: string;
  ordered?: boolean;
  maxRetransmits?: number;
}

/** One data channel at a peer's end, and what has come by it. */
export class DataLine {
  readonly label: string;
  readonly protocol: string;
  readonly messages: (string | Buffer)[] = [];
  closed = false;
  readonly #channel: DataChannel;

  constructor(channel: DataChannel) {
    this.#channel = channel;
    this.label = channel.getLabel();
    this.protocol = channel.getProtocol();
    channel.onClosed(() => {
      this.closed = true;
    });
    channel.onMessage((message) => {
      this.messages.push(message instanceof ArrayBuffer ? Buffer.from(message) : message);
    });
  }

  get open(): boolean {
    return !this.closed && this.#channel.isOpen();
  }

  send(message: string | Buffer): void {
    if (typeof message === 'string') this.#channel.sendMessage(message);
    else this.#channel.sendMessageBinary(message);
  }

  /** False when it is closed. */
  trySend(message: string): boolean {
    try {
      this.send(message);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#channel.close();
  }
}

/** A WebRTC client with one section of video and, as pages have it, data channels from the start. */
export class DataPeer {
  readonly connection: PeerConnection;
  readonly track: Track;
  /** The server has opened them. */
  readonly received: DataLine[] = [];
  readonly packets: Buffer[] = [];
  state = 'new';
  /** The library closes what nobody refers to. */
  readonly #lines: DataLine[] = [];

  constructor(name: string, direction: 'SendOnly' | 'RecvOnly', ssrc = 1) {
    this.connection = new nodeDataChannel.PeerConnection(name, {
      iceServers: [],
      bindAddress: LOOPBACK,
      disableAutoNegotiation: true,
    });
    this.connection.onStateChange((state) => {
      this.state = state;
    });
    this.connection.onDataChannel((channel) => this.received.push(new DataLine(channel)));
    const video = new nodeDataChannel.Video('0', direction);
    video.addVP8Codec(PAYLOAD_TYPE);
    if (direction === 'SendOnly') video.addSSRC(ssrc, name, name, 'video');
    this.track = this.connection.addTrack(video);
    this.track.onMessage((packet) => this.packets.push(packet));
  }

  /** What the server does not know of: it only brings the section into the offer. */
  associate(): DataLine {
    return this.#keep('association', { negotiated: true, id: 0 });
  }

  /** Opens a channel, which the server hears of in-band. */
  open(
    label: string,
    { protocol = '', ordered = true, maxRetransmits }: LineOptions = {},
  ): DataLine {
    return this.#keep(label, {
      protocol,
      unordered: !ordered,
      ...(maxRetransmits === undefined ? {} : { maxRetransmits }),
    });
  }

  #keep(label: string, config: Parameters<PeerConnection['createDataChannel']>[1]): DataLine {
    const line = new DataLine(this.connection.createDataChannel(label, config));
    this.#lines.push(line);
    return line;
  }

  /** With all candidates in it. */
  offer(): Promise<string> {
    return new Promise((resolve) => {
      const tell = (state: string) => {
        if (state === 'complete') resolve(this.connection.localDescription()?.sdp ?? '');
      };
      this.connection.onGatheringStateChange(tell);
      this.connection.setLocalDescription('offer');
      tell(this.connection.gatheringState());
    });
  }

  accept(answer: string): void {
    this.connection.setRemoteDescription(answer, 'answer');
  }

  /** Track first, as the library wants it. */
  close(): void {
    this.track.close();
    this.connection.close();
  }
}
