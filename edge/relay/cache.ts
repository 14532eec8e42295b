import type { Resource } from '../http/resource.ts';

interface Entry {
  resource: Resource;
  freshUntil: number;
  staleUntil: number;
}

/** What the map's own bookkeeping costs, roughly. */
const ENTRY_OVERHEAD_BYTES = 400;

/** Answers kept in memory, bounded in bytes; what was used least recently goes first. */
export class MemoryCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The answer, if it may be given as it is now. */
  fresh(key: string, nowMs: number): Resource | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || nowMs > entry.freshUntil) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.resource;
  }

  /** The answer, if it may still be given while no parent answers. */
  stale(key: string, nowMs: number): Resource | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && nowMs <= entry.staleUntil ? entry.resource : undefined;
  }

  put(key: string, resource: Resource, times: { freshUntil: number; staleUntil: number }): void {
    this.delete(key);
    const weight = resource.size + ENTRY_OVERHEAD_BYTES;
    if (weight > this.#limit / 4) return;
    this.#entries.set(key, { resource, ...times });
    this.#bytes += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limit) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.resource.size + ENTRY_OVERHEAD_BYTES;
  }
}
