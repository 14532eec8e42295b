import type { CodecDescription, MediaDescription, SessionDescription } from '#protocol';
import type {
  ConsumerParameters,
  LocalTransport,
  ProducerParameters,
  RemoteTransport,
} from '../parameters.ts';
import {
  answerAround,
  isOffered,
  openSection,
  refusedSection,
  remoteTransportOf,
} from './answer.ts';
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

/** What was agreed about one section. */
export interface AgreedPlayback {
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
      const one = agreeToPlay(media, producer, options.nextSsrc);
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
        options,
        offer.media.map((media, i) => {
          const one = agreed[i];
          return one === undefined
            ? refusedSection(media)
            : playingSection(media, one, local, [options.streamId, media.kind]);
        }),
      ),
  };
}

/** Whether something may go out in a section. */
export const isReceived = (offered: MediaDescription): boolean =>
  isOffered(offered) &&
  offered.rtcpMux &&
  (offered.direction === 'recvonly' || offered.direction === 'sendrecv');

/** In which terms a section takes a producer; undefined when it cannot. */
export function agreeToPlay(
  offered: MediaDescription,
  { producerId, parameters }: PlayableProducer,
  nextSsrc: () => number,
): AgreedPlayback | undefined {
  if (offered.kind !== parameters.kind || !isReceived(offered)) return undefined;
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
    ssrc: nextSsrc(),
    ...(rtxPayloadType === undefined ? {} : { rtxPayloadType, rtxSsrc: nextSsrc() }),
    nack: feedback.includes('nack'),
    transportWide: feedback.includes('transport-cc'),
    fastJoin: true,
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

/**
 * The answer's section of what is played in it, as a track of a stream. No two
 * sections may have the same track of a stream: Chromium refuses the answer.
 */
export function playingSection(
  offered: MediaDescription,
  agreed: AgreedPlayback,
  local: LocalTransport,
  [streamId, trackId]: readonly [streamId: string, trackId: string],
): MediaDescription {
  const { ssrc, rtxSsrc } = agreed.consumer;
  const ssrcs = rtxSsrc === undefined ? [ssrc] : [ssrc, rtxSsrc];
  return {
    ...openSection(offered, local),
    direction: 'sendonly',
    formats: agreed.codecs.map(({ payloadType }) => String(payloadType)),
    codecs: agreed.codecs,
    extensions: agreed.extensions,
    msid: `${streamId} ${trackId}`,
    ssrcGroups: rtxSsrc === undefined ? [] : [{ semantics: 'FID', ssrcs }],
    ssrcs: ssrcs.map((one) => ({ ssrc: one, cname: streamId })),
  };
}
