import { CallServerLink, type Offer } from './call-server-link.ts';
import { preferVp8 } from './codecs.ts';
import { encodingsFor } from './encodings.ts';
import { kindOf, type OwnTracks, SLOTS, type Slot } from './slots.ts';

export interface SenderOptions {
  iceServers: () => RTCIceServer[];
  offer: (offer: Offer) => Promise<{ sdp: string }>;
  onState: (state: RTCPeerConnectionState) => void;
  onNew?: (connection: RTCPeerConnection) => void;
}

/** Text is read, not watched: sharp and seldom. */
const SCREEN: RTCRtpEncodingParameters[] = [{ maxBitrate: 2_500_000, maxFramerate: 15 }];

/** Sends this person's media to the call server: one session for all of it. */
export class Sender {
  readonly #link: CallServerLink<{ sdp: string }>;
  readonly #sections = new Map<Slot, RTCRtpTransceiver>();
  #tracks: OwnTracks;

  constructor(options: SenderOptions, tracks: OwnTracks) {
    this.#tracks = tracks;
    this.#link = new CallServerLink({
      ...options,
      onNew: (connection) => {
        this.#sections.clear();
        options.onNew?.(connection);
      },
      prepare: (connection) => this.#prepare(connection),
      labels: () => this.#labels(),
    });
    this.#link.negotiate();
  }

  get connection(): RTCPeerConnection {
    return this.#link.connection;
  }

  /** What is sent from now on; only a kind that was never sent before takes a new offer. */
  setTracks(tracks: OwnTracks): void {
    this.#tracks = tracks;
    for (const [slot, { sender }] of this.#sections) {
      const wanted = tracks[slot] ?? null;
      if (sender.track === wanted) continue;
      sender.replaceTrack(wanted).catch(() => {});
      if (slot === 'camera' && wanted !== null) resize(sender, wanted);
    }
    if (SLOTS.some((slot) => this.#isMissing(slot))) this.#link.negotiate();
  }

  restart(): void {
    this.#link.restart();
  }

  findWay(): void {
    this.#link.findWay();
  }

  close(): void {
    this.#link.close();
  }

  /** Camera and microphone have their places from the start; a screen when there is one. */
  #isMissing(slot: Slot): boolean {
    if (this.#sections.has(slot)) return false;
    return slot === 'microphone' || slot === 'camera' || this.#tracks[slot] !== undefined;
  }

  #prepare(connection: RTCPeerConnection): void {
    for (const slot of SLOTS) {
      if (!this.#isMissing(slot)) continue;
      const transceiver = connection.addTransceiver(this.#tracks[slot] ?? kindOf(slot), {
        direction: 'sendonly',
        sendEncodings:
          slot === 'camera'
            ? encodingsFor(linesOf(this.#tracks.camera))
            : slot === 'screen'
              ? SCREEN
              : [{ maxBitrate: slot === 'microphone' ? 40_000 : 96_000 }],
      });
      if (kindOf(slot) === 'video') preferVp8(transceiver);
      this.#sections.set(slot, transceiver);
    }
  }

  #labels(): Record<string, Slot> {
    const labels: Record<string, Slot> = {};
    for (const [slot, { mid }] of this.#sections) if (mid !== null) labels[mid] = slot;
    return labels;
  }
}

const USUAL_LINES = 720;

const linesOf = (camera: MediaStreamTrack | undefined): number =>
  camera?.getSettings().height ?? USUAL_LINES;

/** Another camera may give pictures of another size. */
async function resize(sender: RTCRtpSender, camera: MediaStreamTrack): Promise<void> {
  const parameters = sender.getParameters();
  const wanted = encodingsFor(linesOf(camera));
  for (const encoding of parameters.encodings) {
    const { rid: _rid, ...sizes } = wanted.find(({ rid }) => rid === encoding.rid) ?? {};
    Object.assign(encoding, sizes);
  }
  // What a browser does not let itself be told it decides by itself.
  await sender.setParameters(parameters).catch(() => {});
}
