import { useSyncExternalStore } from 'react';
import type { Store } from './state/store.ts';

/** The store's value; the component follows it. */
export const useStore = <Value>(store: Store<Value>): Value =>
  useSyncExternalStore(store.subscribe, store.get);
