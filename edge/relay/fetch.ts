import { type Exchange, headersOf, sendProblem } from '../http/exchange.ts';
import { Flow } from '../http/flow.ts';
import type { ResourceHead } from '../http/resource.ts';
import type { Grant } from './access.ts';
import type { Entry } from './cache.ts';

/** Somebody who waits for an object. */
export interface Waiting {
  exchange: Exchange;
  /** Takes the object as it comes; others get it when it is whole. */
  takesFlow: boolean;
  /** Once it is known whether the object is restricted: may this viewer have it? */
  admit: (restricted: boolean) => Promise<Grant>;
  /** Answers with the whole object. */
  deliver: (entry: Entry, grant: Grant) => void;
  /** Header fields that are for this viewer alone. */
  headers: (head: ResourceHead, grant: Grant) => Record<string, string | number>;
}

/**
 * One object on its way from the parent, and all who wait for it. When the
 * last of them has gone, so is the reason to fetch it.
 */
export class Fetch {
  readonly flow = new Flow();
  readonly #abort = new AbortController();
  readonly #waiting = new Set<Waiting>();
  #head: ResourceHead | undefined;
  #size = 0;

  get begun(): boolean {
    return this.#head !== undefined;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Aborted when there is no reason to go on. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  cancel(reason: Error): void {
    this.#abort.abort(reason);
  }

  join(waiting: Waiting): void {
    this.#waiting.add(waiting);
    waiting.exchange.onClose(() => {
      const isLast = this.#waiting.delete(waiting) && this.#waiting.size === 0;
      if (isLast) this.cancel(new Error('nobody waits any more'));
    });
    if (this.#head !== undefined) this.#stream(waiting, this.#head);
  }

  /** The parent has begun to answer, with so many bytes. */
  begin(head: ResourceHead, size: number): void {
    this.#head = head;
    this.#size = size;
    for (const waiting of this.#waiting) this.#stream(waiting, head);
  }

  /** All is there. */
  finish(entry: Entry): void {
    this.flow.finish();
    for (const waiting of this.#waiting) {
      if (waiting.takesFlow && this.begun) continue;
      this.#admit(waiting, entry.head.restricted, (grant) => waiting.deliver(entry, grant));
    }
    this.#waiting.clear();
  }

  fail(error: unknown, restricted: boolean): void {
    this.flow.break();
    for (const waiting of this.#waiting) {
      if (waiting.takesFlow && this.begun) continue;
      this.#admit(waiting, restricted, () => sendProblem(waiting.exchange, error));
    }
    this.#waiting.clear();
  }

  #stream(waiting: Waiting, head: ResourceHead): void {
    if (!waiting.takesFlow) return;
    this.#admit(waiting, head.restricted, (grant) =>
      waiting.exchange.send(
        200,
        { ...headersOf(head), ...waiting.headers(head, grant), 'content-length': this.#size },
        this.flow,
      ),
    );
  }

  #admit(waiting: Waiting, restricted: boolean, then: (grant: Grant) => void): void {
    waiting.admit(restricted).then(then, (error) => sendProblem(waiting.exchange, error));
  }
}
