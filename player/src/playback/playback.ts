import type Player from 'video.js/dist/types/player';
import { Emitter, retryDelayMs } from '#base';
import type { EventStatus, Play, ViewerStatus } from '#contracts';
import { readStart } from './format.ts';
import { HlsSession } from './hls/session.ts';
import { HLS_TYPE, RTC_TYPE, type SessionSource } from './hls/source-handler.ts';
import { Follower } from './live/follower.ts';
import { PROFILES } from './live/profile.ts';
import { type Failure, REOPEN, Recovery } from './live/recovery.ts';
import { StatusFeed } from './live/status-feed.ts';
import { type Finding, findingOf, type View, viewOf, wantsMedia } from './live/view.ts';
import { bindMediaKeys } from './media-keys.ts';
import type { MediaSession } from './media-session.ts';
import { sameAddress } from './net/address.ts';
import { rememberBitrate } from './net/estimate.ts';
import type { Wire } from './net/wire.ts';
import type { Blocked, EventInfo, PlaybackEvents } from './playback-events.ts';
import { askPlay, type Opening, type PlayAnswer, type Preflight } from './preflight.ts';
import type { Rung } from './quality.ts';
import { beginPlaying, rememberedSound } from './sound.ts';
import { buildStage } from './stage.ts';

export interface PlaybackOptions {
  host: HTMLElement;
  preflight: Preflight;
  autoplay: boolean;
  muted: boolean;
}

/** Where a stream is opened. */
interface Opens {
  url: string;
  /** In the past; at the live edge when undefined. */
  atMs: number | undefined;
  /** Playlist of the rung to begin with. */
  variant: string | undefined;
}

/** The engine counts from the newest part, which is a little older than now. */
const BEGIN_SOONER_MS = 60;
const ASK_AGAIN_MS = 3_000;
const ASK_MISSING_AGAIN_MS = 15_000;

/**
 * A broadcast being watched: learns about the event, keeps a session open
 * while it is on air, puts another in its place when one fails, and tells the
 * page what to show. Lives as long as the page.
 */
export class Playback extends Emitter<PlaybackEvents> {
  readonly player: Player;
  readonly video: HTMLVideoElement;
  readonly wire: Wire;
  readonly eventId: string;
  readonly follower: Follower;
  readonly #start: string | null;
  readonly #recovery = new Recovery((attempt) => retryDelayMs(REOPEN, attempt));
  readonly #abort = new AbortController();
  #feed: StatusFeed | undefined;
  #play: Play | undefined;
  #status: ViewerStatus | undefined;
  #finding: Finding = 'unknown';
  #view: View = { name: 'loading' };
  #session: MediaSession | undefined;
  /** Of an event that is over: whether there is something to watch; undefined while nobody has asked. */
  #kept: boolean | 'asking' | undefined;
  #sessionRun: string | undefined;
  /** Address of the multivariant playlist. */
  #master: string | undefined;
  #rungs: readonly Rung[] = [];
  #quality: string | undefined;
  #wantsToPlay: boolean;
  #blocked: Blocked | undefined;
  #reopenTimer: ReturnType<typeof setTimeout> | undefined;
  #askTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PlaybackOptions) {
    super();
    const { preflight } = options;
    this.wire = preflight.wire;
    this.eventId = preflight.eventId;
    this.#start = preflight.start;
    this.#wantsToPlay = options.autoplay;
    const { player, video } = buildStage(options.host, document.documentElement.lang || 'en');
    this.player = player;
    this.video = video;
    const sound = rememberedSound();
    video.volume = sound.volume;
    video.muted = options.muted || sound.muted;
    this.follower = new Follower(video, this.wire, PROFILES.low);
    this.follower.on('mode', (following) => this.emit('mode', following));
    this.follower.on('frozen', () => this.#onFailure('frozen', 'nothing moves'));
    this.follower.on('past', (atMs) => this.#open(atMs));
    this.#watchElement();
    this.#watchNetwork();
    bindMediaKeys(this);
    const report = (error: unknown) => console.error('amphi:', error);
    preflight.opening.then((opening) => this.#onOpening(opening)).catch(report);
    preflight.play.then((answer) => this.#onPlay(answer)).catch(report);
  }

  get view(): View {
    return this.#view;
  }

  get info(): EventInfo {
    return {
      eventId: this.eventId,
      title: this.#status?.title || this.#play?.title || '',
      viewers: this.#status?.viewers ?? 0,
      status: this.#known,
      startedAt: this.#status?.startedAt,
    };
  }

  get play(): Play | undefined {
    return this.#play;
  }

  get session(): MediaSession | undefined {
    return this.#session;
  }

  get rungs(): readonly Rung[] {
    return this.#rungs;
  }

  /** The rung that the viewer chose, by name; undefined when the engine chooses. */
  get quality(): string | undefined {
    return this.#quality;
  }

  /** A rung without a picture is playing. */
  get soundOnly(): boolean {
    return this.#session?.soundOnly === true;
  }

  get wantsToPlay(): boolean {
    return this.#wantsToPlay;
  }

  get blocked(): Blocked | undefined {
    return this.#blocked;
  }

  get following(): boolean {
    return this.follower.following;
  }

  /** There has been a picture. */
  get started(): boolean {
    return this.follower.started;
  }

  /** Host name of the server that the media comes from. */
  get host(): string {
    return new URL(this.#master ?? location.href, location.href).host;
  }

  togglePlay(): void {
    if (this.video.paused) this.resume();
    else this.pause();
  }

  resume(): void {
    this.#wantsToPlay = true;
    if (this.#session !== undefined) this.#begin();
    else if (wantsMedia(this.#known)) this.#open(readStart(this.#start, this.#status?.startedAt));
  }

  pause(): void {
    this.#wantsToPlay = false;
    this.video.pause();
  }

  /** One frame on or back; the picture stands still then. */
  step(frames: number): void {
    if (!this.video.paused) this.pause();
    const rung = this.#rungs.find((candidate) => candidate.height === this.video.videoHeight);
    this.video.currentTime += frames / (rung?.frameRate || 30);
  }

  selectQuality(name: string | undefined): void {
    if (name === this.#quality) return;
    this.#quality = name;
    const rung = this.#rungs.find((candidate) => candidate.name === name);
    const session = this.#session;
    // Sound alone has a stream of its own; the engine does not mix it with pictures.
    if (session !== undefined && (rung?.height === 0) !== session.soundOnly) this.#reopen(0);
    else session?.select(name, !this.following);
    this.emit('quality');
  }

  /** Watches what is kept of an event that is over, from its beginning. */
  replay(): void {
    this.#wantsToPlay = true;
    const { start } = this.follower.windowMs ?? {};
    if (this.#session !== undefined && start !== undefined) {
      this.follower.seekTo(start);
      this.#begin();
    } else {
      this.#open(this.#status?.startedAt ?? 0);
    }
  }

  close(): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    clearTimeout(this.#reopenTimer);
    clearTimeout(this.#askTimer);
    this.#feed?.close();
    this.follower.close();
    this.#session?.close();
    this.wire.drop();
    this.player.dispose();
    this.removeAll();
  }

  get #closed(): boolean {
    return this.#abort.signal.aborted;
  }

  /** The usual address has a live stream: it can play before anything else is known. */
  #onOpening(opening: Opening | undefined): void {
    if (opening === undefined || this.#closed || this.#session !== undefined) return;
    this.#master = opening.master;
    this.#setSource({ url: opening.master, atMs: undefined, variant: opening.variant });
  }

  #onPlay(answer: PlayAnswer): void {
    if (this.#closed) return;
    this.#finding = answer.finding;
    if (answer.finding === 'found') {
      const first = this.#play === undefined;
      this.#play = answer.play;
      this.#applyPlay(answer.play, first);
      this.emit('info', this.info);
    } else {
      const pause = answer.finding === 'unreachable' ? ASK_AGAIN_MS : ASK_MISSING_AGAIN_MS;
      this.#askTimer = setTimeout(() => this.#askAgain(), pause);
    }
    this.#show();
  }

  #applyPlay(play: Play, first: boolean): void {
    this.follower.profile = PROFILES[play.latency];
    const master = play.llhls ?? play.hls;
    const moved =
      master !== undefined && this.#master !== undefined && !sameAddress(master, this.#master);
    if (master !== undefined) this.#master = master;
    if (!first) return;
    this.#follow(play.statusUrl);
    // Another server was chosen for this viewer than the one that was tried ahead.
    if (moved) this.#reopen(0);
    else this.#openWhenWanted();
  }

  #askAgain(): void {
    askPlay(this.wire, this.eventId)
      .then((answer) => this.#onPlay(answer))
      .catch((error) => console.error('amphi:', error));
  }

  #follow(statusUrl: string): void {
    const feed = new StatusFeed(this.wire, statusUrl);
    this.#feed = feed;
    feed.on('status', (status) => this.#onStatus(status));
    feed.on('finding', (finding) => {
      // The origin learns of an event when it first goes on air; until then only the API knows it.
      if (finding === 'missing') {
        clearTimeout(this.#askTimer);
        this.#askTimer = setTimeout(() => this.#askAgain(), ASK_MISSING_AGAIN_MS);
        return;
      }
      this.#finding = finding;
      this.#show();
    });
    feed.start();
  }

  #onStatus(status: ViewerStatus): void {
    this.#status = status;
    this.emit('info', this.info);
    if (wantsMedia(status.status)) {
      const before = this.#sessionRun;
      this.#sessionRun = status.runId;
      if (this.#session !== undefined && before !== undefined && before !== status.runId) {
        this.#onFailure('playlist', `run ${status.runId} instead of ${before}`);
      }
      this.#openWhenWanted();
    }
    this.#show();
  }

  /** Nothing is loaded for a viewer who has not asked for it. */
  #openWhenWanted(): void {
    if (!this.#wantsToPlay || !wantsMedia(this.#known)) return;
    if (this.#session !== undefined || this.#reopenTimer !== undefined) return;
    // A distance from the beginning waits for the beginning to be known.
    if (this.#start !== null && this.#status === undefined) return;
    this.#open(readStart(this.#start, this.#status?.startedAt));
  }

  get #known(): EventStatus | undefined {
    return this.#status?.status ?? this.#play?.status;
  }

  #show(): void {
    if (this.#known === 'ended' && this.#session === undefined) this.#lookForRecording();
    // Whether it can be watched again comes at once with the news that it is over.
    if (this.#kept === 'asking' && this.#view.name === 'loading') return;
    const view = viewOf({
      finding: this.#finding,
      status: this.#known,
      media: this.#session !== undefined || this.#kept === true,
    });
    if (JSON.stringify(view) === JSON.stringify(this.#view)) return;
    this.#view = view;
    this.emit('view', view);
  }

  /** Whoever comes after the end may watch what is still kept. */
  #lookForRecording(): void {
    const master = this.#master;
    if (this.#kept !== undefined || master === undefined) return;
    this.#kept = 'asking';
    this.wire
      .get(master)
      .then(({ status }) => {
        this.#kept = findingOf(status) === 'found';
        if (!this.#closed) this.#show();
      })
      .catch(() => {
        this.#kept = false;
        if (!this.#closed) this.#show();
      });
  }

  /** Opens the stream: at the live edge, or at a moment of the past. */
  #open(atMs: number | undefined): void {
    clearTimeout(this.#reopenTimer);
    this.#reopenTimer = undefined;
    const master = this.#master;
    if (master === undefined || this.#closed) return;
    const silent = this.#rungs.find((rung) => rung.name === this.#quality && rung.height === 0);
    this.#setSource({ url: silent?.url ?? master, atMs, variant: undefined });
  }

  #setSource({ url, atMs, variant }: Opens): void {
    const { follower } = this;
    this.#load(url, HLS_TYPE, atMs === undefined, (video) => {
      return new HlsSession(video, {
        url,
        wire: this.wire,
        soundOnly: url !== this.#master,
        beginBehindMs: follower.targetMs - BEGIN_SOONER_MS,
        beginAtMs: atMs,
        opening: variant,
        quality: this.#quality,
      });
    });
  }

  /** Puts a stream of the present in the place of what plays, for a viewer who is at the live edge. */
  adoptLive(open: SessionSource['open']): void {
    if (this.#closed || !this.following) return;
    clearTimeout(this.#reopenTimer);
    this.#reopenTimer = undefined;
    this.emit('reopening', 0);
    this.#load('webrtc:', RTC_TYPE, true, open);
  }

  #load(
    src: string,
    type: SessionSource['type'],
    following: boolean,
    open: SessionSource['open'],
  ): void {
    const source: SessionSource = {
      src,
      type,
      open: (video) => {
        const session = open(video);
        this.#adopt(session, following);
        // Only now: attaching the session resets the element, and a request to play with it.
        this.#begin();
        return session;
      },
    };
    this.player.src(source as never);
  }

  #adopt(session: MediaSession, following: boolean): void {
    this.#session = session;
    session.on('rungs', (rungs) => {
      if (session.soundOnly) return;
      this.#rungs = rungs;
      this.emit('rungs', rungs);
    });
    session.on('rung', () => {
      rememberBitrate(session.bandwidth);
      this.emit('quality');
    });
    session.on('captionTrack', (...track) => this.emit('captionTrack', ...track));
    session.on('captionCues', (cues) => this.emit('captionCues', cues));
    session.on('failed', (failure, detail) => {
      if (session === this.#session) this.#onFailure(failure, detail);
    });
    this.follower.attach(session, following);
    this.emit('session');
    this.#show();
  }

  #onFailure(failure: Failure, detail: string): void {
    if (this.#closed || this.#reopenTimer !== undefined) return;
    if (this.#session?.protocol === 'rtc') {
      // HLS is there in its place.
      this.#reopen(0);
      return;
    }
    const remedy = this.#recovery.failed(failure, performance.now());
    console.info(
      `amphi: ${failure} (${detail}): ${remedy.action} in ${Math.round(remedy.delayMs)} ms`,
    );
    if (remedy.action === 'revive') {
      this.#session?.revive();
      this.#begin();
    } else {
      this.#reopen(remedy.delayMs);
    }
  }

  /** Puts another session in the place of this one, at the same place in the programme. */
  #reopen(delayMs: number): void {
    const atMs = this.following ? undefined : this.follower.positionMs;
    this.emit('reopening', this.#recovery.attempt);
    clearTimeout(this.#reopenTimer);
    this.#reopenTimer = setTimeout(() => this.#open(atMs), delayMs);
  }

  #begin(): void {
    if (!this.#wantsToPlay) return;
    beginPlaying(this.video, () => this.#setBlocked('muted'))
      .then((began) => {
        if (began === 'refused') {
          this.#wantsToPlay = false;
          this.#setBlocked('refused');
        } else if (began === 'playing' && this.#blocked === 'refused') {
          this.#setBlocked(undefined);
        }
      })
      .catch((error) => console.error('amphi:', error));
  }

  #setBlocked(how: Blocked | undefined): void {
    if (how === this.#blocked) return;
    this.#blocked = how;
    this.emit('blocked', how);
  }

  #watchElement(): void {
    const { video } = this;
    video.addEventListener('timeupdate', () => {
      if (!video.paused) this.#recovery.playing(performance.now());
    });
    // Media keys, the picture-in-picture window and the system pause without asking us.
    video.addEventListener('pause', () => {
      if (!video.ended && !video.seeking && this.#reopenTimer === undefined) {
        this.#wantsToPlay = false;
      }
    });
    video.addEventListener('play', () => {
      this.#wantsToPlay = true;
      // The control bar asks the element, which has nothing before it is asked for.
      this.#openWhenWanted();
    });
    video.addEventListener('volumechange', () => {
      if (!video.muted && this.#blocked === 'muted') this.#setBlocked(undefined);
    });
  }

  #watchNetwork(): void {
    const { signal } = this.#abort;
    const back = () => {
      this.#recovery.hurry();
      this.#feed?.hurry();
      this.#session?.hurry();
    };
    window.addEventListener('online', back, { signal });
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') this.#feed?.hurry();
      },
      { signal },
    );
  }
}
