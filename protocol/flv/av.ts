import { ByteReader } from '../bytes.ts';
import { TAG_AUDIO, TAG_VIDEO } from './tag.ts';

/**
 * What the body of an audio or video tag says: legacy FLV (annex E.4) and the
 * FourCC headers of Enhanced RTMP v2 as far as they name the codec.
 */
export type FlvAv =
  | { kind: 'video-config'; codec: VideoCodec; config: Uint8Array }
  | { kind: 'video'; codec: VideoCodec; key: boolean; compositionMs: number; payload: Uint8Array }
  | { kind: 'audio-config'; codec: AudioCodec; config: Uint8Array }
  | { kind: 'audio'; codec: AudioCodec; payload: Uint8Array }
  /** Nothing to decode: end of sequence, metadata, command frames. */
  | { kind: 'other' }
  | { kind: 'unsupported'; track: 'video' | 'audio'; codec: string };

type VideoCodec = 'h264';
type AudioCodec = 'aac';

const AVC_SEQUENCE_HEADER = 0;
const AVC_NALU = 1;
const FRAME_KEY = 1;
const FRAME_COMMAND = 5;
const CODEC_AVC = 7;
const EX_HEADER = 0x80;
/** Frame and codec, packet type, composition time. */
const AVC_HEADER_SIZE = 5;
/** Format, packet type. */
const AAC_HEADER_SIZE = 2;
const SOUND_AAC = 10;
const SOUND_EX_HEADER = 9;
const EX_SEQUENCE_START = 0;
const EX_CODED_FRAMES = 1;
const EX_CODED_FRAMES_X = 3;
const EX_METADATA = 4;
const EX_AUDIO_MULTITRACK = 5;
const EX_VIDEO_MULTITRACK = 6;
const EX_MODIFIERS = 7;
const ONE_TRACK = 0;
const MANY_TRACKS_MANY_CODECS = 2;

const VIDEO_CODEC_NAMES: Readonly<Record<number, string>> = {
  2: 'Sorenson H.263',
  3: 'Screen video',
  4: 'VP6',
  5: 'VP6 with alpha',
  12: 'HEVC (legacy id)',
};

const AUDIO_CODEC_NAMES: Readonly<Record<number, string>> = {
  0: 'PCM',
  1: 'ADPCM',
  2: 'MP3',
  3: 'PCM',
  5: 'Nellymoser',
  6: 'Nellymoser',
  7: 'G.711 A-law',
  8: 'G.711 mu-law',
  11: 'Speex',
  14: 'MP3 8 kHz',
};

/** Parses a tag body. Throws `RangeError` when it is truncated. Payloads are views. */
export function parseAvTag(type: number, body: Uint8Array): FlvAv {
  if (type === TAG_VIDEO) return parseVideo(body);
  if (type === TAG_AUDIO) return parseAudio(body);
  return { kind: 'other' };
}

const truncated = () => new RangeError('truncated');

function parseVideo(body: Uint8Array): FlvAv {
  const first = body[0];
  if (first === undefined) throw truncated();
  if (first & EX_HEADER) return parseExVideo(first, new ByteReader(body, 1));
  const frameType = first >> 4;
  const codecId = first & 0x0f;
  if (frameType === FRAME_COMMAND) return { kind: 'other' };
  if (codecId !== CODEC_AVC) {
    const codec = VIDEO_CODEC_NAMES[codecId] ?? `codec ${codecId}`;
    return { kind: 'unsupported', track: 'video', codec };
  }
  if (body.length < AVC_HEADER_SIZE) throw truncated();
  const packetType = body[1];
  const rest = body.subarray(AVC_HEADER_SIZE);
  if (packetType === AVC_SEQUENCE_HEADER) {
    return { kind: 'video-config', codec: 'h264', config: rest };
  }
  if (packetType !== AVC_NALU || rest.length === 0) return { kind: 'other' };
  const key = frameType === FRAME_KEY;
  const compositionMs = signed24(((body[2] ?? 0) << 16) | ((body[3] ?? 0) << 8) | (body[4] ?? 0));
  return { kind: 'video', codec: 'h264', key, compositionMs, payload: rest };
}

const signed24 = (value: number): number => (value << 8) >> 8;

function parseAudio(body: Uint8Array): FlvAv {
  const first = body[0];
  if (first === undefined) throw truncated();
  const format = first >> 4;
  if (format === SOUND_EX_HEADER) return parseExAudio(first & 0x0f, new ByteReader(body, 1));
  if (format !== SOUND_AAC) {
    const codec = AUDIO_CODEC_NAMES[format] ?? `format ${format}`;
    return { kind: 'unsupported', track: 'audio', codec };
  }
  const packetType = body[1];
  if (packetType === undefined) throw truncated();
  const rest = body.subarray(AAC_HEADER_SIZE);
  if (packetType === 0) return { kind: 'audio-config', codec: 'aac', config: rest };
  if (rest.length === 0) return { kind: 'other' };
  return { kind: 'audio', codec: 'aac', payload: rest };
}

/** ExVideoTagHeader of Enhanced RTMP v2: only H.264 is carried on; other codecs are named. */
function parseExVideo(first: number, reader: ByteReader): FlvAv {
  const frameType = (first >> 4) & 7;
  const packetType = skipModifiers(first & 0x0f, reader);
  if (frameType === FRAME_COMMAND && packetType !== EX_METADATA) return { kind: 'other' };
  const track = firstTrack(packetType, EX_VIDEO_MULTITRACK, reader);
  if (track === undefined) return { kind: 'other' };
  const { fourCc, body } = track;
  if (fourCc !== 'avc1') {
    return { kind: 'unsupported', track: 'video', codec: FOURCC_NAMES[fourCc] ?? fourCc };
  }
  const codec = 'h264';
  switch (track.packetType) {
    case EX_SEQUENCE_START:
      return { kind: 'video-config', codec, config: body.slice(body.remaining) };
    case EX_CODED_FRAMES:
    case EX_CODED_FRAMES_X: {
      const plain = track.packetType === EX_CODED_FRAMES_X;
      const compositionMs = plain ? 0 : signed24(body.u24());
      const payload = body.slice(body.remaining);
      if (payload.length === 0) return { kind: 'other' };
      return { kind: 'video', codec, key: frameType === FRAME_KEY, compositionMs, payload };
    }
    default:
      return { kind: 'other' };
  }
}

/** ExAudioTagHeader of Enhanced RTMP v2: only AAC is carried on; other codecs are named. */
function parseExAudio(first: number, reader: ByteReader): FlvAv {
  const packetType = skipModifiers(first, reader);
  const track = firstTrack(packetType, EX_AUDIO_MULTITRACK, reader);
  if (track === undefined) return { kind: 'other' };
  const { fourCc, body } = track;
  if (fourCc !== 'mp4a') {
    return { kind: 'unsupported', track: 'audio', codec: FOURCC_NAMES[fourCc] ?? fourCc };
  }
  const rest = body.slice(body.remaining);
  if (track.packetType === EX_SEQUENCE_START) {
    return { kind: 'audio-config', codec: 'aac', config: rest };
  }
  if (track.packetType !== EX_CODED_FRAMES || rest.length === 0) return { kind: 'other' };
  return { kind: 'audio', codec: 'aac', payload: rest };
}

/** Steps over ModEx data (nanosecond offsets and the like); returns the packet type behind it. */
function skipModifiers(first: number, reader: ByteReader): number {
  let packetType = first;
  while (packetType === EX_MODIFIERS) {
    let size = reader.u8() + 1;
    if (size === 256) size = reader.u16() + 1;
    reader.skip(size);
    packetType = reader.u8() & 0x0f;
  }
  return packetType;
}

interface ExTrack {
  packetType: number;
  fourCc: string;
  body: ByteReader;
}

/**
 * The track with id 0; undefined when the message holds only further tracks,
 * which an encoder sends beside the main one.
 */
function firstTrack(
  packetType: number,
  multitrack: number,
  reader: ByteReader,
): ExTrack | undefined {
  if (packetType !== multitrack) return { packetType, fourCc: fourCcOf(reader), body: reader };
  const types = reader.u8();
  const layout = types >> 4;
  const common = layout === MANY_TRACKS_MANY_CODECS ? undefined : fourCcOf(reader);
  while (reader.remaining > 0) {
    const fourCc = common ?? fourCcOf(reader);
    const trackId = reader.u8();
    const size = layout === ONE_TRACK ? reader.remaining : reader.u24();
    const body = new ByteReader(reader.slice(size));
    if (trackId === 0) return { packetType: types & 0x0f, fourCc, body };
  }
  return undefined;
}

const FOURCC_NAMES: Readonly<Record<string, string>> = {
  hvc1: 'HEVC',
  av01: 'AV1',
  vp09: 'VP9',
  vp08: 'VP8',
  Opus: 'Opus',
  fLaC: 'FLAC',
  'ac-3': 'AC-3',
  'ec-3': 'E-AC-3',
  '.mp3': 'MP3',
};

function fourCcOf(reader: ByteReader): string {
  return String.fromCharCode(...reader.slice(4)).replace(/[^\x20-\x7e]/g, '?');
}

/** The 5 bytes in front of H.264 NAL units or of an AVCDecoderConfigurationRecord. */
export function avcTagHeader(key: boolean, config: boolean, compositionMs: number): Uint8Array {
  const header = new Uint8Array(AVC_HEADER_SIZE);
  header[0] = ((key ? FRAME_KEY : 2) << 4) | CODEC_AVC;
  header[1] = config ? AVC_SEQUENCE_HEADER : AVC_NALU;
  header[2] = compositionMs >> 16;
  header[3] = compositionMs >> 8;
  header[4] = compositionMs;
  return header;
}

/** The 2 bytes in front of a raw AAC frame or of an AudioSpecificConfig; rate and channels are fixed by annex E.4.2.1. */
export function aacTagHeader(config: boolean): Uint8Array {
  return Uint8Array.of(0xaf, config ? 0 : 1);
}
