import type { EventStatus } from '#contracts';

/**
 * What the page shows in place of, or beside, the picture. Pure: a table from
 * what is known to what is seen, so that every state changes by itself as soon
 * as what is known does.
 */

export type View =
  | { name: 'loading' }
  /** The event exists; nobody has gone live yet. */
  | { name: 'soon' }
  | { name: 'playing'; interrupted: boolean }
  /** Over. What is still kept may be watched. */
  | { name: 'ended'; replay: boolean }
  | { name: 'missing' }
  /** A private event without a (valid) token. */
  | { name: 'locked' }
  /** Nothing answers; attempts go on. */
  | { name: 'unreachable' };

/** What an attempt to learn about the event came to. */
export type Finding = 'unknown' | 'found' | 'missing' | 'locked' | 'unreachable';

export interface Known {
  finding: Finding;
  status: EventStatus | undefined;
  /** There is something in the player: it plays or could. */
  media: boolean;
}

export function viewOf({ finding, status, media }: Known): View {
  if (finding === 'locked') return { name: 'locked' };
  if (finding === 'missing') return { name: 'missing' };
  switch (status) {
    case 'live':
    case 'interrupted':
      // A network that fails while there is a picture shows in the picture.
      return { name: 'playing', interrupted: status === 'interrupted' };
    case 'ended':
      return { name: 'ended', replay: media };
    case 'idle':
      return finding === 'unreachable' ? { name: 'unreachable' } : { name: 'soon' };
    case undefined:
      return { name: finding === 'unreachable' ? 'unreachable' : 'loading' };
  }
}

/** What an HTTP answer about the event means. */
export function findingOf(httpStatus: number): Finding {
  if (httpStatus >= 200 && httpStatus < 300) return 'found';
  if (httpStatus === 401 || httpStatus === 403) return 'locked';
  if (httpStatus === 404 || httpStatus === 400 || httpStatus === 410) return 'missing';
  return 'unreachable';
}

/** Whether the player should have this event's stream open. */
export function wantsMedia(status: EventStatus | undefined): boolean {
  return status === 'live' || status === 'interrupted';
}
