import { AmphiError, type Closable, type Logger } from '#base';
import type { WorkerProcess, WorkerSettings } from '#callserver';
import { WorkerSlot } from './worker-slot.ts';

/** Media that is in a worker already costs nothing more there; elsewhere it costs as much as some sessions. */
const HEAD_START = 20;

/** The worker processes of this machine, and which of them takes what comes next. */
export class WorkerPool implements Closable {
  readonly #slots: readonly WorkerSlot[];

  private constructor(slots: readonly WorkerSlot[]) {
    this.#slots = slots;
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

  /**
   * The worker with the fewest sessions, for one more, and what is to be called
   * when that has ended. One that has what the session needs already may have
   * some more. Throws `unavailable` while none is up.
   */
  take(preferred?: { has(worker: WorkerProcess): boolean }): {
    worker: WorkerProcess;
    release: () => void;
  } {
    let best: { slot: WorkerSlot; worker: WorkerProcess; load: number } | undefined;
    for (const slot of this.#slots) {
      const { worker } = slot;
      if (worker === undefined) continue;
      const load = slot.sessions - (preferred?.has(worker) === true ? HEAD_START : 0);
      if (best === undefined || load < best.load) best = { slot, worker, load };
    }
    if (best === undefined) throw new AmphiError('unavailable', 'no call-server worker is up');
    const { slot, worker } = best;
    return { worker, release: count(slot, worker) };
  }

  /** Counts one more session of this worker; the returned function, one less. */
  join(worker: WorkerProcess): () => void {
    const slot = this.#slots.find((one) => one.worker === worker);
    return slot === undefined ? () => {} : count(slot, worker);
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

function count(slot: WorkerSlot, worker: WorkerProcess): () => void {
  slot.sessions++;
  let released = false;
  return () => {
    // Those of a worker that has died are not counted of the one after it.
    if (!released && slot.worker === worker) slot.sessions--;
    released = true;
  };
}
