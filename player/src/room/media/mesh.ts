import type { Candidate } from '#contracts';
import type { Outgoing } from '../signal/signal-client.ts';
import { type Description, MeshPeer } from './mesh-peer.ts';
import type { RemoteMedia } from './remote-media.ts';
import type { OwnTracks, Slot } from './slots.ts';

interface Entry {
  peer: MeshPeer;
  /** Names our connection and the other side's. */
  own: string;
  theirs: string | undefined;
  /** Each side says when it has the other's media by the call server. */
  isReleasedHere: boolean;
  isReleasedThere: boolean;
}

export interface MeshOptions {
  selfId: string;
  iceServers: () => RTCIceServer[];
  remote: RemoteMedia;
  send: (message: Outgoing) => void;
  onChange: () => void;
  onNew: (participantId: string, connection: RTCPeerConnection) => void;
}

interface Incoming {
  from: string;
  connection?: string | undefined;
}

let made = 0;

/** The direct connections to all the others. */
export class Mesh {
  readonly #options: MeshOptions;
  readonly #entries = new Map<string, Entry>();
  #tracks: OwnTracks = {};

  constructor(options: MeshOptions) {
    this.#options = options;
  }

  get peers(): readonly [participantId: string, peer: MeshPeer][] {
    return [...this.#entries].map(([id, { peer }]) => [id, peer]);
  }

  /** Opens what is missing; the others come by their offers. */
  open(participantIds: Iterable<string>): void {
    for (const id of participantIds) {
      // The one with the smaller id is the polite one, and waits for the offer.
      if (!this.#entries.has(id) && this.#options.selfId > id) this.#make(id);
    }
  }

  /** Closes what leads to nobody of these any more. */
  keep(participantIds: ReadonlySet<string>): void {
    for (const id of this.#entries.keys()) if (!participantIds.has(id)) this.close(id);
  }

  setTracks(tracks: OwnTracks): void {
    this.#tracks = tracks;
    for (const { peer } of this.#entries.values()) peer.setTracks(tracks);
  }

  description(message: Incoming & Description): void {
    let entry = this.#entries.get(message.from);
    const isStranger =
      entry?.theirs !== undefined &&
      message.connection !== undefined &&
      entry.theirs !== message.connection;
    if (message.type === 'answer' && (entry === undefined || isStranger)) return;
    if (entry === undefined || isStranger) entry = this.#make(message.from);
    entry.theirs = message.connection;
    const { type, sdp, labels } = message;
    entry.peer.receive({ type, sdp, labels });
  }

  candidate(message: Incoming & { candidate: Candidate }): void {
    const entry = this.#entries.get(message.from);
    if (entry === undefined) return;
    if (entry.theirs !== undefined && message.connection !== entry.theirs) return;
    entry.peer.receive({ candidate: message.candidate as RTCIceCandidateInit | null });
  }

  /** Says to those whose media comes by the call server that they need not send it directly. */
  release(hasByCallServer: (participantId: string) => boolean): void {
    for (const [id, entry] of this.#entries) {
      if (entry.isReleasedHere || !hasByCallServer(id) || !entry.peer.release()) continue;
      entry.isReleasedHere = true;
      this.#closeReleased(id, entry);
    }
  }

  /** Direct is the way again: what one side has given up already is made anew. */
  unrelease(): void {
    for (const [id, { isReleasedHere, isReleasedThere }] of this.#entries) {
      if (isReleasedHere || isReleasedThere) this.close(id);
    }
  }

  close(participantId: string): void {
    const entry = this.#entries.get(participantId);
    if (entry === undefined) return;
    this.#entries.delete(participantId);
    entry.peer.close();
    this.#options.remote.remove(participantId, 'mesh');
  }

  closeAll(): void {
    for (const id of [...this.#entries.keys()]) this.close(id);
  }

  #make(id: string): Entry {
    this.close(id);
    const { selfId, iceServers, remote, send, onChange } = this.#options;
    const own = `m${Date.now().toString(36)}-${++made}`;
    const isCurrent = () => this.#entries.get(id)?.own === own;
    const peer = new MeshPeer(
      {
        isPolite: selfId < id,
        iceServers: iceServers(),
        send: (what) => {
          if (!isCurrent()) return;
          if (!('sdp' in what)) {
            const candidate = what.candidate as Candidate;
            send({ type: 'ice-candidate', to: id, candidate, connection: own });
            return;
          }
          const { type, sdp } = what;
          const labels = what.labels as Record<string, Slot> | undefined;
          send({ type, to: id, sdp, connection: own, ...(labels && { labels }) });
        },
        onTrack: (slot, receiver) => {
          if (isCurrent()) remote.add(id, 'mesh', slot, receiver.track, receiver);
        },
        onState: () => {
          if (isCurrent()) onChange();
        },
        onReleased: () => {
          const entry = this.#entries.get(id);
          if (entry === undefined || !isCurrent()) return;
          entry.isReleasedThere = true;
          this.#closeReleased(id, entry);
        },
      },
      this.#tracks,
    );
    const entry: Entry = {
      peer,
      own,
      theirs: undefined,
      isReleasedHere: false,
      isReleasedThere: false,
    };
    this.#entries.set(id, entry);
    this.#options.onNew(id, peer.connection);
    return entry;
  }

  #closeReleased(id: string, { isReleasedHere, isReleasedThere }: Entry): void {
    if (isReleasedHere && isReleasedThere) this.close(id);
  }
}
