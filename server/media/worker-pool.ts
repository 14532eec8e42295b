import { AmphiError, type Closable, Emitter, type Logger } from '#base';
import type { WorkerClient, WorkerSettings, WorkerStats } from '#callserver';
import { WorkerSlot } from './worker-slot.ts';

/** Media that is in a worker already costs nothing more there; elsewhere it costs as much as some sessions. */
const HEAD_START = 20;

/** A place in a worker for one session. */
export interface Place {
  worker: WorkerClient;
  release: () => void;
}

export interface TakeOptions {
  on?: WorkerClient;
  except?: readonly WorkerClient[];
  preferred?: { has(worker: WorkerClient): boolean };
}

type Events = {
  /** One that had died is there again. */
  up: readonly [];
};

/** The worker processes of this machine, and which of them takes what comes next. */
export class WorkerPool extends Emitter<Events> implements Closable {
  readonly #slots: readonly WorkerSlot[];

  private constructor(slots: readonly WorkerSlot[]) {
    super();
    this.#slots = slots;
    for (const slot of slots) slot.onUp = () => this.emit('up');
  }

  /** One worker for each of these settings. Rejects when one does not come up; the others are closed. */
  static async start(settings: readonly WorkerSettings[], log: Logger): Promise<WorkerPool> {
    const started = await Promise.allSettled(settings.map((one) => WorkerSlot.start(one, log)));
    const slots = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const pool = new WorkerPool(slots);
    const failed = started.find((one) => one.status === 'rejected');
    if (failed === undefined) return pool;
    await pool.close();
    throw failed.reason;
  }

  get up(): number {
    return this.#slots.filter(({ worker }) => worker !== undefined).length;
  }

  get sessions(): number {
    return this.#slots.reduce((sum, { sessions }) => sum + sessions, 0);
  }

  get restarts(): number {
    return this.#slots.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** Of the workers that answer. */
  async stats(): Promise<WorkerStats[]> {
    const asked = this.#slots.map(async ({ worker }) => worker?.request('workerStats', {}));
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((one) =>
      one.status === 'fulfilled' && one.value !== undefined ? [one.value] : [],
    );
  }

  /**
   * The worker with the fewest sessions, or this one, for one more, and what is to
   * be called when that has ended. One of `preferred` has what the session needs
   * already and may have some more than others. Throws `unavailable` while none is
   * up; `except` are not asked, and it is `too_many` when only they are up.
   */
  take(options: TakeOptions = {}): Place {
    const { on, except = [], preferred } = options;
    let best: { slot: WorkerSlot; worker: WorkerClient; load: number } | undefined;
    let others = false;
    for (const slot of this.#slots) {
      const { worker } = slot;
      if (worker === undefined || (on !== undefined && on !== worker)) continue;
      const load = slot.sessions - (preferred?.has(worker) === true ? HEAD_START : 0);
      if (except.includes(worker)) others = true;
      else if (best === undefined || load < best.load) best = { slot, worker, load };
    }
    if (best === undefined && others) throw new AmphiError('too_many', 'every worker is in use');
    if (best === undefined) throw new AmphiError('unavailable', 'no call-server worker is up');
    const { slot, worker } = best;
    slot.sessions++;
    let released = false;
    return {
      worker,
      release: () => {
        // Those of a worker that has died are not counted of the one after it.
        if (!released && slot.worker === worker) slot.sessions--;
        released = true;
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}
