import { type Closable, isAmphiError, type Logger, messageOf } from '#base';
import type { MediaFeed, MediaTap, Session } from '#callserver';
import type { RenditionUnit } from '#contracts';
import type { PictureSize } from '#protocol';
import type { Branch } from '../../cascade.ts';
import type { SdOrder } from './order.ts';
import { SourceTap } from './source-tap.ts';

/** Somebody who receives the original, and would do with less. */
export interface Taker {
  session: Pick<Session, 'id' | 'divert'>;
  branch: Branch;
}

export interface SdRenditionOptions {
  producerId: string;
  order: SdOrder;
  tap: () => Promise<MediaTap>;
  fits: (size: PictureSize) => boolean;
  /** The source is not what this was ordered for any more. */
  onMisfit: () => void;
  log: Logger;
}

/** The smaller version in one branch. */
interface Feed {
  opened: MediaFeed;
  /** A key frame has come: receivers can begin. */
  begun: boolean;
}

const VIDEO = { codec: 'VP8', kind: 'video', parameters: {}, streams: 1 } as const;

/**
 * One producer's smaller version, in each branch where somebody takes it. Takers
 * are switched to it once it has a key frame, and back to the original before it
 * ends; to their owners they receive the original all the time.
 */
export class SdRendition implements Closable {
  readonly order: SdOrder;
  readonly #options: SdRenditionOptions;
  readonly #feeds = new Map<Branch, Feed>();
  /** Those who shall have it, and those who have it, by session. */
  #wanted = new Map<string, Taker>();
  readonly #taking = new Map<string, Taker>();
  #tap: MediaTap | undefined;
  #settling: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: SdRenditionOptions) {
    this.#options = options;
    this.order = options.order;
    this.order.on('up', () => this.#open());
    this.order.on('down', () => this.#down());
    this.order.on('unit', (unit) => this.#onUnit(unit));
    if (this.order.up) this.#open();
  }

  /** Whether a session has the smaller version now. */
  isTaking(sessionId: string): boolean {
    return this.#taking.has(sessionId);
  }

  get takers(): number {
    return this.#taking.size;
  }

  /** Those who shall have it from now on; others go back to the original. */
  serve(takers: readonly Taker[]): void {
    this.#wanted = new Map(takers.map((taker) => [taker.session.id, taker]));
    this.#settle();
  }

  /** A session has ended, or receives the original no more. */
  forget(sessionId: string): void {
    this.#wanted.delete(sessionId);
    this.#taking.delete(sessionId);
    this.#settle();
  }

  /** Everybody is back on the original when it resolves, if that is still there. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeTap();
    await this.order.close();
    this.#settle();
    await this.#settling;
  }

  /** A worker has come. */
  async #open(): Promise<void> {
    const { tap, order, fits, onMisfit, log } = this.#options;
    // So that nothing is missing when the first key frame comes.
    this.#settle();
    try {
      const opened = await tap();
      this.#closeTap();
      if (this.#closed || !order.up) {
        await opened.close();
        return;
      }
      this.#tap = opened;
      new SourceTap({ tap: opened, order, fits, onMisfit });
    } catch (error) {
      // The one who sends may have gone: then this ends, too.
      log.debug({ reason: messageOf(error) }, 'nothing to be made smaller');
    }
  }

  #down(): void {
    this.#closeTap();
    for (const feed of this.#feeds.values()) feed.begun = false;
    this.#settle();
  }

  #closeTap(): void {
    this.#tap?.close().catch(() => {});
    this.#tap = undefined;
  }

  #onUnit(unit: Omit<RenditionUnit, 'track'>): void {
    let changed = false;
    for (const feed of this.#feeds.values()) {
      feed.opened.send(0, 0, unit);
      if (!unit.key || feed.begun) continue;
      feed.begun = true;
      changed = true;
    }
    if (changed) this.#settle();
  }

  /** Brings about what is wanted, one step after the other. */
  #settle(): void {
    this.#again = true;
    this.#settling ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#step();
      } catch (error) {
        // A worker has gone, and what was in it: there is nothing left to settle there.
        this.#options.log.debug({ reason: messageOf(error) }, 'smaller picture not settled');
      }
    }
    this.#settling = undefined;
  }

  async #step(): Promise<void> {
    const live = this.order.up && !this.#closed;
    for (const [id, taker] of this.#taking) {
      if (live && this.#wanted.has(id)) continue;
      this.#taking.delete(id);
      await this.#switch(taker, this.#options.producerId);
    }
    if (live) {
      for (const { branch } of this.#wanted.values()) await this.#feedIn(branch);
      for (const [id, taker] of this.#wanted) {
        const feed = this.#feeds.get(taker.branch);
        if (this.#taking.has(id) || feed?.begun !== true) continue;
        const [made] = feed.opened.producers;
        // What it is told of its layers is of the smaller one from now on.
        this.#taking.set(id, taker);
        if (!(await this.#switch(taker, made?.producerId ?? ''))) this.#taking.delete(id);
      }
    }
    for (const [branch, { opened }] of this.#feeds) {
      const used = [...this.#taking.values(), ...(live ? this.#wanted.values() : [])];
      if (used.some((taker) => taker.branch === branch)) continue;
      this.#feeds.delete(branch);
      await opened.close();
    }
  }

  async #feedIn(branch: Branch): Promise<void> {
    if (this.#feeds.has(branch)) return;
    const opened = await branch.router.feed([VIDEO]);
    this.#feeds.set(branch, { opened, begun: false });
    // Its worker has gone, and so have all who were there.
    opened.on('closed', () => this.#feeds.delete(branch));
  }

  /** False where the session, or what it should get, has gone. */
  async #switch({ session, branch }: Taker, producerId: string): Promise<boolean> {
    const to = { producerId, routerId: branch.router.id };
    try {
      await session.divert(this.#options.producerId, to);
      return true;
    } catch (error) {
      if (isAmphiError(error, 'not_found') || isAmphiError(error, 'closed')) return false;
      throw error;
    }
  }
}
