import { AmphiError, type Closable, Disposer, Emitter, isAmphiError } from '#base';
import {
  DataPipe,
  Pipe,
  type PublishedDataProducer,
  type PublishedProducer,
  Router,
  type Speaker,
  type WorkerClient,
} from '#callserver';
import type { Place, WorkerPool } from './worker-pool.ts';

/** A router in one worker: one of those that carry the same producers. */
export interface Branch {
  readonly router: Router;
  readonly worker: WorkerClient;
  readonly sessions: number;
}

export interface CascadeOptions {
  pool: WorkerPool;
  /** Sessions in one branch before another worker is asked for one. */
  maxSessions: number;
  /** Workers of other nodes, for when those of this one are full; none when left out. */
  elsewhere?: Elsewhere | undefined;
  /** Of how many voices the sound is passed on; 0, of all. */
  topSpeakers: number;
}

type Events = {
  /** A branch has gone with its worker; `others` are left. */
  lost: readonly [branch: Branch, others: number];
  /** A data channel was opened in one of the branches, or has ended. */
  dataPublished: readonly [producer: PublishedDataProducer];
  dataUnpublished: readonly [dataProducerId: string];
  /** Who speaks, over all branches: who has the floor first, then the loudest. */
  speakers: readonly [producerIds: readonly string[]];
};

/** A worker of another node, and the way to give it back. */
export interface Lent {
  worker: WorkerClient;
  /** The node that it is of. */
  nodeId: string;
  release: () => void;
}

export interface Elsewhere {
  /** Of the node with least to do. Throws `unavailable` or `too_many` when there is none. */
  take(): Promise<Lent>;
  /** For pipes to workers of other nodes. */
  readonly pipeSecret: string;
}

/** Of workers that are not another node's. */
const HERE = 'here';

interface Own extends Branch {
  nodeId: string;

  sessions: number;
  undo: Disposer;
  /** From other branches to this one. */
  pipes: Map<Branch, Promise<Pipe>>;
  /** Data producers of other branches that are being made known in this one. */
  bringing: Map<string, Promise<void>>;
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
    const branch = await this.#withRoom(maxSessions);
    // A lent one is counted where it is.
    const place: Pick<Place, 'release'> =
      branch.nodeId === HERE ? pool.take({ on: branch.worker }) : { release: () => {} };
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
        if (taken.sessions === 0) this.#fold(taken);
      },
    };
  }

  /** Where there is no further worker, those that are there take more, as far as they can. */
  async #withRoom(maxSessions: number): Promise<Own> {
    const emptiest = this.#emptiest();
    if (emptiest !== undefined && emptiest.sessions < maxSessions) return emptiest;
    try {
      return await this.#add();
    } catch (error) {
      const present = this.#emptiest();
      if (present === undefined) throw error;
      return present;
    }
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
    const { worker, nodeId, release } = await this.#worker();
    const undo = new Disposer();
    undo.defer(release);
    const router = await Router.create(worker, { topSpeakers: this.#options.topSpeakers });
    undo.defer(() => router.close());
    undo.defer(() => Promise.all([...branch.pipes.values()].map(closePipe)));
    const branch: Own = {
      router,
      worker,
      nodeId,
      sessions: 0,
      undo,
      pipes: new Map(),
      bringing: new Map(),
      speakers: [],
    };
    if (this.#closed) await undo.close();
    this.#branches.push(branch);
    const off = worker.once('closed', () => {
      const at = this.#branches.indexOf(branch);
      if (at < 0) return;
      this.#branches.splice(at, 1);
      this.emit('lost', branch, this.#branches.length);
    });
    undo.defer(off);
    this.#watchData(router);
    router.on('speakers', (speakers) => {
      // Those of other branches are heard there.
      branch.speakers = speakers.filter(
        ({ producerId }) => router.published.get(producerId)?.piped === false,
      );
      this.#tellSpeakers();
    });
    return branch;
  }

  /** What comes from another branch is told of there. */
  #watchData(router: Router): void {
    const own = new Set<string>();
    router.on('dataPublished', (producer) => {
      if (producer.piped) return;
      own.add(producer.dataProducerId);
      this.emit('dataPublished', producer);
    });
    router.on('dataUnpublished', (dataProducerId) => {
      if (own.delete(dataProducerId)) this.emit('dataUnpublished', dataProducerId);
    });
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

  /**
   * Makes producers known in a branch that have their origin in another one, one
   * copy for all who want them there. What is not there any more is left out.
   */
  async bring(producerIds: readonly string[], branch: Branch): Promise<void> {
    const to = this.#branches.find((own) => own === branch);
    if (to === undefined) return;
    await Promise.all(
      producerIds.map(async (producerId) => {
        if (to.router.published.has(producerId)) return;
        const found = this.#originOf(producerId);
        if (found === undefined || found.origin === to) return;
        try {
          await this.#carry(found.producer, found.origin, to);
        } catch (error) {
          if (!isAmphiError(error, 'not_found') && !isAmphiError(error, 'closed')) throw error;
        }
      }),
    );
  }

  /** To the first branch of another node, and from there to the others of it: one copy between the two. */
  async #carry(producer: PublishedProducer, origin: Own, to: Own): Promise<void> {
    const first = this.#branches.find(({ nodeId }) => nodeId === to.nodeId) ?? to;
    let from = origin;
    if (origin.nodeId !== to.nodeId && first !== to) {
      await this.#carry(producer, origin, first);
      from = first;
    }
    const near = from.router.published.get(producer.producerId);
    if (near === undefined) throw new AmphiError('not_found');
    await (await this.#pipe(from, to)).carry(near);
  }

  /**
   * Makes a data producer known in a branch, through this process. False when it is
   * not there any more, or where that branch is another node's, which lends no way
   * for messages.
   */
  async bringData(dataProducerId: string, branch: Branch): Promise<boolean> {
    const to = this.#branches.find((own) => own === branch);
    if (to === undefined) return false;
    if (!to.router.publishedData.has(dataProducerId)) {
      const begun = to.bringing.get(dataProducerId) ?? this.#carryData(dataProducerId, to);
      to.bringing.set(dataProducerId, begun);
      await begun.finally(() => to.bringing.delete(dataProducerId));
    }
    return to.router.publishedData.has(dataProducerId);
  }

  async #carryData(dataProducerId: string, to: Own): Promise<void> {
    for (const { router, nodeId } of this.#branches) {
      const producer = router.publishedData.get(dataProducerId);
      if (producer?.piped !== false || nodeId !== HERE || to.nodeId !== HERE) continue;
      try {
        await DataPipe.open(router, to.router, producer);
      } catch (error) {
        if (!isAmphiError(error, 'not_found') && !isAmphiError(error, 'closed')) throw error;
      }
    }
  }

  #originOf(producerId: string): { origin: Own; producer: PublishedProducer } | undefined {
    for (const origin of this.#branches) {
      const producer = origin.router.published.get(producerId);
      if (producer?.piped === false) return { origin, producer };
    }
    return undefined;
  }

  #pipe(from: Own, to: Own): Promise<Pipe> {
    const known = to.pipes.get(from);
    if (known !== undefined) return known;
    const secret = this.#options.elsewhere?.pipeSecret;
    const sealed = from.nodeId !== to.nodeId && secret !== undefined;
    const opening = Pipe.open(from.router, to.router, sealed ? { secret } : {});
    to.pipes.set(from, opening);
    const forget = () => {
      if (to.pipes.get(from) === opening) to.pipes.delete(from);
    };
    opening.then((pipe) => pipe.on('closed', forget), forget);
    return opening;
  }

  /** Another one of this node, else one of another node. */
  async #worker(): Promise<Lent> {
    const { pool, elsewhere } = this.#options;
    const except = this.#branches.map(({ worker }) => worker);
    try {
      const { worker, release } = pool.take({ except });
      // What carries the session is counted when there is one.
      release();
      return { worker, nodeId: HERE, release: () => {} };
    } catch (error) {
      if (elsewhere === undefined || this.#branches.length === 0) throw error;
      return elsewhere.take();
    }
  }

  /** Nobody is in it any more: what others send does not come here either. The first one stays. */
  #fold(branch: Own): void {
    const at = this.#branches.indexOf(branch);
    if (at < 1) return;
    this.#branches.splice(at, 1);
    // Its worker may have gone; there is nothing left to close then.
    branch.undo.close().catch(() => {});
    for (const other of this.#branches) closePipe(other.pipes.get(branch));
  }

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

/** One that did not open has nothing to close, nor one whose workers have gone. */
async function closePipe(opening: Promise<Pipe> | undefined): Promise<void> {
  await opening?.then((pipe) => pipe.close()).catch(() => {});
}
