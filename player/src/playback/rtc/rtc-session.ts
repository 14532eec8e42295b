import { Emitter } from '#base';
import type { PlayFigures, WhepLayer, WhepPlayer, WhepState } from '../../whep/index.ts';
import type { TimeMap } from '../live/time-map.ts';
import type { MediaSession, SessionEvents } from '../media-session.ts';
import type { Rung } from '../quality.ts';

/** Without an estimate of the browser's: encoding, and half a round trip, besides what waits in its buffer. */
const ASSUMED_MS = 150;
/** Beyond this an estimate is of another clock. */
const MAX_LATENCY_MS = 15_000;
/** Another session takes less than a second; HLS is better than a longer wait. */
const REPLACED_WITHIN_MS = 2_000;

export interface RtcSessionOptions {
  player: WhepPlayer;
  stream: MediaStream;
  /** The programme's clock, epoch milliseconds. */
  nowMs: () => number;
  /** When what is kept of the programme begins; undefined when it is not known. */
  keptFromMs: () => number | undefined;
}

/** A WebRTC stream on the media element, in the terms in which the page speaks of streams. */
export class RtcSession extends Emitter<SessionEvents> implements MediaSession {
  readonly protocol = 'rtc';
  readonly soundOnly = false;
  readonly live = true;
  following = true;
  readonly #video: HTMLVideoElement;
  readonly #options: RtcSessionOptions;
  readonly #off: (() => void)[];
  #map: TimeMap | undefined;
  #figures: PlayFigures | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(video: HTMLVideoElement, options: RtcSessionOptions) {
    super();
    const { player, stream } = options;
    this.#video = video;
    this.#options = options;
    this.#off = [
      player.on('figures', (figures) => this.#onFigures(figures)),
      player.on('layers', (layers) => this.emit('rungs', layers.map(rungOf))),
      player.on('state', (state) => this.#onState(state)),
    ];
    video.srcObject = stream;
  }

  get map(): TimeMap | undefined {
    return this.#map;
  }

  get bandwidth(): number {
    return this.#figures?.bitsPerSecond ?? 0;
  }

  get window(): { start: number; end: number } | undefined {
    const map = this.#map;
    const from = this.#options.keptFromMs();
    if (map === undefined || from === undefined) return undefined;
    const secondsOf = (epochMs: number) => map.mediaSeconds + (epochMs - map.epochMs) / 1000;
    return { start: secondsOf(from), end: secondsOf(this.#options.nowMs()) };
  }

  /** What is on offer now. */
  get rungs(): Rung[] {
    return this.#options.player.layers.map(rungOf);
  }

  select(name: string | undefined): void {
    this.#options.player.select(name);
  }

  /** The browser gets on by itself. */
  revive(): void {}

  hurry(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#grace);
    for (const off of this.#off) off();
    this.removeAll();
    this.#video.srcObject = null;
  }

  /** A session that takes this one's place is adopted when it plays: the last picture stands until then. */
  #onState(state: WhepState): void {
    if (state.name === 'playing' || this.#grace !== undefined) return;
    const replaced = state.name === 'waiting' && state.problem.code === 'replaced';
    const fail = () => this.emit('failed', 'network', `webrtc ${state.name}`);
    if (replaced) this.#grace = setTimeout(fail, REPLACED_WITHIN_MS);
    else fail();
  }

  #onFigures(figures: PlayFigures): void {
    this.#figures = figures;
    const nowMs = this.#options.nowMs();
    this.#map = {
      mediaSeconds: this.#video.currentTime,
      epochMs: nowMs - latencyOf(figures, nowMs),
    };
    this.emit('time', this.#map);
  }
}

/** From the browser's own word on when the picture was captured, where it gives one. */
export function latencyOf({ capturedMs, bufferMs, rttMs }: PlayFigures, nowMs: number): number {
  const told = capturedMs === undefined ? Number.NaN : nowMs - capturedMs;
  if (told > 0 && told < MAX_LATENCY_MS) return told;
  return ASSUMED_MS + (bufferMs ?? 0) + (rttMs ?? 0) / 2;
}

const rungOf = ({ rid, width, height, bitsPerSecond }: WhepLayer): Rung => ({
  url: '',
  name: rid,
  width,
  height,
  frameRate: 0,
  bitsPerSecond,
  codecs: '',
});
