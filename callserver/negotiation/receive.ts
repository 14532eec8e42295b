import type { MediaDescription, SessionDescription } from '#protocol';
import type { ConsumerParameters, LocalTransport, RemoteTransport } from '../parameters.ts';
import { answerAround, refusedSection } from './answer.ts';
import { agreeOnData } from './data.ts';
import { notAcceptable } from './error.ts';
import { canBeIdle, idleSection } from './idle.ts';
import { codecFor, offeredCodecs } from './match.ts';
import {
  type AgreedPlayback,
  agreeToPlay,
  isReceived,
  type PlayableProducer,
  playingSection,
} from './play.ts';

/** A producer that somebody wants, and the stream that it belongs to: what is of one stream is played in sync. */
export interface WantedProducer extends PlayableProducer {
  streamId: string;
}

/** What a section plays since an earlier offer. */
export interface Placement {
  mid: string;
  producerId: string;
  parameters: ConsumerParameters;
}

export interface ReceiveOptions {
  sessionId: string;
  /** A new SSRC at each call. */
  nextSsrc: () => number;
  /** What was agreed before; nothing at the first offer. */
  placed: readonly Placement[];
  /** Data channels are agreed on, too, where they are offered. */
  withData?: boolean;
}

export interface Reception {
  remote: RemoteTransport;
  /** In the offer's order. One that goes on as before has the parameters that it had, the same object. */
  placed: Placement[];
  /** What has no place: no free section of its kind, or none of them takes its codec. */
  left: { producerId: string; why: 'section' | 'codec' }[];
  answer(local: LocalTransport, version?: number): SessionDescription;
}

/**
 * Agrees with an offer to receive a changing set of producers. What is wanted
 * still keeps its section; the others take the free ones, most important first;
 * a section with nothing in it stays open. Throws `not_acceptable` when no
 * section can be kept open.
 */
export function negotiateReception(
  offer: SessionDescription,
  wanted: readonly WantedProducer[],
  options: ReceiveOptions,
): Reception {
  const data = agreeOnData(offer, options.withData === true);
  const { remote } = data;
  if (!offer.media.some(canBeIdle)) throw notAcceptable('no section that could receive');
  const streams = new Map(wanted.map(({ producerId, streamId }) => [producerId, streamId]));
  const sections = new Map<MediaDescription, AgreedPlayback>();
  const open = wanted.filter((producer) => !keep(offer, producer, options, sections));
  const left = open.flatMap((producer) => {
    if (place(offer, producer, options.nextSsrc, sections)) return [];
    const why: 'section' | 'codec' = decodes(offer, producer) ? 'section' : 'codec';
    return [{ producerId: producer.producerId, why }];
  });
  return {
    remote,
    placed: offer.media.flatMap((media) => {
      const agreed = sections.get(media);
      if (agreed === undefined) return [];
      return [{ mid: media.mid, producerId: agreed.producerId, parameters: agreed.consumer }];
    }),
    left,
    answer: (local, version) =>
      answerAround(
        offer,
        { sessionId: options.sessionId, version },
        offer.media.map((media) => {
          const agreed = sections.get(media);
          if (agreed === undefined) {
            if (canBeIdle(media)) return idleSection(media, local);
            return data.section(media, local) ?? refusedSection(media);
          }
          const { producerId } = agreed;
          return playingSection(media, agreed, local, [streams.get(producerId) ?? '-', producerId]);
        }),
      ),
  };
}

/** Leaves a producer in the section that it has. What the offer changed about it makes a new stream of it. */
function keep(
  offer: SessionDescription,
  producer: WantedProducer,
  { placed, nextSsrc }: ReceiveOptions,
  sections: Map<MediaDescription, AgreedPlayback>,
): boolean {
  const before = placed.find(({ producerId }) => producerId === producer.producerId);
  const media = offer.media.find(({ mid }) => mid === before?.mid);
  if (before === undefined || media === undefined || sections.has(media)) return false;
  const { ssrc, rtxSsrc } = before.parameters;
  const known = [ssrc, rtxSsrc ?? ssrc];
  const agreed = agreeToPlay(media, producer, () => known.shift() ?? ssrc);
  if (agreed === undefined) return false;
  if (sameTerms(agreed.consumer, before.parameters)) {
    sections.set(media, { ...agreed, consumer: before.parameters });
    return true;
  }
  const anew = agreeToPlay(media, producer, nextSsrc);
  if (anew === undefined) return false;
  sections.set(media, anew);
  return true;
}

function place(
  offer: SessionDescription,
  producer: WantedProducer,
  nextSsrc: () => number,
  sections: Map<MediaDescription, AgreedPlayback>,
): boolean {
  for (const media of offer.media) {
    const agreed = sections.has(media) ? undefined : agreeToPlay(media, producer, nextSsrc);
    if (agreed === undefined) continue;
    sections.set(media, agreed);
    return true;
  }
  return false;
}

/** Whether a section would do, were it free; without any of the kind one has to be added anyway. */
function decodes(offer: SessionDescription, { parameters }: WantedProducer): boolean {
  const { name, parameters: format } = parameters.codec;
  const ofKind = offer.media.filter((media) => media.kind === parameters.kind && isReceived(media));
  const fits = (media: MediaDescription) => codecFor(offeredCodecs(media), name, format);
  return ofKind.length === 0 || ofKind.some((media) => fits(media) !== undefined);
}

const sameTerms = (a: ConsumerParameters, b: ConsumerParameters): boolean =>
  JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

const sorted = ({ extensions, ...rest }: ConsumerParameters): unknown => [
  Object.entries(rest).sort(),
  Object.entries(extensions).sort(),
];
