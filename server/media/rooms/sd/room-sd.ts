import { type Closable, type Logger, messageOf } from '#base';
import type { MediaTap, TransportStats } from '#callserver';
import type { SdOrders } from './orders.ts';
import {
  type Demand,
  Hunger,
  isServed,
  Patience,
  type Picture,
  type Source,
  soleStream,
  stillFits,
  type Target,
  targetOf,
} from './policy.ts';
import { SdRendition, type Taker } from './rendition.ts';

/** How often the senders of what somebody wants smaller are looked at. */
const LOOK_MS = 1_000;
/** A sender of several sizes, or of a small one, is not looked at again so soon. */
const REST_MS = 4_000;
/** In one room at once. */
export const MAX_ROOM_RENDITIONS = 8;
/** What everybody in a room decodes, and the bank makes. */
const CODEC = 'VP8';

/** A picture that somebody sends to the room. */
export interface SdSource {
  codec: string;
  /** Nobody gets it now, by the host's wish. */
  paused: boolean;
  /** Of the session that sends it. */
  session: { id: string; stats(): Promise<TransportStats> };
  tap: () => Promise<MediaTap>;
}

export interface RoomSdOptions {
  roomId: string;
  orders: Pick<SdOrders, 'place'>;
  source: (producerId: string) => SdSource | undefined;
  taker: (sessionId: string) => Taker | undefined;
  log: Logger;
}

interface Wish {
  size?: Picture | undefined;
  paused: boolean;
  readonly hunger: Hunger;
}

/** Of one producer: what its receivers want, and the smaller version where there is one. */
interface Subject {
  readonly wishes: Map<string, Wish>;
  readonly patience: Patience;
  made: { target: Target; rendition: SdRendition } | undefined;
  /** There is nothing to be made of it before then. */
  restsUntilMs: number;
}

/**
 * Where somebody sends one size only, and others need less: has the bank make a
 * smaller version, one for all who want it, and gives it to them. Who wants what
 * is what they say of their tiles, and what their paths bear.
 */
export class RoomSd implements Closable {
  readonly #options: RoomSdOptions;
  readonly #subjects = new Map<string, Subject>();
  readonly #timer: NodeJS.Timeout;
  #looking = false;
  #closed = false;

  constructor(options: RoomSdOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** How large a receiver shows a picture; as large as it comes where no size is given. */
  want(sessionId: string, producerId: string, wish: { size?: Picture; paused: boolean }): void {
    const known = this.#wish(sessionId, producerId);
    known.size = wish.size;
    known.paused = wish.paused;
    this.#serve(producerId);
  }

  /** Which layer a receiver gets; below zero nothing, for want of room on its path. */
  layer(sessionId: string, producerId: string, rank: number): void {
    const made = this.#subjects.get(producerId)?.made;
    // What is told of the smaller version says nothing about the original.
    if (made?.rendition.isTaking(sessionId) === true) return;
    const { hunger } = this.#wish(sessionId, producerId);
    if (rank < 0) hunger.starve(performance.now());
    else hunger.fed();
    this.#serve(producerId);
  }

  /** A session receives these and nothing else from now on. */
  placed(sessionId: string, producerIds: readonly string[]): void {
    for (const [producerId, { wishes, made }] of this.#subjects) {
      if (producerIds.includes(producerId) || !wishes.delete(sessionId)) continue;
      made?.rendition.forget(sessionId);
    }
  }

  /** A producer has ended, and what was made of it with it. */
  gone(producerId: string): void {
    const subject = this.#subjects.get(producerId);
    this.#subjects.delete(producerId);
    if (subject !== undefined) this.#end(subject, producerId);
  }

  /** All sessions have gone with their worker. */
  clear(): void {
    for (const producerId of [...this.#subjects.keys()]) this.gone(producerId);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    const made = [...this.#subjects.values()].flatMap((subject) => subject.made ?? []);
    this.#subjects.clear();
    await Promise.all(made.map(({ rendition }) => rendition.close()));
  }

  #wish(sessionId: string, producerId: string): Wish {
    let subject = this.#subjects.get(producerId);
    if (subject === undefined) {
      subject = {
        wishes: new Map(),
        patience: new Patience(),
        made: undefined,
        restsUntilMs: 0,
      };
      this.#subjects.set(producerId, subject);
    }
    let wish = subject.wishes.get(sessionId);
    if (wish === undefined) {
      wish = { paused: false, hunger: new Hunger() };
      subject.wishes.set(sessionId, wish);
    }
    return wish;
  }

  /** Looks at the senders of all that somebody may want smaller, each once. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const nowMs = performance.now();
    const senders = new Map<string, Promise<TransportStats | undefined>>();
    try {
      const looks = [...this.#subjects].map(async ([producerId, subject]) => {
        if (nowMs < subject.restsUntilMs) return;
        const source = this.#options.source(producerId);
        const less = demandsOf(subject, nowMs).some(
          ([, { size, paused, starved }]) => !paused && (starved || size !== undefined),
        );
        if (source?.codec !== CODEC || (!less && subject.made === undefined)) return;
        const { id } = source.session;
        // One that is ending has nothing to tell.
        const asked = senders.get(id) ?? source.session.stats().catch(() => undefined);
        senders.set(id, asked);
        const stats = await asked;
        const producer = stats?.producers.find((one) => one.producerId === producerId);
        const sole = source.paused ? undefined : soleStream(producer?.streams ?? []);
        if (this.#subjects.get(producerId) === subject && !this.#closed) {
          this.#judge(producerId, subject, sole);
        }
      });
      await Promise.all(looks);
    } finally {
      this.#looking = false;
    }
  }

  #judge(producerId: string, subject: Subject, sole: Source | 'several' | undefined): void {
    const { made, patience } = subject;
    const source = sole === 'several' ? undefined : sole;
    if (made !== undefined && source !== undefined && !stillFits(made.target, source)) {
      this.#end(subject, producerId);
      return;
    }
    const target = source === undefined ? undefined : (made?.target ?? targetOf(source));
    if (made === undefined && target === undefined && sole !== undefined) {
      subject.restsUntilMs = performance.now() + REST_MS;
    }
    const wanted = target !== undefined && this.#served(subject, target).length > 0;
    const now = patience.judge(wanted, made !== undefined, performance.now());
    if (now === 'begin' && target !== undefined && source !== undefined) {
      this.#begin(subject, producerId, source, target);
    } else if (now === 'end') {
      this.#end(subject, producerId);
    } else if (sole === 'several') {
      made?.rendition.serve([]);
    } else {
      this.#serve(producerId);
    }
  }

  #begin(subject: Subject, producerId: string, source: Source, target: Target): void {
    const { roomId, orders, log } = this.#options;
    const present = [...this.#subjects.values()].filter(({ made }) => made !== undefined);
    const from = this.#options.source(producerId);
    if (present.length >= MAX_ROOM_RENDITIONS || from === undefined) return;
    try {
      const { width, height } = source;
      const opening = { codec: CODEC, source: { width, height }, ...target } as const;
      const rendition = new SdRendition({
        producerId,
        order: orders.place(roomId, producerId, opening),
        tap: from.tap,
        fits: (size) => stillFits(target, size),
        onMisfit: () => this.#end(subject, producerId),
        log,
      });
      subject.made = { target, rendition };
      log.info({ producerId, source: { width, height }, ...target }, 'smaller picture ordered');
      this.#serve(producerId);
    } catch (error) {
      // There are enough of them: receivers get the original.
      log.debug({ producerId, reason: messageOf(error) }, 'no smaller picture');
    }
  }

  #end(subject: Subject, producerId: string): void {
    const { made } = subject;
    if (made === undefined) return;
    subject.made = undefined;
    const { log } = this.#options;
    log.info({ producerId }, 'smaller picture released');
    made.rendition.close().catch((error) => {
      log.debug({ producerId, reason: messageOf(error) }, 'smaller picture not closed');
    });
  }

  /** Gives what there is to those whom it does for, and the original to all others. */
  #serve(producerId: string): void {
    const subject = this.#subjects.get(producerId);
    if (subject?.made === undefined) return;
    const { target, rendition } = subject.made;
    rendition.serve(this.#served(subject, target));
  }

  #served(subject: Subject, target: Picture): Taker[] {
    return demandsOf(subject, performance.now()).flatMap(([sessionId, demand]) =>
      isServed(demand, target) ? (this.#options.taker(sessionId) ?? []) : [],
    );
  }
}

const demandsOf = ({ wishes }: Subject, nowMs: number): [sessionId: string, Demand][] =>
  [...wishes].map(([sessionId, { size, paused, hunger }]) => [
    sessionId,
    { size, paused, starved: hunger.isStarved(nowMs) },
  ]);
