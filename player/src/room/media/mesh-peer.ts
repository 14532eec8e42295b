import { preferVp8 } from './codecs.ts';
import { setIceServers } from './ice-servers.ts';
import type { Path } from './remote-media.ts';
import { kindOf, type OwnTracks, SLOTS, type Slot } from './slots.ts';

/** A session description, and which of its sections (`a=mid`) carries what. */
export interface Description {
  type: 'offer' | 'answer';
  sdp: string;
  labels?: Readonly<Record<string, Slot>> | undefined;
}

export interface MeshPeerOptions {
  /** One of two offers first: whose offers yield is decided by the ids, the same on both sides. */
  isPolite: boolean;
  /** As they are now: the credentials of TURN servers run out. */
  iceServers: () => RTCIceServer[];
  send: (what: Description | { candidate: RTCIceCandidateInit | null }) => void;
  onTrack: (slot: Slot, receiver: RTCRtpReceiver) => void;
  onState: (state: RTCPeerConnectionState) => void;
  /** Says the other side by which way it has all of our media. */
  onHas: (by: Path) => void;
}

/** A camera in a mesh is sent once for each of the others. */
const MAX_BITS_PER_SECOND: Record<Slot, number> = {
  microphone: 48_000,
  camera: 900_000,
  screen: 1_500_000,
  'screen-audio': 96_000,
};

/** ICE may find its way again by itself for so long. */
const DISCONNECTED_MS = 2_000;

/** What one side tells the other, on a data channel of the connection. */
const HAS: Record<Path, string> = {
  callserver: 'have your media by the call server',
  mesh: 'have your media directly',
};

/**
 * The direct connection to one other person, by perfect negotiation
 * (W3C WebRTC, 10.7). There is one section for each slot from the beginning,
 * in the order of `SLOTS`, so that turning on a camera or sharing a screen
 * needs no further offer.
 */
export class MeshPeer {
  readonly connection: RTCPeerConnection;
  readonly #options: MeshPeerOptions;
  #control: RTCDataChannel | undefined;
  #tracks: OwnTracks = {};
  #makingOffer = false;
  #ignoresOffer = false;
  #isSettingAnswer = false;
  readonly #slots = new Map<string, Slot>();
  #early: RTCIceCandidateInit[] = [];
  #patience: ReturnType<typeof setTimeout> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: MeshPeerOptions, tracks: OwnTracks) {
    this.#options = options;
    this.#tracks = tracks;
    const connection = new RTCPeerConnection({
      iceServers: options.iceServers(),
      bundlePolicy: 'max-bundle',
    });
    this.connection = connection;
    connection.onnegotiationneeded = () => this.#offer();
    connection.onicecandidate = ({ candidate }) => {
      options.send({ candidate: candidate?.toJSON() ?? null });
    };
    connection.ontrack = ({ transceiver, receiver }) => {
      const slot = this.#slotOf(transceiver);
      if (slot !== undefined) options.onTrack(slot, receiver);
    };
    connection.onconnectionstatechange = () => {
      if (this.#closed) return;
      const { connectionState } = connection;
      clearTimeout(this.#patience);
      options.onState(connectionState);
      // `findWay` does nothing where it has been closed upon this.
      if (connectionState === 'failed') this.findWay();
      if (connectionState === 'disconnected') {
        this.#patience = setTimeout(() => this.findWay(), DISCONNECTED_MS);
      }
    };
    // The polite one answers: its sections come with the other's offer.
    if (!options.isPolite) {
      for (const slot of SLOTS) {
        const transceiver = connection.addTransceiver(tracks[slot] ?? kindOf(slot), {
          direction: 'sendrecv',
        });
        if (kindOf(slot) === 'video') preferVp8(transceiver);
      }
      this.#openControl();
    }
  }

  /** What is sent from now on, and in the place of what. */
  setTracks(tracks: OwnTracks): void {
    this.#tracks = tracks;
    this.#applyTracks();
  }

  /** A description or candidate from the other side; in the order in which they came. */
  receive(what: Description | { candidate: RTCIceCandidateInit | null }): void {
    this.#turn = this.#turn
      .then(() => ('sdp' in what ? this.#describe(what) : this.#candidate(what.candidate)))
      .catch((error) => {
        if (!this.#closed) console.warn('direct connection:', error);
      });
  }

  /** Tells the other side by which way all of its media comes here; false while it cannot be told. */
  tellHas(by: Path): boolean {
    if (this.#control?.readyState !== 'open') return false;
    this.#control.send(HAS[by]);
    return true;
  }

  /** Looks for another way to the other side; what flows by the present one flows on. */
  findWay(): void {
    if (this.#closed || this.connection.remoteDescription === null) return;
    setIceServers(this.connection, this.#options.iceServers());
    this.connection.restartIce();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#patience);
    this.connection.close();
  }

  async #offer(): Promise<void> {
    try {
      this.#makingOffer = true;
      await this.connection.setLocalDescription();
      this.#sendLocal();
    } catch (error) {
      if (!this.#closed) console.warn('direct connection:', error);
    } finally {
      this.#makingOffer = false;
    }
  }

  async #describe(description: Description): Promise<void> {
    if (this.#closed) return;
    const { connection } = this;
    const isReady =
      !this.#makingOffer && (connection.signalingState === 'stable' || this.#isSettingAnswer);
    const collides = description.type === 'offer' && !isReady;
    this.#ignoresOffer = !this.#options.isPolite && collides;
    if (this.#ignoresOffer) return;
    for (const [mid, slot] of Object.entries(description.labels ?? {})) this.#slots.set(mid, slot);
    this.#isSettingAnswer = description.type === 'answer';
    try {
      await connection.setRemoteDescription(description);
    } finally {
      this.#isSettingAnswer = false;
    }
    for (const candidate of this.#early.splice(0)) await connection.addIceCandidate(candidate);
    if (description.type === 'answer') return;
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.direction === 'recvonly') transceiver.direction = 'sendrecv';
    }
    // Only now: before the other's offer, it would be a reason for one of our own.
    if (this.#control === undefined) this.#openControl();
    await this.#applyTracks();
    // The other side looks for another way, perhaps: then so does this one.
    setIceServers(connection, this.#options.iceServers());
    await connection.setLocalDescription();
    this.#sendLocal();
  }

  #openControl(): void {
    this.#control = this.connection.createDataChannel('path', { negotiated: true, id: 0 });
    this.#control.onmessage = ({ data }) => {
      for (const by of ['mesh', 'callserver'] as const)
        if (data === HAS[by]) this.#options.onHas(by);
    };
  }

  async #candidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    // The end of candidates need not be known.
    if (candidate === null || this.#closed) return;
    if (this.connection.remoteDescription === null) {
      this.#early.push(candidate);
      return;
    }
    try {
      await this.connection.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#ignoresOffer) throw error;
    }
  }

  #sendLocal(): void {
    const { localDescription } = this.connection;
    if (localDescription === null || this.#closed) return;
    const { type, sdp } = localDescription;
    if (type !== 'offer' && type !== 'answer') return;
    const labels: Record<string, Slot> = {};
    for (const transceiver of this.connection.getTransceivers()) {
      const slot = this.#slotOf(transceiver);
      if (transceiver.mid !== null && slot !== undefined) labels[transceiver.mid] = slot;
    }
    this.#options.send({ type, sdp, labels });
  }

  #slotOf(transceiver: RTCRtpTransceiver): Slot | undefined {
    const said = transceiver.mid === null ? undefined : this.#slots.get(transceiver.mid);
    return said ?? SLOTS[this.connection.getTransceivers().indexOf(transceiver)];
  }

  async #applyTracks(): Promise<void> {
    await Promise.all(
      this.connection.getTransceivers().map(async (transceiver) => {
        const slot = this.#slotOf(transceiver);
        if (slot === undefined) return;
        const wanted = this.#tracks[slot] ?? null;
        if (transceiver.sender.track !== wanted) await transceiver.sender.replaceTrack(wanted);
        await limit(transceiver.sender, slot);
      }),
    ).catch((error) => {
      if (!this.#closed) console.warn('direct connection:', error);
    });
  }
}

async function limit(sender: RTCRtpSender, slot: Slot): Promise<void> {
  const parameters = sender.getParameters();
  const most = MAX_BITS_PER_SECOND[slot];
  if (parameters.encodings.length === 0) return;
  if (parameters.encodings.every(({ maxBitrate }) => maxBitrate === most)) return;
  for (const encoding of parameters.encodings) encoding.maxBitrate = most;
  if (slot === 'screen') parameters.degradationPreference = 'maintain-resolution';
  // What a browser does not let itself be told it decides by itself.
  await sender.setParameters(parameters).catch(() => {});
}
