import { type Closable, isAmphiError } from '#base';
import { Router, type WorkerClient } from '#callserver';
import type { RenditionReceiver } from './rendition-receiver.ts';
import type { Watchable, Watching } from './watchable.ts';
import type { WhipEndpoint } from './whip.ts';
import type { TakeOptions, WorkerPool } from './worker-pool.ts';

export interface AudienceOptions {
  pool: WorkerPool;
  whip: Pick<WhipEndpoint, 'publisherTo'>;
  renditions: Pick<RenditionReceiver, 'of'>;
}

/** Something that could be watched, before it is known where. */
interface Choice {
  place: TakeOptions;
  in: (worker: WorkerClient) => Promise<Watchable>;
}

/**
 * Gives viewers what is on air of an event: the source's own streams where they
 * come by WebRTC, else the bank's renditions. Their sessions belong to a router
 * of this class, one in each worker, so that they outlive what they show.
 */
export class Audience implements Closable {
  readonly #options: AudienceOptions;
  readonly #routers = new Map<WorkerClient, Promise<Router>>();

  constructor(options: AudienceOptions) {
    this.#options = options;
  }

  /**
   * Takes the offer of one who comes. Undefined when nothing goes out over
   * WebRTC; throws as `Router.play` does, and `unavailable`.
   */
  async begin(
    eventId: string,
    onAir: string | undefined,
    offer: string,
  ): Promise<Watching | undefined> {
    let refusal: unknown;
    for (const choice of this.#choices(eventId, onAir)) {
      try {
        return await this.#begin(choice, offer);
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (!isAmphiError(error, 'not_live')) refusal ??= error;
      }
    }
    if (refusal !== undefined) throw refusal;
    return undefined;
  }

  /**
   * Goes on in the same session with what is on air now. Undefined when there is
   * nothing that the viewer can decode; then they still have what they had.
   */
  async move(
    watching: Watching,
    eventId: string,
    onAir: string | undefined,
  ): Promise<Watching | undefined> {
    const { session, worker } = watching;
    for (const choice of this.#choices(eventId, onAir)) {
      try {
        const { router, ...next } = await choice.in(worker);
        try {
          await session.move(router);
        } catch (error) {
          next.release();
          throw error;
        }
        watching.release();
        return { ...next, session, worker };
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
    }
    return undefined;
  }

  async close(): Promise<void> {
    const routers = await Promise.allSettled(this.#routers.values());
    this.#routers.clear();
    for (const one of routers) {
      if (one.status === 'fulfilled') await one.value.close().catch(() => {});
    }
  }

  /** Best first. */
  *#choices(eventId: string, onAir: string | undefined): Generator<Choice> {
    const { whip, renditions } = this.#options;
    const publisher = onAir === undefined ? undefined : whip.publisherTo(onAir);
    if (publisher !== undefined) {
      yield {
        place: { on: publisher.worker },
        in: async (worker) => ({
          sourceId: onAir,
          router: await publisher.routerIn(worker),
          stats: () => publisher.session.stats(),
          nameOf: () => undefined,
          release: () => {},
        }),
      };
    }
    const made = renditions.of(eventId);
    if (made?.live === true) {
      yield { place: { preferred: made.workers }, in: (worker) => made.in(worker) };
    }
  }

  async #begin(choice: Choice, offer: string): Promise<Watching> {
    const { worker, release } = this.#options.pool.take(choice.place);
    let watchable: Watchable | undefined;
    try {
      watchable = await choice.in(worker);
      const { router: from, ...rest } = watchable;
      const router = await this.#router(worker);
      const session = await router.play(offer, { whole: true, from });
      session.on('closed', release);
      return { ...rest, session, worker };
    } catch (error) {
      watchable?.release();
      release();
      throw error;
    }
  }

  #router(worker: WorkerClient): Promise<Router> {
    const known = this.#routers.get(worker);
    if (known !== undefined) return known;
    const opening = Router.create(worker);
    this.#routers.set(worker, opening);
    const forget = () => this.#routers.delete(worker);
    opening.catch(forget);
    worker.once('closed', forget);
    return opening;
  }
}

/** Not this, but perhaps the next one: it is of another codec, or has just gone. */
const isPassing = (error: unknown): boolean =>
  isAmphiError(error, 'not_acceptable') ||
  isAmphiError(error, 'not_live') ||
  isAmphiError(error, 'not_found') ||
  isAmphiError(error, 'closed');
