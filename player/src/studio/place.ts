import { useSyncExternalStore } from 'react';

/** Where in the studio somebody is. */
export type Place = { page: 'list' } | { page: 'event'; eventId: string };

export function placeOf(path: string): Place {
  const [, studio, eventId] = path.split('/');
  if (studio !== 'studio' || eventId === undefined || eventId === '') return { page: 'list' };
  return { page: 'event', eventId: decodeURIComponent(eventId) };
}

export const pathOf = (place: Place): string =>
  place.page === 'list' ? '/studio' : `/studio/${encodeURIComponent(place.eventId)}`;

const listeners = new Set<() => void>();

/** Goes there without loading the page anew, so that keys that are shown once stay shown. */
export function goTo(place: Place): void {
  history.pushState(null, '', pathOf(place));
  for (const listener of listeners) listener();
  scrollTo(0, 0);
}

export function usePlace(): Place {
  const path = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      addEventListener('popstate', listener);
      return () => {
        listeners.delete(listener);
        removeEventListener('popstate', listener);
      };
    },
    () => location.pathname,
  );
  return placeOf(path);
}
