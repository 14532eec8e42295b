import type { Candidate } from '#contracts';
import type { Outgoing } from '../signal/signal-client.ts';
import { type Description, MeshPeer } from './mesh-peer.ts';
import type { Path, RemoteMedia } from './remote-media.ts';
import type { OwnTracks, Slot } from './slots.ts';

interface Entry {
  peer: MeshPeer;
  /** Names our connection and the other side's. */
  own: string;
  theirs: string | undefined;
  /** Each side says by which ways it has had all of the other's media. */
  here: Set<Path>;
  there: Set<Path>;
  closing?: ReturnType<typeof setTimeout> | undefined;
}

/** After both sides have given it up: what was said last arrives, and what comes instead has begun to sound. */
const LINGER_MS = 1_000;
const DEAD: ReadonlySet<RTCPeerConnectionState> = new Set(['failed', 'closed']);

export interface MeshOptions {
  selfId: string;
  iceServers: () => RTCIceServer[];
  /** Whether media goes directly now: then the others may open connections. */
  isWay: () => boolean;
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
      if (!this.#entries.has(id) && this.#offersTo(id)) this.#make(id);
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
    if (entry === undefined || isStranger) {
      // One that was closed here, perhaps, because direct is not the way any more.
      if (message.type === 'answer' || !this.#options.isWay()) return;
      entry = this.#make(message.from);
    }
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

  /**
   * Says to those whose media comes by this way that it does. Where both sides
   * have each other's by the call server, the direct connection is closed.
   */
  tellHas(by: Path, has: (participantId: string) => boolean): void {
    for (const [id, entry] of this.#entries) {
      if (entry.here.has(by) || !has(id) || !entry.peer.tellHas(by)) continue;
      entry.here.add(by);
      this.#closeReleased(id, entry);
    }
  }

  /** Whether all of these have said that our media comes to them directly. */
  isHeardBy(participantIds: Iterable<string>): boolean {
    for (const id of participantIds) if (!this.#entries.get(id)?.there.has('mesh')) return false;
    return true;
  }

  /**
   * Direct is the way again: what one side has given up already is made anew, by
   * the one that offers. The other side keeps what it has until that offer comes;
   * it does not where nothing of what was given up has arrived there.
   */
  renew(): void {
    for (const [id, entry] of this.#entries) {
      const { here, there } = entry;
      const isGivenUp = here.has('callserver') || there.has('callserver');
      if (isGivenUp && this.#offersTo(id)) this.close(id);
      clearTimeout(entry.closing);
      entry.closing = undefined;
      here.clear();
      there.clear();
    }
  }

  /** The network has changed. */
  findWay(): void {
    for (const { peer } of this.#entries.values()) peer.findWay();
  }

  close(participantId: string): void {
    const entry = this.#entries.get(participantId);
    if (entry === undefined) return;
    this.#entries.delete(participantId);
    clearTimeout(entry.closing);
    entry.peer.close();
    this.#options.remote.remove(participantId, 'mesh');
  }

  closeAll(): void {
    for (const id of [...this.#entries.keys()]) this.close(id);
  }

  /** The one with the smaller id is the polite one, and waits for the offer. */
  #offersTo(id: string): boolean {
    return this.#options.selfId > id;
  }

  #make(id: string): Entry {
    this.close(id);
    const { iceServers, isWay, remote, send, onChange } = this.#options;
    const own = `m${Date.now().toString(36)}-${++made}`;
    const isCurrent = () => this.#entries.get(id)?.own === own;
    const peer = new MeshPeer(
      {
        isPolite: !this.#offersTo(id),
        iceServers,
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
        onState: (state) => {
          const entry = this.#entries.get(id);
          if (entry === undefined || !isCurrent()) return;
          // Given up here, and dead: it is not brought back to life.
          if (entry.here.has('callserver') && DEAD.has(state)) this.close(id);
          onChange();
        },
        onHas: (by) => {
          const entry = this.#entries.get(id);
          if (entry === undefined || !isCurrent()) return;
          // Said before the other side knew that direct is the way again.
          if (by === 'callserver' && isWay()) return;
          entry.there.add(by);
          this.#closeReleased(id, entry);
          onChange();
        },
      },
      this.#tracks,
    );
    const entry: Entry = { peer, own, theirs: undefined, here: new Set(), there: new Set() };
    this.#entries.set(id, entry);
    this.#options.onNew(id, peer.connection);
    return entry;
  }

  #closeReleased(id: string, entry: Entry): void {
    const { here, there, closing } = entry;
    if (!here.has('callserver') || !there.has('callserver') || closing !== undefined) return;
    entry.closing = setTimeout(() => this.close(id), LINGER_MS);
  }
}
