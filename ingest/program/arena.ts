const BLOCK_BYTES = 512 * 1024;
/** Blocks that are kept for the next taker, over all arenas of the process. */
const MAX_SPARE_BLOCKS = 128;

const spare: Buffer[] = [];

/**
 * Hands out memory from large blocks, in turn, for what is also let go in
 * turn, such as a history. Blocks that are let go serve again: thousands of
 * allocations a second, or the freeing of as many bytes as twenty publishers
 * send, would keep the garbage collector busier than everything else is.
 */
export class Arena {
  /** In the order in which they were begun; the last is in use. */
  #blocks: Buffer[] = [];
  /** Number of the first block that is held. */
  #first = 0;
  #used = BLOCK_BYTES;

  /** Number of the block from which memory was taken last. It never falls. */
  get block(): number {
    return this.#first + this.#blocks.length - 1;
  }

  /** Memory with arbitrary content. */
  take(size: number): Uint8Array {
    if (size > BLOCK_BYTES) return Buffer.allocUnsafeSlow(size);
    if (this.#used + size > BLOCK_BYTES) {
      this.#blocks.push(spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += size;
    return (this.#blocks.at(-1) as Buffer).subarray(start, this.#used);
  }

  /**
   * Lets go of all blocks before this one. With `reuse` their memory is
   * overwritten soon: nobody may look at it any more.
   */
  release(before: number, reuse: boolean): void {
    while (this.#first < before && this.#blocks.length > 1) {
      const block = this.#blocks.shift();
      this.#first++;
      if (reuse && block !== undefined && spare.length < MAX_SPARE_BLOCKS) spare.push(block);
    }
  }
}
