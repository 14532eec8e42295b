/**
 * A first-in-first-out queue with a bound on the sum of its items' weights.
 * When an item would exceed it, whole items leave at the old end first
 * (`drop: 'oldest'`) or the new one is refused (`drop: 'newest'`). Drops are
 * counted: a queue that loses data silently is a defect.
 */
export class BoundedQueue<T> {
  readonly #limit: number;
  readonly #weigh: (item: T) => number;
  readonly #drop: 'oldest' | 'newest';
  #items: (T | undefined)[] = [];
  #head = 0;
  #weight = 0;
  #dropped = 0;

  constructor(options: { limit: number; weigh?: (item: T) => number; drop: 'oldest' | 'newest' }) {
    this.#limit = options.limit;
    this.#weigh = options.weigh ?? (() => 1);
    this.#drop = options.drop;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  get weight(): number {
    return this.#weight;
  }

  /** Items lost to the bound since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Returns false when the item itself was refused. */
  push(item: T): boolean {
    const weight = this.#weigh(item);
    if (this.#weight + weight > this.#limit) {
      if (this.#drop === 'newest' || weight > this.#limit) {
        this.#dropped++;
        return false;
      }
      while (this.length > 0 && this.#weight + weight > this.#limit) {
        this.shift();
        this.#dropped++;
      }
    }
    this.#items.push(item);
    this.#weight += weight;
    return true;
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined;
    this.#head++;
    this.#weight -= this.#weigh(item);
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#weight = 0;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i] as T;
  }
}
