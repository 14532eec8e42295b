/** Maps event names to the tuple of values that their listeners receive. */
export type EventMap = Record<string, readonly unknown[]>;

type Listener<Args extends readonly unknown[]> = (...args: Args) => void;

/**
 * Typed events. A listener that throws is reported and the others still run:
 * an observer can never unwind the path that it observes.
 */
export class Emitter<Events extends EventMap> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();
  readonly #onListenerError: (error: unknown, event: string) => void;

  constructor(onListenerError: (error: unknown, event: string) => void = reportUncaught) {
    this.#onListenerError = onListenerError;
  }

  /** Subscribes; the returned function unsubscribes. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    let set = this.#listeners.get(name);
    if (set === undefined) {
      set = new Set();
      this.#listeners.set(name, set);
    }
    set.add(listener as Listener<never>);
    return () => {
      set.delete(listener as Listener<never>);
    };
  }

  once<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const off = this.on(name, (...args: Events[Name]) => {
      off();
      listener(...args);
    });
    return off;
  }

  emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    const set = this.#listeners.get(name);
    if (set === undefined) return;
    for (const listener of set) {
      try {
        (listener as unknown as Listener<Events[Name]>)(...args);
      } catch (error) {
        this.#onListenerError(error, String(name));
      }
    }
  }

  removeAll(): void {
    this.#listeners.clear();
  }
}

function reportUncaught(error: unknown, event: string): void {
  console.error(`listener of "${event}" threw:`, error);
}
