import type { JoinedMeeting, ServerMessage } from '#contracts';
import { onNetworkChange } from '../api/network-change.ts';
import { watchLevel } from '../devices/index.ts';
import { announce } from '../ui/announce.ts';
import { Attachments } from './files/attachments.ts';
import { type FilePlace, fileLimits, upload } from './files/transfer.ts';
import { AudioOutput } from './media/audio-output.ts';
import { capabilitiesOf } from './media/capabilities.ts';
import type { LocalMedia } from './media/local-media.ts';
import { MediaPaths } from './media/media-paths.ts';
import { Monitor } from './media/monitor.ts';
import { RemoteMedia, SOUND_SLOTS } from './media/remote-media.ts';
import type { OwnTracks } from './media/slots.ts';
import { type Want, Wants } from './media/wants.ts';
import { Pointers } from './pointer/pointers.ts';
import { type Outgoing, SignalClient, SignalError } from './signal/signal-client.ts';
import { announcementOf } from './state/announcements.ts';
import { endingOf } from './state/endings.ts';
import { Notices, noticeOf } from './state/notices.ts';
import {
  initialState,
  type MediaField,
  type RoomEvent,
  type RoomState,
  reduce,
} from './state/room-state.ts';
import { Store } from './state/store.ts';

type Welcome = Extract<ServerMessage, { type: 'welcome' }>;

const REACTION_MS = 4_000;
/** The offer to receive takes a few milliseconds, on a busy device some tens. */
const ASK_MS = 250;

const FIELD_TYPES = [
  ['audio', 'audio'],
  ['video', 'video'],
  ['screen', 'screen'],
  ['screenAudio', 'screen-audio'],
] as const;

/** One stay in a room, from joining to leaving. */
export class RoomSession {
  readonly state = new Store<RoomState>(initialState);
  /** Counts up when what comes from the others changes. */
  readonly mediaVersion = new Store(0);
  /** Whether the others' media has been asked for: until then nothing else is worth the page's time. */
  readonly hasAsked = new Store(false);
  /** The browser does not let the page sound before somebody presses something. */
  readonly isSoundBlocked = new Store(false);
  /** What this person has answered to polls, by the numbers of the options; the server does not tell. */
  readonly ownVotes = new Store<Readonly<Record<string, readonly number[]>>>({});
  /** What happened to this person, or was refused to them, to be seen. */
  readonly notices = new Notices();
  readonly local: LocalMedia;
  readonly remote: RemoteMedia;
  readonly monitor: Monitor;
  /** Files that were chosen and not sent yet. */
  readonly attachments: Attachments;
  readonly files: FilePlace;
  readonly pointers: Pointers;
  readonly selfId: string;
  readonly #signal: SignalClient;
  readonly #paths: MediaPaths;
  readonly #audio: AudioOutput;
  readonly #wants: Wants;
  readonly #offs: (() => void)[] = [];
  #level = 0;
  #stopLevel: (() => void) | undefined;
  #levelOf: MediaStreamTrack | undefined;
  #wasWelcome = false;
  /** What this person came with. */
  #asked = { audio: false, video: false };
  /** Since when the server has not taken up the conversation. */
  #awaySince: number | undefined;
  #closed = false;

  constructor(meetingId: string, joined: JoinedMeeting, local: LocalMedia) {
    this.local = local;
    this.files = { meetingId, token: () => this.#signal.token };
    this.attachments = new Attachments({
      limits: fileLimits,
      upload: (file, how) => upload(this.files, file, how),
    });
    this.selfId = joined.participantId;
    this.remote = new RemoteMedia(() => this.#onRemote());
    this.pointers = new Pointers(joined.participantId);
    this.#audio = new AudioOutput(() => this.isSoundBlocked.set(true));
    this.#signal = new SignalClient({
      url: joined.webSocketUrl,
      join: () => {
        this.#asked = local.wishes;
        return {
          type: 'join',
          participantId: joined.participantId,
          capabilities: capabilitiesOf(),
          ...this.#asked,
        };
      },
      onMessage: (message) => this.#heard(message),
      onState: (state) => {
        if (state === 'reconnecting') this.#awaySince ??= Date.now();
        this.#dispatch({ type: 'socket', state });
      },
      onEnd: (end) => {
        const hadPlace = this.state.get().phase !== 'joining';
        this.#over({ type: 'over', ending: endingOf(end, hadPlace) });
      },
    });
    this.#paths = new MediaPaths({
      selfId: joined.participantId,
      remote: this.remote,
      request: (message) => this.#signal.request(message),
      send: (message) => this.#signal.send(message),
      onNewReceiver: () => this.#wants.forget(),
      onAsked: () => this.hasAsked.set(true),
      onChange: () => this.#touch(),
      onCutOff: () => this.#signal.probe(),
      onFailed: () => this.monitor.reportSoon(),
      pointers: this.pointers,
    });
    this.#paths.setIceServers(joined.iceServers as RTCIceServer[]);
    this.#wants = new Wants((want) => this.#signal.send({ type: 'want', ...want }));
    this.monitor = new Monitor({
      paths: this.#paths,
      remote: this.remote,
      selfId: joined.participantId,
      ownLevel: () => (local.state.isMicrophoneOn ? this.#level : 0),
      onReport: (report) => {
        if (this.state.get().phase === 'in') this.#signal.send({ type: 'report', ...report });
      },
    });
    this.#offs.push(local.store.subscribe(() => this.#onLocal()));
    this.#offs.push(
      onNetworkChange(() => {
        this.#signal.reconnectNow();
        this.#paths.findWay();
      }),
    );
    this.#onLocal();
  }

  /** Resolves once it is done; rejects with `SignalError` when it is refused. */
  request(message: Outgoing): Promise<{ messageId?: string | undefined }> {
    return this.#signal.request(message);
  }

  /** Does it, and says so to the person when it is refused; resolves with whether it is done. */
  do(message: Outgoing, onRefused: (text: string) => void): Promise<boolean> {
    return this.#signal.request(message).then(
      () => true,
      (error: unknown) => {
        if (error instanceof SignalError && error.code !== 'closed') onRefused(error.message);
        return false;
      },
    );
  }

  /** Answers a poll, or answers it otherwise. */
  async vote(
    pollId: string,
    options: readonly number[],
    onRefused: (text: string) => void,
  ): Promise<void> {
    const isDone = await this.do({ type: 'poll-vote', pollId, options: [...options] }, onRefused);
    if (isDone) this.ownVotes.set({ ...this.ownVotes.get(), [pollId]: options });
  }

  setChatOpen(open: boolean): void {
    this.#dispatch({ type: 'chat-open', open });
  }

  askedAnswered(): void {
    this.#dispatch({ type: 'asked-answered' });
  }

  /** Which pictures are on the page, and how large. */
  setShown(shown: readonly Want[]): void {
    this.#wants.setShown(shown);
  }

  /** Everything that the browser says of the connections. */
  async connectionStats(): Promise<unknown[]> {
    return Promise.all(
      this.#paths.connections.map(async ({ connection, ...rest }) => ({
        ...rest,
        state: connection.connectionState,
        stats: [...(await connection.getStats()).values()],
      })),
    );
  }

  /** How long the server has not been reached, on the clock: a device that sleeps counts. */
  get awayMs(): number {
    return this.#awaySince === undefined ? 0 : Date.now() - this.#awaySince;
  }

  resumeSound(): void {
    this.isSoundBlocked.set(false);
    this.#audio.resume();
  }

  leave(): void {
    this.#signal.leave();
    this.#over({ type: 'over', ending: { why: 'left' } });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const off of this.#offs) off();
    this.#signal.leave();
    this.attachments.close();
    this.monitor.close();
    this.#wants.close();
    this.#paths.close();
    this.pointers.close();
    this.#audio.close();
    this.#stopLevel?.();
    this.local.close();
  }

  #heard(message: ServerMessage): void {
    if (this.#closed || this.#paths.receive(message)) return;
    if (message.type === 'welcome' || message.type === 'resumed') this.#awaySince = undefined;
    const before = this.state.get();
    const text = announcementOf(message, before);
    if (text !== undefined) announce(text);
    const notice = noticeOf(message, before);
    if (notice !== undefined) this.notices.show(notice);
    if (message.type === 'welcome' || message.type === 'token') this.#setIceServers(message);
    if (message.type === 'welcome') this.#beforeWelcome(message);
    this.#dispatch({ type: 'server', message, nowMs: Date.now() });
    if (message.type === 'welcome') this.#onWelcome(message);
    if (message.type === 'muted-by-host') this.#muted(message.mediaType);
    if (message.type === 'reaction') {
      const key = this.state.get().reactions.at(-1)?.key;
      if (key !== undefined) {
        setTimeout(() => this.#dispatch({ type: 'reaction-over', key }), REACTION_MS);
      }
    }
    if (this.state.get().phase === 'over') this.close();
  }

  /** Those that came before run out after a while. */
  #setIceServers({ iceServers }: Pick<Welcome, 'iceServers'>): void {
    if (iceServers.length > 0) this.#paths.setIceServers(iceServers as RTCIceServer[]);
  }

  /** What has to be so when connections are opened and one's own media is told. */
  #beforeWelcome({ self }: Welcome): void {
    if (this.#wasWelcome) return;
    if (self.role === 'viewer') this.local.release();
    // A room may let people in muted. What they did not ask for, it has not refused.
    if (this.#asked.audio && !self.audio) this.local.setMicrophone(false, 'here');
    if (this.#asked.video && !self.video) this.local.setCamera(false, 'here');
  }

  #onWelcome(message: Welcome): void {
    if (!this.#wasWelcome) {
      this.#wasWelcome = true;
      // Straight to the others, each connection is asked for by itself.
      if (message.route.peers === 'mesh') this.hasAsked.set(true);
      else setTimeout(() => this.hasAsked.set(true), ASK_MS);
    }
    this.#wants.forget();
    this.#onLocal();
  }

  #muted(mediaType: string): void {
    if (mediaType === 'audio') this.local.setMicrophone(false, 'here');
    else if (mediaType === 'video') this.local.setCamera(false, 'here');
    else this.local.stopShare();
  }

  /** Sends what is on, and tells the others what changed. */
  #onLocal(): void {
    const { tracks, isMicrophoneOn, isCameraOn, preferences } = this.local.state;
    this.#listenTo(tracks.microphone);
    this.#audio.setSink(preferences.speakerId);
    const { self } = this.state.get();
    if (self === undefined) return;
    const mayPublish = self.role !== 'viewer';
    const { camera, ...others } = tracks;
    const sent: OwnTracks = isCameraOn && camera !== undefined ? { ...others, camera } : others;
    this.#paths.setTracks(mayPublish ? sent : {});
    const now: Record<MediaField, boolean> = {
      audio: mayPublish && isMicrophoneOn,
      video: mayPublish && isCameraOn,
      screen: mayPublish && tracks.screen !== undefined,
      screenAudio: mayPublish && tracks['screen-audio'] !== undefined,
    };
    const changed = FIELD_TYPES.filter(([field]) => self[field] !== now[field]);
    if (changed.length === 0) return;
    this.#dispatch({ type: 'own-media', media: now });
    for (const [field, mediaType] of changed) {
      const type = now[field] ? 'unmute' : 'mute';
      this.#signal.request({ type, mediaType }).catch((error: unknown) => {
        // Not allowed: it goes off again, and the person is told why.
        if (!(error instanceof SignalError) || error.code === 'closed' || type === 'mute') return;
        this.#muted(mediaType);
        this.notices.refused(error.message);
      });
    }
  }

  #listenTo(track: MediaStreamTrack | undefined): void {
    if (track === this.#levelOf) return;
    this.#levelOf = track;
    this.#stopLevel?.();
    this.#level = 0;
    this.#stopLevel =
      track === undefined
        ? undefined
        : watchLevel(track, (level) => {
            // The meter's scale is in decibels; speech is told by amplitude.
            this.#level = level === 0 ? 0 : 10 ** ((level - 1) * 3);
          });
  }

  #onRemote(): void {
    this.#touch();
    const voices = this.remote.people.flatMap((id) =>
      SOUND_SLOTS.flatMap((slot) => {
        const { shown, all } = this.remote.get(id, slot);
        return all.map((track) => ({ track, of: `${id} ${slot}`, isHeard: track === shown }));
      }),
    );
    this.#audio.set(voices);
    this.#paths.checkRelease();
  }

  #touch(): void {
    this.mediaVersion.set(this.mediaVersion.get() + 1);
  }

  #over(event: RoomEvent): void {
    this.#dispatch(event);
    this.close();
  }

  #dispatch(event: RoomEvent): void {
    const before = this.state.get();
    const state = reduce(before, event);
    if (state === before) return;
    this.state.set(state);
    if (state.phase !== 'in' || this.#closed) return;
    this.#paths.update(state);
    this.#wants.setStreams(state.streams);
    if (before.self?.role === state.self?.role) return;
    // Who may take part again later is not live again without being asked.
    if (state.self?.role === 'viewer') this.local.release();
    this.#onLocal();
  }
}
