import { type Closable, Disposer, Emitter, isAmphiError } from '#base';
import { Router, type Speaker, type WorkerProcess } from '#callserver';
import type { Place, WorkerPool } from './worker-pool.ts';

/** A router in one worker: one of those that carry the same producers. */
export interface Branch {
  readonly router: Router;
  readonly worker: WorkerProcess;
  readonly sessions: number;
}

export interface CascadeOptions {
  pool: WorkerPool;
  /** Sessions in one branch before another worker is asked for one. */
  maxSessions: number;
  /** Of how many voices the sound is passed on; 0, of all. */
  topSpeakers: number;
}

type Events = {
  /** A branch has gone with its worker; `others` are left. */
  lost: readonly [branch: Branch, others: number];
  /** Who speaks, over all branches: who has the floor first, then the loudest. */
  speakers: readonly [producerIds: readonly string[]];
};

interface Own extends Branch {
  sessions: number;
  undo: Disposer;
  speakers: readonly Speaker[];
}

/**
 * One set of producers over as many workers as its sessions need. It begins with
 * one branch; each further one is added when the others are full.
 */
export class Cascade extends Emitter<Events> implements Closable {
  readonly #options: CascadeOptions;
  readonly #branches: Own[] = [];
  #adding: Promise<Own> | undefined;
  #closed = false;

  constructor(options: CascadeOptions) {
    super();
    this.#options = options;
  }

  get branches(): readonly Branch[] {
    return this.#branches;
  }

  /**
   * Takes a place for one session in the branch that has most room, and tells how
   * to give it back. Throws `unavailable` when no worker is up, `too_many` when all are full.
   */
  async place(): Promise<{ branch: Branch; release: () => void }> {
    const { pool, maxSessions } = this.#options;
    let branch = this.#emptiest();
    if (branch === undefined || branch.sessions >= maxSessions) branch = await this.#add();
    const place: Place = pool.take({ on: branch.worker });
    const taken = branch;
    taken.sessions++;
    let released = false;
    return {
      branch,
      release: () => {
        if (released) return;
        released = true;
        taken.sessions--;
        place.release();
      },
    };
  }

  #emptiest(): Own | undefined {
    let best: Own | undefined;
    for (const branch of this.#branches) {
      if (best === undefined || branch.sessions < best.sessions) best = branch;
    }
    return best;
  }

  /** One at a time: those who come meanwhile share it. */
  #add(): Promise<Own> {
    this.#adding ??= this.#open().finally(() => {
      this.#adding = undefined;
    });
    return this.#adding;
  }

  async #open(): Promise<Own> {
    const except = this.#branches.map(({ worker }) => worker);
    // What carries the session is counted when there is one.
    const { worker, release } = this.#options.pool.take({ except });
    release();
    const undo = new Disposer();
    const router = await Router.create(worker, { topSpeakers: this.#options.topSpeakers });
    undo.defer(() => router.close());
    const branch: Own = { router, worker, sessions: 0, undo, speakers: [] };
    if (this.#closed) await undo.close();
    this.#branches.push(branch);
    const off = worker.once('closed', () => {
      const at = this.#branches.indexOf(branch);
      if (at < 0) return;
      this.#branches.splice(at, 1);
      this.emit('lost', branch, this.#branches.length);
    });
    undo.defer(off);
    router.on('speakers', (speakers) => {
      // Those of other branches are heard there.
      branch.speakers = speakers.filter(({ producerId }) => router.published.has(producerId));
      this.#tellSpeakers();
    });
    return branch;
  }

  #tellSpeakers(): void {
    const speakers = this.#branches
      .flatMap((branch) => branch.speakers)
      .sort((a, b) => Number(b.dominant) - Number(a.dominant) || b.level - a.level);
    this.emit(
      'speakers',
      speakers.map(({ producerId }) => producerId),
    );
  }

  /** Makes producers known in a branch that have their origin in another one. */
  async bring(_producerIds: readonly string[], _branch: Branch): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
    const branches = this.#branches.splice(0);
    await Promise.all(
      branches.map(({ undo }) =>
        undo.close().catch((error) => {
          // Gone with its worker.
          if (!isAmphiError(error, 'closed')) throw error;
        }),
      ),
    );
  }
}
