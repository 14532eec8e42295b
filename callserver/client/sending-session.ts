import { AmphiError, randomId } from '#base';
import { type SessionDescription, writeSdp } from '#protocol';
import { CODEC_NAMES } from '../codecs.ts';
import type { DataChannelRules } from '../data-parameters.ts';
import type { PlayableProducer } from '../negotiation/play.ts';
import {
  negotiatePublication,
  type Publication,
  type PublishOptions,
} from '../negotiation/publish.ts';
import type { LocalTransport, ProducerParameters } from '../parameters.ts';
import { newSessionId, readOffer } from './offer.ts';
import { Session } from './session.ts';
import type { WorkerClient } from './worker-client.ts';

const ID_CHARACTERS = 16;
const START_BITRATE_KBPS = 2_000;
/** As many as a description may have. */
const MAX_SECTIONS = 128;

/** One track of somebody who sends. */
export interface PublishedProducer extends PlayableProducer {
  sessionId: string;
  mid: string;
  /** What its owner calls it: by default its kind. */
  label: string;
  /** What it is in sync with has the same one. */
  streamId: string;
  parameters: ProducerParameters;
  /** It comes from another worker. */
  piped: boolean;
}

export interface SendingOptions extends Partial<Omit<PublishOptions, 'withData'>> {
  /** The data channels that the peer may open, by label; no data channels when left out. */
  dataChannels?: DataChannelRules;
  /** What the section of each mid is; where they are told, each that sends needs one. */
  labels?: Readonly<Record<string, string>>;
  /** What kind of media a label is for: it is refused on a section of the other. */
  kinds?: Readonly<Record<string, 'audio' | 'video'>>;
  maxSections?: number;
}

/** What a router lends to its sessions. */
export interface SessionRouter {
  readonly id: string;
  readonly worker: WorkerClient;
  /** What can be played now, by id. */
  readonly published: Map<string, PublishedProducer>;
  /** Takes one out that has ended. */
  unpublish(producerId: string): void;
}

/** Somebody who sends. */
export class SendingSession extends Session {
  readonly #router: SessionRouter;
  #options: SendingOptions & { sessionId: string };
  /** Which of the peer's streams is which of ours. */
  readonly #streams: string[] = [];
  #producers: PublishedProducer[] = [];

  private constructor(
    id: string,
    router: SessionRouter,
    local: LocalTransport,
    publication: Publication,
    options: SendingOptions & { sessionId: string },
  ) {
    const answer = writeSdp(publication.answer(local));
    super({ id, worker: router.worker, remote: publication.remote, local, answer });
    this.#router = router;
    this.#options = options;
    this.on('closed', () => this.#unpublish(this.#producers));
  }

  /** Throws as `Router.publish` says. */
  static async begin(
    router: SessionRouter,
    offer: string,
    options: SendingOptions,
  ): Promise<SendingSession> {
    const withId = { sessionId: newSessionId(), ...options };
    const description = readOffer(offer, options.maxSections ?? MAX_SECTIONS);
    const publication = agree(description, withId, options.dataChannels !== undefined);
    mustHaveLabels(publication, options);
    const { remote } = publication;
    const transportId = randomId(ID_CHARACTERS);
    const local = await router.worker.request('createWebRtcTransport', {
      routerId: router.id,
      transportId,
      remote,
      ...(options.dataChannels === undefined ? {} : { dataChannels: options.dataChannels }),
    });
    const session = new SendingSession(transportId, router, local, publication, withId);
    try {
      await session.#apply(description, publication, options.labels);
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  get producers(): readonly PublishedProducer[] {
    return this.#producers;
  }

  /**
   * Takes a further offer of the same peer: sections that begin to send become
   * producers, those that no longer do end theirs, the others go on untouched, also
   * where the offer restarts ICE.
   * Throws as `Router.publish` does, and `conflict` while another offer is being
   * answered, `ice_restart_unsupported`, `closed`; then everything stays as it was.
   */
  async renegotiate(
    offer: string,
    options: Pick<SendingOptions, 'labels' | 'codecs'> = {},
  ): Promise<{ answer: string; producers: readonly PublishedProducer[] }> {
    const all = { ...this.#options, ...options };
    const description = readOffer(offer, all.maxSections ?? MAX_SECTIONS);
    // An association that there was not at the start cannot be added.
    const publication = agree(description, all, this.remote.sctp !== undefined);
    mustHaveLabels(publication, all);
    await this.negotiate(publication.remote, async (version, local) => {
      await this.#apply(description, publication, all.labels);
      this.#options = all;
      return writeSdp(publication.answer(local, version));
    });
    return { answer: this.answer, producers: this.#producers };
  }

  /** Begins what is new before it ends what is old; nothing has happened when it throws. */
  async #apply(
    offer: SessionDescription,
    publication: Publication,
    labels: SendingOptions['labels'],
  ): Promise<void> {
    const made: PublishedProducer[] = [];
    const present = publication.producers.map((parameters) => {
      const label = labels?.[parameters.mid] ?? parameters.kind;
      const before = this.#producers.find(
        (one) => one.label === label && isSame(one.parameters, parameters),
      );
      if (before !== undefined) return before;
      const producer = this.#producerOf(offer, parameters, label);
      made.push(producer);
      return producer;
    });
    const begun = await Promise.allSettled(
      made.map(({ producerId, parameters }) =>
        this.worker.request('produce', { transportId: this.id, producerId, parameters }),
      ),
    );
    const failed = begun.find((one) => one.status === 'rejected');
    if (failed !== undefined) {
      // A session that is closing takes them along.
      for (const producer of made) await this.#close(producer).catch(() => {});
      throw failed.reason;
    }
    const gone = this.#producers.filter((producer) => !present.includes(producer));
    this.#producers = present;
    this.#unpublish(gone);
    if (this.closed) return;
    for (const producer of made) this.#router.published.set(producer.producerId, producer);
    for (const producer of gone) await this.#close(producer);
  }

  #close({ producerId }: PublishedProducer): Promise<unknown> {
    return this.worker.request('closeProducer', { producerId });
  }

  #unpublish(producers: readonly PublishedProducer[]): void {
    for (const { producerId } of producers) this.#router.unpublish(producerId);
  }

  #producerOf(
    offer: SessionDescription,
    parameters: ProducerParameters,
    label: string,
  ): PublishedProducer {
    const { mid } = parameters;
    const [theirs = '-'] = offer.media.find((media) => media.mid === mid)?.msid?.split(' ') ?? [];
    if (!this.#streams.includes(theirs)) this.#streams.push(theirs);
    // What they call it is theirs to choose, and is not passed on to others.
    const streamId = `${this.id}.${this.#streams.indexOf(theirs)}`;
    const producerId = randomId(ID_CHARACTERS);
    return { producerId, sessionId: this.id, mid, label, streamId, parameters, piped: false };
  }
}

const agree = (
  offer: SessionDescription,
  options: SendingOptions & { sessionId: string },
  withData: boolean,
): Publication =>
  negotiatePublication(offer, {
    codecs: CODEC_NAMES,
    order: 'offer',
    startBitrateKbps: START_BITRATE_KBPS,
    ...options,
    withData,
  });

function mustHaveLabels(
  { producers }: Publication,
  { labels, kinds }: Pick<SendingOptions, 'labels' | 'kinds'>,
): void {
  if (labels === undefined) return;
  for (const { mid, kind } of producers) {
    const label = labels[mid];
    if (label === undefined) throw new AmphiError('bad_request', `section ${mid} has no label`);
    if ((kinds?.[label] ?? kind) !== kind) {
      throw new AmphiError('bad_request', `section ${mid} is ${kind}: it cannot be a ${label}`);
    }
  }
}

const isSame = (a: ProducerParameters, b: ProducerParameters): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
