import type { RoomStream, ServerMessage } from '#contracts';
import type { Pointers } from '../pointer/pointers.ts';
import type { Outgoing } from '../signal/signal-client.ts';
import type { RoomState } from '../state/room-state.ts';
import type { Offer } from './call-server-link.ts';
import { Mesh } from './mesh.ts';
import { Receiver, type ReceivingAnswer } from './receiver.ts';
import type { Path, RemoteMedia } from './remote-media.ts';
import { Sender } from './sender.ts';
import type { OwnTracks } from './slots.ts';

export interface MediaPathsOptions {
  selfId: string;
  remote: RemoteMedia;
  /** Rejects when the server refuses. */
  request: (message: Outgoing) => Promise<unknown>;
  send: (message: Outgoing) => void;
  /** A session with the call server begins anew: what it was told is forgotten. */
  onNewReceiver: () => void;
  /** An offer to receive is on its way to the call server. */
  onAsked: () => void;
  onChange: () => void;
  /** Nothing comes from the call server: the network may have gone. */
  onCutOff: () => void;
  /** A direct connection does not come about. */
  onFailed: () => void;
  pointers: Pointers;
}

type Purpose = 'send' | 'receive';
type AnswerMessage = Extract<ServerMessage, { type: 'answer' }>;

/** An answer that has not come by then does not come. */
const ANSWER_MS = 10_000;
/** So long one's own media waits for the others' to come, and no longer. */
const OTHERS_FIRST_MS = 800;
/** From the connection on: their first pictures are decoded by then. */
const FIRST_PICTURES_MS = 250;
/** By then it is looked at again who is missing on the new way. */
const OVERLAP_MS = 15_000;
/** After so many looks the old way is closed, whoever is missing. */
const MOST_LOOKS = 4;
/** So long what was closed to all is kept: what comes instead has begun to sound. */
const LAST_MS = 1_000;
const CALL_SERVER = 'callserver';

/**
 * Media with everybody else: directly, by the call server, or for a while both.
 * When the route changes, the new way is opened beside the old one, and the old
 * one is closed person by person, once both have what they need on the new one.
 */
export class MediaPaths {
  readonly #options: MediaPathsOptions;
  readonly #mesh: Mesh;
  readonly #answers = new Map<Purpose, (answer: AnswerMessage) => void>();
  #sender: Sender | undefined;
  #receiver: Receiver | undefined;
  #iceServers: RTCIceServer[] = [];
  #tracks: OwnTracks = {};
  #state: RoomState | undefined;
  #path: Path | undefined;
  #overlap: ReturnType<typeof setTimeout> | undefined;
  /** While it runs, the others' media comes first. */
  #othersFirst: ReturnType<typeof setTimeout> | undefined;
  /** How often it was looked whether the old way can be closed. */
  #looks = 0;
  #isClosing = false;

  constructor(options: MediaPathsOptions) {
    this.#options = options;
    this.#mesh = new Mesh({
      selfId: options.selfId,
      iceServers: () => this.#iceServers,
      isWay: () => this.#path === 'mesh',
      remote: options.remote,
      send: options.send,
      onChange: () => this.#onChange(),
      onNew: (id, connection) => options.pointers.watchPeer(id, connection),
    });
  }

  /** Every connection there is, for their statistics. */
  get connections(): { path: Path; participantId?: string; connection: RTCPeerConnection }[] {
    const all: { path: Path; participantId?: string; connection: RTCPeerConnection }[] = [];
    for (const [participantId, { connection }] of this.#mesh.peers) {
      all.push({ path: 'mesh', participantId, connection });
    }
    for (const link of [this.#sender, this.#receiver]) {
      if (link !== undefined) all.push({ path: 'callserver', connection: link.connection });
    }
    return all;
  }

  /** For connections and ICE restarts from now on. */
  setIceServers(iceServers: RTCIceServer[]): void {
    this.#iceServers = iceServers;
  }

  setTracks(tracks: OwnTracks): void {
    this.#tracks = tracks;
    this.#mesh.setTracks(tracks);
    this.#sender?.setTracks(tracks);
  }

  /** Brings the connections in line with who is there and which way media goes. */
  update(state: RoomState): void {
    if (state.phase !== 'in') return;
    const before = this.#state;
    this.#state = state;
    const present = new Set(this.#present(state));
    this.#mesh.keep(present);
    for (const id of this.#options.remote.people) {
      if (!present.has(id)) this.#options.remote.forget(id);
    }
    if (state.route.peers !== this.#path) this.#turnTo(state.route.peers);
    else if (this.#path === 'callserver') this.#openCallServer();
    if (this.#path === 'mesh') this.#mesh.open(present);
    if (before?.streams !== state.streams) this.#receiver?.setStreams(state.streams);
    this.#release();
  }

  /** True when the message was meant for a connection. */
  receive(message: ServerMessage): boolean {
    switch (message.type) {
      case 'offer':
        this.#mesh.description(message);
        return true;
      case 'answer':
        if (message.from !== CALL_SERVER) this.#mesh.description(message);
        else if (message.purpose !== undefined) this.#answers.get(message.purpose)?.(message);
        return true;
      case 'ice-candidate':
        if (message.from !== CALL_SERVER) this.#mesh.candidate(message);
        return true;
      case 'session-lost':
        if (message.purpose === 'send') this.#sender?.restart();
        else this.#receiver?.restart();
        return true;
      default:
        return false;
    }
  }

  /** The network has changed: other ways are looked for, and what flows flows on meanwhile. */
  findWay(): void {
    this.#mesh.findWay();
    this.#sender?.findWay();
    this.#receiver?.findWay();
  }

  /** What came may now be enough to close what came before. */
  checkRelease(): void {
    this.#release();
  }

  close(): void {
    clearTimeout(this.#overlap);
    clearTimeout(this.#othersFirst);
    this.#mesh.closeAll();
    this.#closeCallServer();
  }

  #turnTo(path: Path): void {
    const isFirst = this.#path === undefined;
    this.#path = path;
    this.#looks = 0;
    this.#isClosing = false;
    this.#options.remote.setWanted(path);
    clearTimeout(this.#overlap);
    if (path === 'callserver') {
      if (isFirst) this.#letOthersFirst();
      this.#openCallServer();
    } else this.#mesh.renew();
    if (!isFirst) this.#lookAgainIn(OVERLAP_MS);
  }

  #lookAgainIn(ms: number): void {
    clearTimeout(this.#overlap);
    this.#overlap = setTimeout(() => this.#look(), ms);
  }

  /** Who is not there yet on the new way may never be; but it is not given up before the new one stands. */
  #look(): void {
    const isUp = this.#path === 'callserver' ? this.#isCallServerUp() : this.#isMeshUp();
    if (isUp) this.#looks++;
    if (this.#path === 'mesh') {
      if (isUp) this.#closeCallServer();
      else this.#lookAgainIn(OVERLAP_MS);
    } else if (this.#looks >= MOST_LOOKS) {
      this.#mesh.closeAll();
    } else {
      this.#release();
      this.#lookAgainIn(OVERLAP_MS);
    }
  }

  #isCallServerUp(): boolean {
    const links = this.#sends ? [this.#sender, this.#receiver] : [this.#receiver];
    return links.every((link) => link?.connection.connectionState === 'connected');
  }

  /** Who only watches has nothing to send, and is refused. */
  get #sends(): boolean {
    return this.#state?.self?.role !== 'viewer';
  }

  #isMeshUp(): boolean {
    const { peers } = this.#mesh;
    return (
      peers.length === (this.#state === undefined ? 0 : this.#present(this.#state).length) &&
      peers.every(([, { connection }]) => connection.connectionState === 'connected')
    );
  }

  /**
   * Nobody wants to wait for the others' pictures behind one's own: a browser
   * that makes both connections at once takes longer for each.
   */
  #letOthersFirst(): void {
    if ((this.#state?.streams.length ?? 0) === 0) return;
    this.#sendIn(OTHERS_FIRST_MS);
  }

  #sendIn(ms: number): void {
    clearTimeout(this.#othersFirst);
    this.#othersFirst = setTimeout(() => {
      this.#othersFirst = undefined;
      if (this.#path === 'callserver') this.#openCallServer();
    }, ms);
  }

  #openCallServer(): void {
    const onState = (state: RTCPeerConnectionState) => {
      if (state === 'disconnected') this.#options.onCutOff();
      if (state === 'connected' && this.#othersFirst !== undefined) this.#sendIn(FIRST_PICTURES_MS);
      this.#onChange();
    };
    const iceServers = () => this.#iceServers;
    const { remote, onNewReceiver, pointers } = this.#options;
    const isNew = this.#receiver === undefined;
    const offer = async (offer: Offer): Promise<ReceivingAnswer> => {
      const { sdp, sections = [] } = await this.#offer('receive', offer);
      return { sdp, sections };
    };
    const streams: readonly RoomStream[] = this.#state?.streams ?? [];
    const onNew = (connection: RTCPeerConnection) => pointers.watchServer('receive', connection);
    this.#receiver ??= new Receiver({ iceServers, remote, onState, offer, onNew }, streams);
    if (this.#sends) {
      if (this.#othersFirst === undefined) this.#openSender(onState);
    } else {
      this.#sender?.close();
      this.#sender = undefined;
    }
    if (isNew) onNewReceiver();
  }

  #openSender(onState: (state: RTCPeerConnectionState) => void): void {
    const { pointers } = this.#options;
    this.#sender ??= new Sender(
      {
        iceServers: () => this.#iceServers,
        onState,
        offer: (offer) => this.#offer('send', offer),
        onNew: (connection) => pointers.watchServer('send', connection),
      },
      this.#tracks,
    );
  }

  #closeCallServer(): void {
    this.#isClosing = false;
    this.#sender?.close();
    this.#receiver?.close();
    this.#sender = undefined;
    this.#receiver = undefined;
  }

  async #offer(purpose: Purpose, { sdp, labels, connection }: Offer): Promise<AnswerMessage> {
    const answer = new Promise<AnswerMessage>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer')), ANSWER_MS);
      this.#answers.set(purpose, (message) => {
        if (message.connection !== undefined && message.connection !== connection) return;
        clearTimeout(timer);
        this.#answers.delete(purpose);
        resolve(message);
      });
      this.#options
        .request({
          type: 'offer',
          to: CALL_SERVER,
          purpose,
          sdp,
          connection,
          ...(labels === undefined ? {} : { labels }),
        })
        .catch((error: unknown) => {
          clearTimeout(timer);
          reject(error);
        });
    });
    if (purpose === 'receive') this.#options.onAsked();
    return answer;
  }

  #onChange(): void {
    const hasFailed = this.#mesh.peers.some(
      ([, { connection }]) => connection.connectionState === 'failed',
    );
    if (hasFailed) this.#options.onFailed();
    this.#release();
    this.#options.onChange();
  }

  /** Gives up, person by person, what the new way has taken over. */
  #release(): void {
    const state = this.#state;
    if (state === undefined) return;
    if (this.#path === 'callserver') {
      if (!this.#isCallServerUp()) return;
      this.#mesh.tellHas('callserver', (id) => this.#hasAll(state, id, 'callserver'));
      return;
    }
    this.#mesh.tellHas('mesh', (id) => this.#hasAll(state, id, 'mesh'));
    if (this.#receiver === undefined) return;
    const present = this.#present(state);
    if (this.#isClosing || !this.#isMeshUp() || !this.#mesh.isHeardBy(present)) return;
    if (!present.every((id) => this.#hasAll(state, id, 'mesh'))) return;
    this.#isClosing = true;
    this.#lookAgainIn(LAST_MS);
  }

  /**
   * Whether all that somebody has turned on comes here on this path. A picture
   * that has not come for long may be one that the camera does not give.
   */
  #hasAll(state: RoomState, id: string, path: Path): boolean {
    const person = state.people[id];
    if (person === undefined) return true;
    const { remote } = this.#options;
    const isMissing = (isOn: boolean, slot: 'microphone' | 'camera' | 'screen') =>
      isOn && !remote.flows(id, path, slot);
    if (isMissing(person.audio, 'microphone')) return false;
    if (this.#looks > 0) return true;
    return !isMissing(person.video, 'camera') && !isMissing(person.screen, 'screen');
  }

  /** Those in the same room, the main one or a breakout. */
  #present({ people, self }: RoomState): string[] {
    return Object.values(people)
      .filter((person) => person.breakoutId === self?.breakoutId)
      .map(({ participantId }) => participantId);
  }
}
