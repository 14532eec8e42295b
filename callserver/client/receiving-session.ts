import { isAmphiError, randomId } from '#base';
import { type SessionDescription, writeSdp } from '#protocol';
import {
  negotiateReception,
  type Placement,
  type Reception,
  type WantedProducer,
} from '../negotiation/receive.ts';
import type { LocalTransport } from '../parameters.ts';
import { newSessionId, nextSsrc, readOffer } from './offer.ts';
import type { SessionRouter } from './sending-session.ts';
import { Session } from './session.ts';

const ID_CHARACTERS = 16;
/** As many as a description may have. */
const MAX_SECTIONS = 128;

/** What an offer to receive came to. */
export interface Received {
  answer: string;
  /** Which section plays which producer. */
  sections: { mid: string; producerId: string }[];
  /** What was wanted and has no place: no free section, no codec in common, not there (any more). */
  left: { producerId: string; why: 'section' | 'codec' | 'gone' }[];
}

export interface ReceivingOptions {
  /** Of an offer. */
  maxSections?: number;
  /** The peer may get data by channels that are opened towards it; not, when left out. */
  withData?: boolean;
}

interface Playing extends Placement {
  consumerId: string;
}

/** Somebody who receives a changing set of producers. */
export class ReceivingSession extends Session {
  readonly #router: SessionRouter;
  readonly #sdpSessionId: string;
  readonly #options: ReceivingOptions;
  #playing: Playing[] = [];

  private constructor(
    id: string,
    router: SessionRouter,
    local: LocalTransport,
    reception: Reception,
    sdpSessionId: string,
    options: ReceivingOptions,
  ) {
    const answer = writeSdp(reception.answer(local));
    super({ id, worker: router.worker, remote: reception.remote, local, answer });
    this.#router = router;
    this.#sdpSessionId = sdpSessionId;
    this.#options = options;
  }

  /** Throws as `Router.receive` says. */
  static async begin(
    router: SessionRouter,
    offer: string,
    wanted: readonly string[],
    options: ReceivingOptions,
  ): Promise<{ session: ReceivingSession; received: Received }> {
    const description = readOffer(offer, options.maxSections ?? MAX_SECTIONS);
    const sdpSessionId = newSessionId();
    const { known, gone } = lookUp(router, wanted);
    const reception = negotiateReception(description, known, {
      sessionId: sdpSessionId,
      nextSsrc,
      placed: [],
      withData: options.withData === true,
    });
    const transportId = randomId(ID_CHARACTERS);
    const { remote } = reception;
    const local = await router.worker.request('createWebRtcTransport', {
      routerId: router.id,
      transportId,
      remote,
      // The channels are ours to open.
      dataChannels: {},
    });
    const session = new ReceivingSession(
      transportId,
      router,
      local,
      reception,
      sdpSessionId,
      options,
    );
    try {
      const left = await session.#apply(reception);
      return { session, received: session.#received([...reception.left, ...gone, ...left]) };
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Takes a further offer of the same peer, and what it wants from now on, most
   * important first. What it had and wants still goes on untouched. Throws as
   * `SendingSession.renegotiate` does; then everything stays as it was.
   */
  async renegotiate(offer: string, wanted: readonly string[]): Promise<Received> {
    const description: SessionDescription = readOffer(
      offer,
      this.#options.maxSections ?? MAX_SECTIONS,
    );
    const { known, gone } = lookUp(this.#router, wanted);
    const reception = negotiateReception(description, known, {
      sessionId: this.#sdpSessionId,
      nextSsrc,
      placed: this.#playing,
      // An association that there was not at the start cannot be added.
      withData: this.remote.sctp !== undefined,
    });
    let left: Received['left'] = [];
    await this.negotiate(reception.remote, async (version, local) => {
      left = await this.#apply(reception);
      return writeSdp(reception.answer(local, version));
    });
    return this.#received([...reception.left, ...gone, ...left]);
  }

  /** Whether a producer has a section of it now. */
  plays(producerId: string): boolean {
    return this.#playing.some((one) => one.producerId === producerId);
  }

  #received(left: Received['left']): Received {
    const sections = this.#playing.map(({ mid, producerId }) => ({ mid, producerId }));
    return { answer: this.answer, sections, left };
  }

  /** Begins what is new before it ends what is old. Returns what has gone meanwhile. */
  async #apply(reception: Reception): Promise<Received['left']> {
    const before = this.#playing;
    const placed = reception.placed.map((placement): { one: Playing; isNew: boolean } => {
      const same = before.find((one) => one.parameters === placement.parameters);
      if (same !== undefined) return { one: same, isNew: false };
      return { one: { ...placement, consumerId: randomId(ID_CHARACTERS) }, isNew: true };
    });
    // All at once: somebody waits for the picture.
    const begun = await Promise.allSettled(
      placed.map(async ({ one, isNew }) => !isNew || (await this.#consume(one))),
    );
    const failed = begun.find((one) => one.status === 'rejected');
    if (failed !== undefined) {
      for (const { one, isNew } of placed) if (isNew) await this.#close(one).catch(() => {});
      throw failed.reason;
    }
    const playing: Playing[] = [];
    const left: Received['left'] = [];
    for (const [i, { one }] of placed.entries()) {
      const { producerId } = one;
      if (begun[i]?.status === 'fulfilled' && begun[i].value) playing.push(one);
      else left.push({ producerId, why: 'gone' });
    }
    // Some may have gone while others were begun.
    this.#playing = playing.filter(({ consumerId }) => this.consumers.has(consumerId));
    for (const one of before) if (!playing.includes(one)) await this.#close(one);
    return left;
  }

  /** False when there is no such producer any more. */
  async #consume({ consumerId, producerId, parameters }: Playing): Promise<boolean> {
    this.consumers.set(consumerId, producerId);
    try {
      const transportId = this.id;
      await this.worker.request('consume', { transportId, consumerId, producerId, parameters });
      return true;
    } catch (error) {
      this.consumers.delete(consumerId);
      if (isAmphiError(error, 'not_found') && !this.closed) return false;
      throw error;
    }
  }

  async #close({ consumerId }: Playing): Promise<void> {
    this.consumers.delete(consumerId);
    await this.worker.request('closeConsumer', { consumerId });
  }

  protected override consumerClosed(consumerId: string): void {
    this.#playing = this.#playing.filter((one) => one.consumerId !== consumerId);
  }
}

function lookUp(
  { published }: SessionRouter,
  wanted: readonly string[],
): { known: WantedProducer[]; gone: Received['left'] } {
  const known: WantedProducer[] = [];
  const gone: Received['left'] = [];
  for (const producerId of new Set(wanted)) {
    const producer = published.get(producerId);
    if (producer === undefined) gone.push({ producerId, why: 'gone' });
    else known.push(producer);
  }
  return { known, gone };
}
