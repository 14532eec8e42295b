import type { Emitter } from '#base';
import type { Failure } from './live/recovery.ts';
import type { TimeMap } from './live/time-map.ts';
import type { Rung } from './quality.ts';

export interface CaptionCue {
  track: string;
  cue: VTTCue;
}

export type SessionEvents = {
  rungs: [rungs: Rung[]];
  /** Another rung is on the screen. */
  rung: [index: number];
  time: [map: TimeMap];
  /** A part became playable: its length and how long after its end, by the programme's clock as far as this page knows it. */
  arrival: [partMs: number, lateMs: number];
  captionTrack: [id: string, label: string, language: string];
  captionCues: [cues: CaptionCue[]];
  failed: [failure: Failure, detail: string];
  /** The playlist says that nothing more will come. */
  complete: [];
};

/** One life of one stream on the media element, by whatever protocol it comes. */
export interface MediaSession extends Emitter<SessionEvents> {
  /** Of `rtc` there is only the present: no buffer, no speed, nothing to seek to. */
  readonly protocol: 'hls' | 'rtc';
  readonly soundOnly: boolean;
  readonly map: TimeMap | undefined;
  readonly bandwidth: number;
  /** What can be sought to, on the media element's axis; of `rtc`, what is kept elsewhere. */
  readonly window: { start: number; end: number } | undefined;
  readonly live: boolean;
  /** The viewer is at the live edge. */
  following: boolean;
  /** Stays on one rung, by name, or lets the network decide again; `deep` replaces what is buffered. */
  select(name: string | undefined, deep: boolean): void;
  /** Gives the stream a new decoder after a media error. */
  revive(): void;
  /** Asks at once for what it waits to ask for again. */
  hurry(): void;
  close(): void;
}
