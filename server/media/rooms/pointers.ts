import type { Logger } from '#base';
import type { PublishedDataProducer, ReceivingSession } from '#callserver';
import { POINTER_CHANNEL, type RoomProducer } from '#contracts';
import type { Branch, Cascade } from '../cascade.ts';

/** Somebody who receives. */
export interface Onlooker {
  participantId: string;
  branch: Branch;
  session: ReceivingSession;
}

export interface PointersOptions {
  cascade: Cascade;
  onlookers: () => Iterable<Onlooker>;
  producers: () => readonly RoomProducer[];
  /** Whose session that is. */
  participantOf: (sessionId: string) => string | undefined;
  log: Logger;
}

interface Pointer {
  dataProducerId: string;
  /** Who points, and on whose screen. */
  by: string;
  on: string;
}

/**
 * Pointers on shared screens: each is a data channel of who points, and goes to
 * those who see the screen. The name of the channel that they get says who it is:
 * nobody can point in another one's name.
 */
export class Pointers {
  readonly #options: PointersOptions;
  readonly #pointers = new Map<string, Pointer>();

  constructor(options: PointersOptions) {
    this.#options = options;
    options.cascade.on('dataPublished', (producer) => this.#add(producer));
    options.cascade.on('dataUnpublished', (dataProducerId) => {
      this.#pointers.delete(dataProducerId);
    });
  }

  #add({ dataProducerId, sessionId, parameters }: PublishedDataProducer): void {
    const by = this.#options.participantOf(sessionId);
    const { label, protocol: on } = parameters;
    if (label !== POINTER_CHANNEL || by === undefined) return;
    this.#pointers.set(dataProducerId, { dataProducerId, by, on });
    this.refresh();
  }

  /** Who sees what may have changed. */
  refresh(): void {
    if (this.#pointers.size === 0) return;
    for (const onlooker of this.#options.onlookers()) this.refreshFor(onlooker);
  }

  refreshFor(onlooker: Onlooker): void {
    for (const pointer of this.#pointers.values()) {
      const shown = onlooker.session.data.producers.includes(pointer.dataProducerId);
      const wanted = this.#sees(onlooker, pointer);
      if (wanted === shown) continue;
      const done = wanted ? this.#show(onlooker, pointer) : this.#hide(onlooker, pointer);
      done.catch((error: unknown) => {
        // A peer without data channels, one with too many, or one that has just gone.
        this.#options.log.debug({ err: error }, 'a pointer is not shown to somebody');
      });
    }
  }

  /** It is their own screen, or they get it. Who points sees that anyway. */
  #sees({ participantId, session }: Onlooker, { by, on }: Pointer): boolean {
    if (participantId === by) return false;
    const screen = this.#options
      .producers()
      .find((one) => one.participantId === on && one.label === 'screen');
    if (screen === undefined) return false;
    return participantId === on || session.plays(screen.producerId);
  }

  async #show({ branch, session }: Onlooker, { dataProducerId, by, on }: Pointer): Promise<void> {
    const { cascade } = this.#options;
    if (!(await cascade.bringData(dataProducerId, branch)) || session.closed) return;
    await session.data.consume(dataProducerId, { label: POINTER_CHANNEL, protocol: `${by} ${on}` });
  }

  async #hide({ session }: Onlooker, { dataProducerId }: Pointer): Promise<void> {
    await session.data.stop(dataProducerId);
  }
}
