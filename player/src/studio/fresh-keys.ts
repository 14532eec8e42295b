import { useSyncExternalStore } from 'react';
import type { NewSource } from '#contracts';

/** Keys that were made on this page. They live as long as the page does, and nowhere else. */
const keys = new Map<string, NewSource>();
const listeners = new Set<() => void>();

export function keepKey(source: NewSource): void {
  keys.set(source.sourceId, source);
  tell();
}

export function forgetKeys(): void {
  keys.clear();
  tell();
}

export function useFreshKey(sourceId: string | undefined): NewSource | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => (sourceId === undefined ? undefined : keys.get(sourceId)),
  );
}

function tell(): void {
  for (const listener of listeners) listener();
}
