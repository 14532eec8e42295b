import type { ResourceHead } from '../http/resource.ts';
import type { Wire } from '../http/wire.ts';

/** An answer that is kept. */
export interface Entry {
  head: ResourceHead;
  wire: Wire;
  /** The same, compressed; made when the first viewer asks for it so. */
  packed: Wire | undefined;
  freshUntilMs: number;
  /** Until then it may be given while no parent answers. */
  staleUntilMs: number;
  /** Asked for, or put in, since it was last spared. */
  used: boolean;
}

/** What the map's own bookkeeping costs, roughly. */
const ENTRY_OVERHEAD_BYTES = 800;

const weightOf = (entry: Entry): number =>
  entry.wire.bytes.length + (entry.packed?.bytes.length ?? 0) + ENTRY_OVERHEAD_BYTES;

/**
 * Answers kept in memory, bounded in bytes. When there are too many, the
 * oldest goes that has not been asked for since it was last spared.
 */
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
  fresh(key: string, nowMs: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || nowMs > entry.freshUntilMs) return undefined;
    entry.used = true;
    return entry;
  }

  /** The answer, if it may still be given while no parent answers. */
  stale(key: string, nowMs: number): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && nowMs <= entry.staleUntilMs ? entry : undefined;
  }

  put(key: string, entry: Entry): void {
    this.delete(key);
    const weight = weightOf(entry);
    if (weight > this.#limit / 4) return;
    this.#entries.set(key, entry);
    this.#bytes += weight;
    this.#sweep();
  }

  /** Adds the compressed form to an entry that is in here. */
  pack(key: string, entry: Entry, packed: Wire): void {
    if (this.#entries.get(key) !== entry || entry.packed !== undefined) return;
    entry.packed = packed;
    this.#bytes += packed.bytes.length;
    this.#sweep();
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= weightOf(entry);
  }

  #sweep(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes <= this.#limit) return;
      this.#entries.delete(key);
      if (entry.used) {
        // It gets a second round, at the end of the line.
        entry.used = false;
        this.#entries.set(key, entry);
      } else {
        this.#bytes -= weightOf(entry);
      }
    }
  }
}
