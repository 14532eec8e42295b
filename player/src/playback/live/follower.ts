import { Emitter } from '#base';
import type { MediaSession } from '../media-session.ts';
import { localEpoch, type Wire } from '../net/wire.ts';
import { LatencyController } from './latency.ts';
import type { LatencyProfile } from './profile.ts';
import { aheadOf, behindHole, epochAt, mediaAt, rangesOf } from './time-map.ts';

type FollowerEvents = {
  /** The viewer follows the live edge, or has left it. */
  mode: [following: boolean];
  /** The picture should move and has not for too long. */
  frozen: [];
  /** The viewer wants a programme time that the present stream does not have. */
  past: [epochMs: number];
  /** It stood still for want of data and moves again. */
  stalled: [ms: number];
};

const TICK_MS = 100;
/** Pausing for longer than this leaves the live edge. */
const LEAVE_AFTER_MS = 2_500;
/** Seeking closer to the live edge than this, beyond the target, is going live. */
const LIVE_WITHIN_MS = 2_000;
/** A pause in the middle of which a hole can be told from slow loading. */
const HOLE_AFTER_MS = 250;
const FROZEN_AFTER_MS = 8_000;
/** The oldest segments leave while they are being asked for. */
const WINDOW_MARGIN_SECONDS = 3;

/**
 * Drives the media element: at the live edge by the latency controller, in the
 * past as the viewer wishes; jumps over holes; notices when nothing moves.
 */
export class Follower extends Emitter<FollowerEvents> {
  readonly #video: HTMLVideoElement;
  readonly #wire: Wire;
  readonly #controller: LatencyController;
  readonly #abort = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #session: MediaSession | undefined;
  #following = true;
  #speed = 1;
  #movedAt = performance.now();
  #lastTime = -1;
  #started = false;
  #waitingSince: number | undefined;
  #seekedAt = 0;
  #pausedAt: number | undefined;
  /** Programme time at which the picture was stopped. */
  #pausedMs: number | undefined;
  readonly counters = { stalls: 0, stalledMs: 0, jumps: 0, holes: 0 };

  constructor(video: HTMLVideoElement, wire: Wire, profile: LatencyProfile) {
    super();
    this.#video = video;
    this.#wire = wire;
    this.#controller = new LatencyController(profile);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    const on = (name: string, listener: () => void) =>
      video.addEventListener(name, listener, { signal: this.#abort.signal });
    on('waiting', () => this.#onWaiting());
    on('playing', () => this.#onMoving());
    on('timeupdate', () => this.#onMoving());
    on('seeking', () => {
      this.#seekedAt = performance.now();
    });
    on('pause', () => {
      this.#pausedAt = performance.now();
      this.#pausedMs = this.positionMs;
      this.#waitingSince = undefined;
    });
    on('play', () => this.#onPlay());
  }

  /** The session whose stream is on the element now. */
  attach(session: MediaSession, following: boolean): void {
    this.#session = session;
    this.#started = false;
    this.#waitingSince = undefined;
    this.#movedAt = performance.now();
    this.#controller.forgetArrivals();
    this.#controller.join();
    session.on('arrival', (partMs, lateMs) =>
      this.#controller.arrival(performance.now(), partMs, lateMs),
    );
    this.#setFollowing(following);
    if (session.protocol === 'rtc') this.#setRate(1);
  }

  /** The stream is of the present alone. */
  get #presentOnly(): boolean {
    return this.#session?.protocol === 'rtc';
  }

  set profile(profile: LatencyProfile) {
    this.#controller.profile = profile;
  }

  get following(): boolean {
    return this.#following;
  }

  get targetMs(): number {
    return this.#controller.targetMs;
  }

  /** The picture has moved since the stream was opened. */
  get started(): boolean {
    return this.#started;
  }

  get speed(): number {
    return this.#speed;
  }

  /** The programme's clock now, epoch milliseconds. */
  get nowMs(): number {
    return this.#wire.clock.at(localEpoch(performance.now()));
  }

  /** Programme time on the screen, epoch milliseconds. */
  get positionMs(): number | undefined {
    const map = this.#session?.map;
    return map === undefined ? undefined : epochAt(map, this.#video.currentTime);
  }

  get latencyMs(): number | undefined {
    const position = this.positionMs;
    return position === undefined ? undefined : this.nowMs - position;
  }

  get bufferMs(): number {
    return aheadOf(rangesOf(this.#video.buffered), this.#video.currentTime) * 1000;
  }

  /** What can be sought to, in programme time. */
  get windowMs(): { start: number; end: number } | undefined {
    const { map, window, live } = this.#session ?? {};
    if (map === undefined || window === undefined) return undefined;
    const end = epochAt(map, window.end);
    return {
      start: epochAt(map, window.start),
      end: live === true ? Math.max(end, this.nowMs) : end,
    };
  }

  goLive(): void {
    const session = this.#session;
    const map = session?.map;
    this.setSpeed(1);
    this.#setFollowing(true);
    this.#controller.join();
    if (session === undefined || map === undefined || this.#presentOnly) return;
    const edge = session.window?.end ?? Number.POSITIVE_INFINITY;
    const wanted = mediaAt(map, this.nowMs - this.targetMs);
    const at = session.live ? Math.min(wanted, edge) : edge;
    if (Math.abs(at - this.#video.currentTime) > 0.3) this.#seek(at);
  }

  /** Seeks to a programme time; close to the live edge this means going live. */
  seekTo(epochMs: number): void {
    const session = this.#session;
    const map = session?.map;
    const window = session?.window;
    if (session === undefined || map === undefined || window === undefined) return;
    if (session.live && epochMs > this.nowMs - this.targetMs - LIVE_WITHIN_MS) {
      this.goLive();
      return;
    }
    if (this.#presentOnly) {
      this.emit('past', epochMs);
      return;
    }
    this.#setFollowing(false);
    const least = window.start + Math.min(WINDOW_MARGIN_SECONDS, (window.end - window.start) / 2);
    this.#seek(Math.min(Math.max(mediaAt(map, epochMs), least), window.end));
  }

  seekBy(seconds: number): void {
    const position = this.positionMs;
    if (position !== undefined) this.seekTo(position + seconds * 1000);
  }

  /** The viewer's own speed; anything but 1 leaves the live edge. */
  setSpeed(speed: number): void {
    this.#speed = speed;
    if (speed !== 1 && this.#presentOnly) {
      this.emit('past', this.positionMs ?? this.nowMs);
      return;
    }
    if (speed !== 1) this.#setFollowing(false);
    if (!this.#following || speed === 1) this.#setRate(speed);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#abort.abort();
    this.removeAll();
  }

  #setFollowing(following: boolean): void {
    if (this.#session !== undefined) this.#session.following = following;
    if (following === this.#following) return;
    this.#following = following;
    if (!following) this.#setRate(this.#speed);
    this.emit('mode', following);
  }

  #seek(mediaSeconds: number): void {
    this.#seekedAt = performance.now();
    this.#movedAt = performance.now();
    this.#video.currentTime = mediaSeconds;
  }

  #setRate(rate: number): void {
    if (Math.abs(this.#video.playbackRate - rate) > 0.004) this.#video.playbackRate = rate;
  }

  #onPlay(): void {
    const pausedMs = performance.now() - (this.#pausedAt ?? performance.now());
    this.#pausedAt = undefined;
    this.#movedAt = performance.now();
    if (this.#following && this.#started && pausedMs > LEAVE_AFTER_MS) this.#setFollowing(false);
  }

  #onWaiting(): void {
    const sinceSeek = performance.now() - this.#seekedAt;
    if (!this.#started || this.#video.seeking || this.#video.paused || sinceSeek < 500) return;
    if (this.#presentOnly) return;
    if (this.#video.ended || this.#session?.live === false) return;
    if (this.#waitingSince !== undefined) return;
    this.#waitingSince = performance.now();
    if (this.#following) this.#controller.stalled(this.#waitingSince);
  }

  #onMoving(): void {
    const { currentTime, readyState, paused } = this.#video;
    if (currentTime === this.#lastTime || readyState < 3 || paused) return;
    this.#started = true;
    this.#movedAt = performance.now();
    this.#lastTime = currentTime;
    if (this.#waitingSince === undefined) return;
    const ms = performance.now() - this.#waitingSince;
    this.#waitingSince = undefined;
    this.counters.stalls++;
    this.counters.stalledMs += ms;
    if (this.#following) this.#controller.resumed(performance.now(), ms);
    this.emit('stalled', ms);
  }

  #tick(): void {
    const video = this.#video;
    const session = this.#session;
    if (session === undefined) return;
    this.#onMoving();
    if (this.#presentOnly) {
      this.#leavePresent();
      this.#watch();
      return;
    }
    const moving = !video.paused && !video.seeking && video.readyState >= 3;
    const latencyMs = this.latencyMs;
    if (latencyMs === undefined) return;
    if (session.live) this.#steer(latencyMs, moving);
    else this.#setRate(this.#speed);
    this.#watch();
  }

  /** Who stops the picture for long goes on where it was stopped. */
  #leavePresent(): void {
    const { paused } = this.#video;
    if (!paused || this.#pausedAt === undefined || this.#pausedMs === undefined) return;
    if (performance.now() - this.#pausedAt < LEAVE_AFTER_MS) return;
    this.#pausedAt = undefined;
    this.emit('past', this.#pausedMs);
  }

  #steer(latencyMs: number, moving: boolean): void {
    const video = this.#video;
    const nowMs = performance.now();
    if (!this.#following) {
      this.#stayInWindow();
      // Caught up with the edge by playing fast.
      if (moving && latencyMs < this.targetMs + 200) this.goLive();
      return;
    }
    const bufferMs = this.bufferMs;
    const { rate, jumpMs } = this.#controller.advise({
      nowMs,
      latencyMs,
      bufferMs,
      playing: moving && this.#started,
    });
    if (jumpMs > 0) {
      this.counters.jumps++;
      this.#seek(video.currentTime + jumpMs / 1000);
    }
    this.#setRate(rate);
  }

  /** What was being watched has left the window, e.g. during a long pause. */
  #stayInWindow(): void {
    const window = this.#session?.window;
    if (window === undefined || this.#video.paused || this.#video.seeking) return;
    if (this.#video.currentTime < window.start) this.#seek(window.start + WINDOW_MARGIN_SECONDS);
  }

  #watch(): void {
    const video = this.#video;
    if (video.paused || video.ended || video.seeking) {
      if (!video.seeking) this.#movedAt = performance.now();
      return;
    }
    const stillMs = performance.now() - this.#movedAt;
    if (stillMs > HOLE_AFTER_MS) {
      const behind = behindHole(rangesOf(video.buffered), video.currentTime);
      if (behind !== undefined) {
        this.counters.holes++;
        this.#seek(behind + 0.02);
        return;
      }
    }
    if (stillMs > FROZEN_AFTER_MS) {
      this.#movedAt = performance.now();
      this.emit('frozen');
    }
  }
}
