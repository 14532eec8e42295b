import type { CodecDescription, MediaDescription, SessionDescription } from '#protocol';
import type { CodecName } from '../codecs.ts';
import type {
  EncodingParameters,
  LocalTransport,
  ProducerParameters,
  RemoteTransport,
} from '../parameters.ts';
import { answerAround, isOffered, openSection, refusedSection } from './answer.ts';
import { agreeOnData } from './data.ts';
import { notAcceptable } from './error.ts';
import { canBeIdle, idleSection } from './idle.ts';
import {
  AUDIO_FEEDBACK,
  agreedExtensions,
  agreedFeedback,
  type OfferedCodec,
  offeredCodecs,
  PUBLISHER_EXTENSIONS,
  VIDEO_FEEDBACK,
  withRtx,
} from './match.ts';

export interface PublishOptions {
  /** The codecs that may be used. */
  codecs: readonly CodecName[];
  /** Whose order decides among those that both have. */
  order: 'offer' | 'codecs';
  /** Where a browser's estimate begins, in kbit/s: at its own 300 the ramp takes many seconds. */
  startBitrateKbps: number;
  sessionId: string;
  /**
   * All that is offered or nothing (RFC 9725 4.4.3): a stream that cannot be
   * taken refuses the offer. Otherwise it is refused alone.
   */
  whole?: boolean;
  /**
   * Any number of sections of a kind may send, and none needs to: those that do not
   * are kept open for later. Otherwise one of each kind is taken, others are refused.
   */
  several?: boolean;
  /** Data channels are taken, too; not, when left out. */
  withData?: boolean;
  /** Format parameters of Opus beyond error correction (RFC 7587 6.1), e.g. `stereo`. */
  opusParameters?: Readonly<Record<string, string>>;
}

/** What was agreed with a publisher, before there is a transport to carry it. */
export interface Publication {
  remote: RemoteTransport;
  producers: ProducerParameters[];
  /** The answer, once the transport is there; `version` counts the answers of a session. */
  answer(local: LocalTransport, version?: number): SessionDescription;
}

interface Agreed {
  producer: ProducerParameters;
  codecs: CodecDescription[];
  extensions: MediaDescription['extensions'];
}

const MAX_ENCODINGS = 8;

/**
 * Agrees with an offer to send (RFC 9725 4.2): the first section of each kind
 * that can be taken is, or all with `several`; others are refused. Throws
 * `not_acceptable` when nothing is left.
 */
export function negotiatePublication(
  offer: SessionDescription,
  options: PublishOptions,
): Publication {
  const data = agreeOnData(offer, options.withData === true);
  const { remote } = data;
  const several = options.several === true;
  const taken = new Set<string>();
  const agreed = offer.media.map((media) => {
    const one = taken.has(media.kind) && !several ? undefined : agree(media, options);
    if (one !== undefined) taken.add(media.kind);
    return one;
  });
  const refused = offer.media.find((media, i) => agreed[i] === undefined && isSent(media));
  if (options.whole === true && refused !== undefined) {
    throw notAcceptable(`the ${refused.kind} cannot be taken, or is there twice`);
  }
  const producers = agreed.flatMap((one) => (one === undefined ? [] : [one.producer]));
  const idle = (media: MediaDescription) => several && !isSent(media) && canBeIdle(media);
  if (producers.length === 0 && remote.sctp === undefined && !offer.media.some(idle)) {
    throw notAcceptable('no stream of a codec that can be taken');
  }
  const section = (media: MediaDescription, one: Agreed | undefined, local: LocalTransport) => {
    if (one !== undefined) return sectionOf(media, one, local);
    if (idle(media)) return idleSection(media, local);
    return data.section(media, local) ?? refusedSection(media);
  };
  return {
    remote,
    producers,
    answer: (local, version) =>
      answerAround(
        offer,
        { sessionId: options.sessionId, version },
        offer.media.map((media, i) => section(media, agreed[i], local)),
      ),
  };
}

/** Whether something is to come in it. */
export const isSent = (
  media: MediaDescription,
): media is MediaDescription & { kind: 'audio' | 'video' } =>
  media.kind !== 'application' &&
  isOffered(media) &&
  (media.direction === 'sendonly' || media.direction === 'sendrecv');

function agree(offered: MediaDescription, options: PublishOptions): Agreed | undefined {
  if (!isSent(offered) || !offered.rtcpMux) return undefined;
  const codec = chosen(offeredCodecs(offered), options);
  if (codec === undefined) return undefined;
  const { kind } = offered;
  const supported = kind === 'video' ? VIDEO_FEEDBACK : AUDIO_FEEDBACK;
  const feedback = agreedFeedback(codec.description, supported);
  const extensions = agreedExtensions(offered, PUBLISHER_EXTENSIONS);
  const producer: ProducerParameters = {
    kind,
    mid: offered.mid,
    codec: { name: codec.name, parameters: codec.description.parameters },
    payloadType: codec.description.payloadType,
    ...(codec.rtxPayloadType === undefined ? {} : { rtxPayloadType: codec.rtxPayloadType }),
    nack: feedback.includes('nack'),
    extensions: extensions.ids,
    encodings: encodingsOf(offered),
  };
  return {
    producer,
    codecs: codecLines(codec, feedback, options),
    extensions: extensions.descriptions,
  };
}

function chosen(
  offered: readonly OfferedCodec[],
  { codecs, order }: PublishOptions,
): OfferedCodec | undefined {
  if (order === 'offer') return offered.find(({ name }) => codecs.includes(name));
  for (const wanted of codecs) {
    const found = offered.find(({ name }) => name === wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Simulcast streams by RID in the offer's order, or the one stream by its SSRC. */
function encodingsOf(offered: MediaDescription): EncodingParameters[] {
  const streams = offered.simulcast?.send ?? [];
  const rids = streams.flatMap((alternatives) => alternatives[0]?.rid ?? []);
  if (rids.length > 0) return rids.slice(0, MAX_ENCODINGS).map((rid) => ({ rid }));
  const ssrc = offered.ssrcs[0]?.ssrc;
  if (ssrc === undefined) return [{}];
  const pair = offered.ssrcGroups.find(
    ({ semantics, ssrcs }) => semantics === 'FID' && ssrcs[0] === ssrc,
  );
  const rtxSsrc = pair?.ssrcs[1];
  return [rtxSsrc === undefined ? { ssrc } : { ssrc, rtxSsrc }];
}

function codecLines(
  codec: OfferedCodec,
  feedback: string[],
  { startBitrateKbps, opusParameters }: PublishOptions,
): CodecDescription[] {
  const { description, rtxPayloadType } = codec;
  const video = codec.name !== 'opus';
  const main: CodecDescription = {
    ...description,
    feedback,
    parameters: video
      ? { ...description.parameters, 'x-google-start-bitrate': String(startBitrateKbps) }
      : { ...description.parameters, useinbandfec: '1', ...opusParameters },
  };
  return withRtx(main, rtxPayloadType);
}

function sectionOf(
  offered: MediaDescription,
  agreed: Agreed,
  local: LocalTransport,
): MediaDescription {
  const { encodings } = agreed.producer;
  const rids = encodings.flatMap(({ rid }) => rid ?? []);
  const section: MediaDescription = {
    ...openSection(offered, local),
    direction: 'recvonly',
    formats: agreed.codecs.map(({ payloadType }) => String(payloadType)),
    codecs: agreed.codecs,
    extensions: agreed.extensions,
    rids: rids.map((id) => ({ id, direction: 'recv', restrictions: '' })),
  };
  if (rids.length === 0) return section;
  const receive = rids.map((rid) => [{ rid, paused: false }]);
  return { ...section, simulcast: { send: [], receive } };
}
