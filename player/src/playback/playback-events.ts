import type { EventStatus } from '#contracts';
import type { View } from './live/view.ts';
import type { CaptionCue } from './media-session.ts';
import type { Rung } from './quality.ts';

/** The event as the page shows it. */
export interface EventInfo {
  eventId: string;
  title: string;
  viewers: number;
  status: EventStatus | undefined;
  startedAt: number | undefined;
}

export type PlaybackEvents = {
  view: [view: View];
  info: [info: EventInfo];
  rungs: [rungs: readonly Rung[]];
  /** What is on the screen or going to be: a rung, chosen by whom. */
  quality: [];
  mode: [following: boolean];
  /** Sound is off, or nothing plays, because the browser wants a gesture first. */
  blocked: [how: Blocked | undefined];
  captionTrack: [id: string, label: string, language: string];
  captionCues: [cues: CaptionCue[]];
  /** Another session is on the element. */
  session: [];
  /** The stream is being opened anew; the picture stands still until it plays. */
  reopening: [attempt: number];
};

export type Blocked = 'muted' | 'refused';
