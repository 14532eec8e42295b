/**
 * The bytes of one object on their way: shared by all who send them on, each
 * of whom keeps its own place.
 */
export class Flow {
  readonly #chunks: Uint8Array[] = [];
  readonly #listeners = new Set<() => void>();
  #state: 'open' | 'done' | 'broken' = 'open';
  #size = 0;

  /** A flow whose bytes are all there. */
  static of(chunks: readonly Uint8Array[]): Flow {
    const flow = new Flow();
    for (const chunk of chunks) flow.push(chunk);
    flow.finish();
    return flow;
  }

  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  get state(): 'open' | 'done' | 'broken' {
    return this.#state;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.#notify();
  }

  finish(): void {
    this.#settle('done');
  }

  /** It will not be completed. */
  break(): void {
    this.#settle('broken');
  }

  /** Calls back at every change; the returned function ends that. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #settle(state: 'done' | 'broken'): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    this.#notify();
    this.#listeners.clear();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
