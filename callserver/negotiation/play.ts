import type { CodecDescription, MediaDescription, SessionDescription } from '#protocol';
import type {
  ConsumerParameters,
  LocalTransport,
  ProducerParameters,
  RemoteTransport,
} from '../parameters.ts';
import { answerAround, openSection, refusedSection, remoteTransportOf } from './answer.ts';
import { notAcceptable } from './error.ts';
import {
  AUDIO_FEEDBACK,
  agreedExtensions,
  agreedFeedback,
  codecFor,
  offeredCodecs,
  VIEWER_EXTENSIONS,
  VIEWER_VIDEO_FEEDBACK,
  withRtx,
} from './match.ts';

export interface PlayOptions {
  sessionId: string;
  /** Name of the one stream that sound and picture belong to. */
  streamId: string;
  /** A new SSRC at each call. */
  nextSsrc: () => number;
  /** All that is asked for or nothing: a section whose kind there is must get one. Otherwise others do without. */
  whole?: boolean;
}

/** What can be had: a producer, by its id. */
export interface PlayableProducer {
  producerId: string;
  parameters: Pick<ProducerParameters, 'kind' | 'codec'>;
}

/** What was agreed with a viewer, before there is a transport to carry it. */
export interface Playback {
  remote: RemoteTransport;
  consumers: { producerId: string; parameters: ConsumerParameters }[];
  answer(local: LocalTransport): SessionDescription;
}

interface Agreed {
  producerId: string;
  consumer: ConsumerParameters;
  codecs: CodecDescription[];
  extensions: MediaDescription['extensions'];
}

/**
 * Agrees with an offer to receive (draft-ietf-wish-whep): each section gets the
 * first producer of its kind that no other section has and that it can decode.
 * Throws `not_acceptable` when none can be shown.
 */
export function negotiatePlayback(
  offer: SessionDescription,
  producers: readonly PlayableProducer[],
  options: PlayOptions,
): Playback {
  const remote = remoteTransportOf(offer);
  const free = [...producers];
  const agreed = offer.media.map((media) => {
    for (const [i, producer] of free.entries()) {
      const one = agree(media, producer, options);
      if (one === undefined) continue;
      free.splice(i, 1);
      return one;
    }
    return undefined;
  });
  const inVain = offer.media.find(
    (media, i) =>
      agreed[i] === undefined &&
      media.port !== 0 &&
      free.some(({ parameters }) => parameters.kind === media.kind),
  );
  if (options.whole === true && inVain !== undefined) {
    throw notAcceptable(`no codec in common for ${inVain.kind}`);
  }
  const consumers = agreed.flatMap((one) =>
    one === undefined ? [] : [{ producerId: one.producerId, parameters: one.consumer }],
  );
  if (consumers.length === 0) throw notAcceptable('no codec in common');
  return {
    remote,
    consumers,
    answer: (local) =>
      answerAround(
        offer,
        options.sessionId,
        offer.media.map((media, i) => sectionOf(media, agreed[i], local, options)),
      ),
  };
}

function agree(
  offered: MediaDescription,
  { producerId, parameters }: PlayableProducer,
  options: PlayOptions,
): Agreed | undefined {
  if (offered.kind !== parameters.kind || offered.port === 0 || !offered.rtcpMux) return undefined;
  if (offered.direction !== 'recvonly' && offered.direction !== 'sendrecv') return undefined;
  const { name, parameters: format } = parameters.codec;
  const codec = codecFor(offeredCodecs(offered), name, format);
  if (codec === undefined) return undefined;
  const video = offered.kind === 'video';
  const wanted = video ? VIEWER_VIDEO_FEEDBACK : AUDIO_FEEDBACK;
  const extensions = agreedExtensions(offered, VIEWER_EXTENSIONS);
  const feedback = withoutSecondOpinion(
    agreedFeedback(codec.description, wanted),
    extensions.ids.transportCc !== undefined,
  );
  const { payloadType } = codec.description;
  const { rtxPayloadType } = codec;
  const consumer: ConsumerParameters = {
    payloadType,
    ssrc: options.nextSsrc(),
    ...(rtxPayloadType === undefined ? {} : { rtxPayloadType, rtxSsrc: options.nextSsrc() }),
    nack: feedback.includes('nack'),
    transportWide: feedback.includes('transport-cc'),
    extensions: extensions.ids,
  };
  const codecs = withRtx({ ...codec.description, feedback }, rtxPayloadType);
  return { producerId, consumer, codecs, extensions: extensions.descriptions };
}

/** One measure of the path: by transport-wide feedback where both halves of it are agreed, else by REMB. */
const withoutSecondOpinion = (feedback: readonly string[], numbered: boolean): string[] => {
  const unused = numbered && feedback.includes('transport-cc') ? 'goog-remb' : 'transport-cc';
  return feedback.filter((kind) => kind !== unused);
};

function sectionOf(
  offered: MediaDescription,
  agreed: Agreed | undefined,
  local: LocalTransport,
  options: PlayOptions,
): MediaDescription {
  if (agreed === undefined) return refusedSection(offered);
  const { ssrc, rtxSsrc } = agreed.consumer;
  const cname = options.streamId;
  const ssrcs = rtxSsrc === undefined ? [ssrc] : [ssrc, rtxSsrc];
  return {
    ...openSection(offered, local),
    direction: 'sendonly',
    formats: agreed.codecs.map(({ payloadType }) => String(payloadType)),
    codecs: agreed.codecs,
    extensions: agreed.extensions,
    msid: `${options.streamId} ${offered.kind}`,
    ssrcGroups: rtxSsrc === undefined ? [] : [{ semantics: 'FID', ssrcs }],
    ssrcs: ssrcs.map((one) => ({ ssrc: one, cname })),
  };
}
