import type { EventStatus } from '#contracts';

export type ShownStatus = 'live' | 'interrupted' | 'ready' | 'ended';

/** What an operator wants to know: an event whose last run is over is ready for the next unless it was ended. */
export function shownStatus(event: { status: EventStatus; open: boolean }): ShownStatus {
  if (!event.open) return 'ended';
  return event.status === 'live' || event.status === 'interrupted' ? event.status : 'ready';
}
