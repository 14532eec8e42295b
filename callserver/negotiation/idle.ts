import type { MediaDescription } from '#protocol';
import type { LocalTransport } from '../parameters.ts';
import { isOffered, openSection } from './answer.ts';
import {
  AUDIO_FEEDBACK,
  agreedExtensions,
  agreedFeedback,
  offeredCodecs,
  PUBLISHER_EXTENSIONS,
  VIDEO_FEEDBACK,
  withRtx,
} from './match.ts';

/** Whether a section can be kept open: it is not refused, and has a codec that is known. */
export const canBeIdle = (offered: MediaDescription): boolean =>
  isOffered(offered) && offered.rtcpMux && offeredCodecs(offered).length > 0;

/**
 * A section in which nothing flows now. It is agreed on all the same: a refused
 * one would be of no use to the peer any more (RFC 8829 5.3.1).
 */
export function idleSection(offered: MediaDescription, local: LocalTransport): MediaDescription {
  const supported = offered.kind === 'video' ? VIDEO_FEEDBACK : AUDIO_FEEDBACK;
  const codecs = offeredCodecs(offered)
    .slice(0, 1)
    .flatMap(({ description, rtxPayloadType }) => {
      const feedback = agreedFeedback(description, supported);
      return withRtx({ ...description, feedback }, rtxPayloadType);
    });
  return {
    ...openSection(offered, local),
    formats: codecs.map(({ payloadType }) => String(payloadType)),
    codecs,
    extensions: agreedExtensions(offered, PUBLISHER_EXTENSIONS).descriptions,
  };
}
