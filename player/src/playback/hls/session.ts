import Hls, { type ErrorData, type HlsConfig, type LevelDetails } from 'hls.js';
import { Emitter } from '#base';
import type { Failure } from '../live/recovery.ts';
import { mediaAt, type TimeMap } from '../live/time-map.ts';
import type { MediaSession, SessionEvents } from '../media-session.ts';
import { loaderClass } from '../net/loader.ts';
import { hintedPart, variantsOf } from '../net/read-ahead.ts';
import { textOf, type Wire } from '../net/wire.ts';
import type { Rung } from '../quality.ts';
import { hlsConfig } from './config.ts';

export interface SessionOptions {
  url: string;
  wire: Wire;
  /** The address is that of a rung without a picture, not of the list of rungs. */
  soundOnly: boolean;
  /** Distance behind the programme's clock to begin at, in milliseconds. */
  beginBehindMs: number;
  /** Where to begin instead, epoch milliseconds, when it is still kept. */
  beginAtMs?: number | undefined;
  /** The rung to begin with: the address of its playlist. */
  opening?: string | undefined;
  /** The rung to stay on, by name. */
  quality?: string | undefined;
}

/** One life of the engine on one stream. When it cannot go on it says so, and another is made in its place. */
export class HlsSession extends Emitter<SessionEvents> implements MediaSession {
  readonly protocol = 'hls';
  readonly #hls: Hls;
  readonly #wire: Wire;
  readonly #options: SessionOptions;
  #map: TimeMap | undefined;
  #rungs: Rung[] = [];
  #closed = false;
  #asking = false;
  #lastPlaylistHeld = false;
  /** Parts are asked for as soon as they are announced, while the viewer is at the live edge. */
  following = true;

  static get supported(): boolean {
    return Hls.isSupported();
  }

  constructor(video: HTMLVideoElement, options: SessionOptions) {
    super();
    this.#options = options;
    this.#wire = options.wire;
    const loader = loaderClass(options.wire, {
      multivariant: (text, url) => this.#readVariants(text, url),
      media: (text, url, held) => this.#readAhead(text, url, held),
    });
    this.#hls = new Hls(hlsConfig(options.beginBehindMs, loader as unknown as HlsConfig['loader']));
    this.#listen();
    this.#hls.attachMedia(video);
    this.#hls.loadSource(options.wire.addressed(options.url));
  }

  get soundOnly(): boolean {
    return this.#options.soundOnly;
  }

  get map(): TimeMap | undefined {
    return this.#map;
  }

  get rungs(): readonly Rung[] {
    return this.#rungs;
  }

  get bandwidth(): number {
    return this.#hls.bandwidthEstimate;
  }

  /** What can be sought to, on the media element's axis: the window that the playlist lists. */
  get window(): { start: number; end: number } | undefined {
    const details = this.#details;
    return details === undefined ? undefined : { start: details.fragmentStart, end: details.edge };
  }

  get live(): boolean {
    return this.#details?.live ?? true;
  }

  /** Stays on one rung, by name, or lets the engine choose again. Takes effect with the next segment. */
  select(name: string | undefined, deep: boolean): void {
    const index =
      name === undefined ? -1 : this.#hls.levels.findIndex((level) => level.name === name);
    // Far behind the edge there is much buffered: what lies ahead is replaced. At the edge there is nothing to gain.
    if (deep && index >= 0) this.#hls.nextLevel = index;
    else this.#hls.loadLevel = index;
  }

  /** Gives the stream a new decoder after a media error. */
  revive(): void {
    this.#hls.recoverMediaError();
  }

  /** Asks at once for what the engine waits to ask for again. */
  hurry(): void {
    if (this.#closed) return;
    this.#hls.startLoad();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.removeAll();
    this.#wire.drop();
    this.#hls.destroy();
  }

  get #details(): LevelDetails | undefined {
    return this.#hls.latestLevelDetails ?? undefined;
  }

  #listen(): void {
    const hls = this.#hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#onManifest());
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => this.emit('rung', level));
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => this.#onDetails(details));
    hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag, part }) => {
      if (part === null || !this.#lastPlaylistHeld) return;
      const list = this.#details?.partList;
      const newest = list?.at(-1);
      if (newest === undefined || newest.fragment.sn !== frag.sn || newest.index !== part.index)
        return;
      const map = this.#map;
      if (map === undefined) return;
      const endMs = map.epochMs + (part.end - map.mediaSeconds) * 1000;
      const nowMs = this.#wire.clock.at(performance.timeOrigin + performance.now());
      this.emit('arrival', part.duration * 1000, nowMs - endMs);
    });
    hls.on(Hls.Events.ERROR, (_, data) => this.#onError(data));
    hls.on(Hls.Events.NON_NATIVE_TEXT_TRACKS_FOUND, (_, { tracks }) => {
      for (const track of tracks) {
        const id = String(track._id ?? track.label);
        this.emit('captionTrack', id, track.label, track.closedCaptions?.lang ?? '');
      }
    });
    hls.on(Hls.Events.CUES_PARSED, (_, { track, cues }) => {
      this.emit(
        'captionCues',
        (cues as VTTCue[]).map((cue) => ({ track, cue })),
      );
    });
  }

  /** All that is offered, the sound alone as well, which the engine leaves out beside pictures. */
  #readVariants(text: string, url: string): void {
    this.#rungs = variantsOf(text, url);
    this.emit('rungs', this.#rungs);
  }

  #onManifest(): void {
    const { levels } = this.#hls;
    const { quality, opening } = this.#options;
    const kept = levels.findIndex((level) => level.name === quality);
    if (kept >= 0) {
      this.#hls.loadLevel = kept;
    } else {
      const index = levels.findIndex((level) => level.url.includes(opening ?? '\n'));
      if (index >= 0) this.#hls.startLevel = index;
    }
  }

  #onDetails(details: LevelDetails): void {
    const newest = details.fragments.at(-1);
    const epochMs = newest?.programDateTime;
    if (newest !== undefined && typeof epochMs === 'number') {
      const first = this.#map === undefined;
      this.#map = { mediaSeconds: newest.start, epochMs };
      this.emit('time', this.#map);
      if (first) this.#beginAt(details, this.#map);
    }
    if (!details.live) this.emit('complete');
  }

  /** A wanted beginning in the past is known in the programme's time, so it waits for the playlist. */
  #beginAt(details: LevelDetails, map: TimeMap): void {
    const { beginAtMs } = this.#options;
    if (beginAtMs === undefined) return;
    const at = Math.max(details.fragmentStart, mediaAt(map, beginAtMs));
    if (at >= details.edge) return;
    this.following = false;
    this.#hls.stopLoad();
    this.#hls.startLoad(at);
  }

  /** The playlist of a rung is not there: a server that restarts, or the rung is no longer made. */
  #askForRungs(missing: string | undefined): void {
    if (this.#asking || this.#options.soundOnly || missing === undefined) return;
    this.#asking = true;
    const path = new URL(missing, location.href).pathname;
    this.#wire
      .get(this.#options.url)
      .then((answer) => {
        if (this.#closed || answer.status !== 200) return;
        const rungs = variantsOf(textOf(answer), answer.url);
        const listed = rungs.some(({ url }) => new URL(url).pathname === path);
        if (rungs.length > 0 && !listed) this.emit('failed', 'playlist', `${path} is gone`);
      })
      // The engine's own attempts go on.
      .catch(() => {})
      .finally(() => {
        this.#asking = false;
      });
  }

  #readAhead(text: string, url: string, held: boolean): void {
    this.#lastPlaylistHeld = held;
    if (!this.following || this.#closed) return;
    const next = hintedPart(text, url);
    if (next !== undefined) this.#wire.ahead(next, { held: true });
  }

  #onError(data: ErrorData): void {
    if (data.response?.code === 404 && data.context?.type === 'level') this.#askForRungs(data.url);
    if (!data.fatal) return;
    const detail = `${data.details}${data.response?.code ? ` ${data.response.code}` : ''}`;
    const { ErrorTypes, ErrorDetails } = Hls;
    const failure: Failure =
      data.details === ErrorDetails.LEVEL_PARSING_ERROR ||
      data.details === ErrorDetails.LEVEL_EMPTY_ERROR
        ? 'playlist'
        : data.type === ErrorTypes.NETWORK_ERROR
          ? 'network'
          : data.type === ErrorTypes.MEDIA_ERROR || data.type === ErrorTypes.MUX_ERROR
            ? 'media'
            : 'other';
    this.emit('failed', failure, detail);
  }
}
