import type { RoomStream } from '#contracts';
import { CallServerLink, type Offer } from './call-server-link.ts';
import { takePrepared } from './prepared.ts';
import type { RemoteMedia } from './remote-media.ts';
import { kindOf, type Slot } from './slots.ts';

/** What each section of the answer carries. */
export interface Section {
  mid: string;
  participantId: string;
  media: Slot;
}

export interface ReceivingAnswer {
  sdp: string;
  sections: readonly Section[];
}

export interface ReceiverOptions {
  iceServers: () => RTCIceServer[];
  remote: RemoteMedia;
  offer: (offer: Offer) => Promise<ReceivingAnswer>;
  onState: (state: RTCPeerConnectionState) => void;
  onNew?: (connection: RTCPeerConnection) => void;
}

/** How many sections of a kind an offer needs: one for each stream, none taken away. */
export function sectionsNeeded(
  streams: readonly RoomStream[],
  present: Readonly<Record<'audio' | 'video', number>>,
): Record<'audio' | 'video', number> {
  const needed = { audio: -present.audio, video: -present.video };
  for (const { media } of streams) needed[kindOf(media)]++;
  return { audio: Math.max(0, needed.audio), video: Math.max(0, needed.video) };
}

/** Receives the others' media from the call server: one session for all of it. */
export class Receiver {
  readonly #link: CallServerLink<ReceivingAnswer>;
  readonly #remote: RemoteMedia;
  #streams: readonly RoomStream[];
  /** What was mapped by the last answer, as `participant slot`. */
  #mapped = new Set<string>();

  constructor(options: ReceiverOptions, streams: readonly RoomStream[]) {
    this.#streams = streams;
    this.#remote = options.remote;
    this.#link = new CallServerLink<ReceivingAnswer>({
      ...options,
      prepared: takePrepared,
      prepare: (connection) => this.#prepare(connection),
      onAnswer: (connection, { sections }) => this.#map(connection, sections),
    });
    this.#link.negotiate();
  }

  get connection(): RTCPeerConnection {
    return this.#link.connection;
  }

  /** What there is to receive has changed. */
  setStreams(streams: readonly RoomStream[]): void {
    if (streams === this.#streams) return;
    this.#streams = streams;
    this.#link.negotiate();
  }

  restart(): void {
    this.#link.restart();
  }

  findWay(): void {
    this.#link.findWay();
  }

  close(): void {
    this.#link.close();
    this.#remote.clear('callserver');
  }

  #prepare(connection: RTCPeerConnection): void {
    const present = { audio: 0, video: 0 };
    for (const { receiver } of connection.getTransceivers()) {
      present[receiver.track.kind === 'video' ? 'video' : 'audio']++;
    }
    const needed = sectionsNeeded(this.#streams, present);
    for (const kind of ['audio', 'video'] as const) {
      // One at least: the connection is there before there is anything to receive.
      const least = present[kind] === 0 ? 1 : 0;
      for (let i = 0; i < Math.max(least, needed[kind]); i++) {
        connection.addTransceiver(kind, { direction: 'recvonly' });
      }
    }
  }

  #map(connection: RTCPeerConnection, sections: readonly Section[]): void {
    const byMid = new Map(connection.getTransceivers().map((one) => [one.mid, one]));
    const mapped = new Set<string>();
    for (const { mid, participantId, media } of sections) {
      const receiver = byMid.get(mid)?.receiver;
      if (receiver === undefined) continue;
      mapped.add(`${participantId} ${media}`);
      this.#remote.add(participantId, 'callserver', media, receiver.track, receiver);
    }
    for (const key of this.#mapped) {
      if (mapped.has(key)) continue;
      const [participantId = '', media] = key.split(' ');
      this.#remote.remove(participantId, 'callserver', media as Slot);
    }
    this.#mapped = mapped;
  }
}
