import {
  type CodecDescription,
  type ExtensionDescription,
  type ExtensionName,
  extensionNameOf,
  type MediaDescription,
} from '#protocol';
import { CODECS, type CodecName, codecNameOf } from '../codecs.ts';
import { EXTENSION_ORDER, type ExtensionIds } from '../packet/extension-order.ts';

/** A codec of an offer, with the payload type for its retransmissions (RFC 4588). */
export interface OfferedCodec {
  name: CodecName;
  description: CodecDescription;
  rtxPayloadType: number | undefined;
}

/** The codecs of a section that Amphi carries, in the offer's order. */
export function offeredCodecs(media: MediaDescription): OfferedCodec[] {
  const found: OfferedCodec[] = [];
  for (const description of media.codecs) {
    const name = codecNameOf(description.name);
    if (name === undefined || CODECS[name].kind !== media.kind) continue;
    const { clockRate, channels } = CODECS[name];
    if (description.clockRate !== clockRate || description.channels !== channels) continue;
    // Mode 0 knows no fragments: it cannot carry what others send in mode 1.
    if (name === 'H264' && description.parameters['packetization-mode'] !== '1') continue;
    // Of VP9 the profile with 8 bits and 4:2:0 is what everybody decodes.
    if (name === 'VP9' && (description.parameters['profile-id'] ?? '0') !== '0') continue;
    const rtx = media.codecs.find(
      (codec) =>
        codec.name.toLowerCase() === 'rtx' &&
        codec.parameters['apt'] === String(description.payloadType),
    );
    found.push({ name, description, rtxPayloadType: rtx?.payloadType });
  }
  return found;
}

/** The codec lines of an answer: what carries the stream, and its retransmissions where offered. */
export function withRtx(main: CodecDescription, rtxPayloadType: number | undefined) {
  if (rtxPayloadType === undefined) return [main];
  const rtx: CodecDescription = {
    payloadType: rtxPayloadType,
    name: 'rtx',
    clockRate: main.clockRate,
    channels: 1,
    parameters: { apt: String(main.payloadType) },
    feedback: [],
  };
  return [main, rtx];
}

/** Profile of H.264, as levels and constraint flags do not keep two ends apart. */
const profileOf = (parameters: Readonly<Record<string, string>>): string =>
  (parameters['profile-level-id'] ?? '42e01f').slice(0, 2).toLowerCase();

/** The offered codec that a stream in `name` with these parameters can go out in. */
export function codecFor(
  offered: readonly OfferedCodec[],
  name: CodecName,
  parameters: Readonly<Record<string, string>>,
): OfferedCodec | undefined {
  const same = offered.filter((codec) => codec.name === name);
  if (name !== 'H264') return same[0];
  const exact = same.find(
    (codec) => profileOf(codec.description.parameters) === profileOf(parameters),
  );
  return exact ?? same[0];
}

/** The extensions of a section that Amphi uses among these. */
export function agreedExtensions(
  media: MediaDescription,
  wanted: readonly ExtensionName[],
): { descriptions: ExtensionDescription[]; ids: ExtensionIds } {
  const descriptions: ExtensionDescription[] = [];
  const ids: ExtensionIds = {};
  for (const { id, uri } of media.extensions) {
    const name = extensionNameOf(uri);
    if (name === undefined || ids[name] !== undefined || !wanted.includes(name)) continue;
    ids[name] = id;
    descriptions.push({ id, uri });
  }
  return { descriptions, ids };
}

/** From a publisher, all but what is ours to say; MID and RID tell its streams apart. */
export const PUBLISHER_EXTENSIONS: readonly ExtensionName[] = EXTENSION_ORDER.filter(
  (name) => name !== 'playoutDelay',
);

/** To a viewer: SSRCs are told in the answer, so neither MID nor RID is needed. */
export const VIEWER_EXTENSIONS: readonly ExtensionName[] = EXTENSION_ORDER.filter(
  (name) => name !== 'mid' && name !== 'rid' && name !== 'repairedRid',
);

/** What of the offered feedback Amphi does for a codec, in the offer's words. */
export function agreedFeedback(codec: CodecDescription, supported: readonly string[]): string[] {
  return [...new Set(codec.feedback)].filter((kind) => supported.includes(kind));
}

export const VIDEO_FEEDBACK: readonly string[] = ['nack', 'nack pli', 'ccm fir', 'transport-cc'];
/** What a viewer may give, besides. */
export const VIEWER_VIDEO_FEEDBACK: readonly string[] = [...VIDEO_FEEDBACK, 'goog-remb'];
export const AUDIO_FEEDBACK: readonly string[] = ['nack', 'transport-cc'];
