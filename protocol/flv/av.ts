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
const SOUND_AAC = 10;
const SOUND_EX_HEADER = 9;
const EX_SEQUENCE_START = 0;
const EX_CODED_FRAMES = 1;
const EX_CODED_FRAMES_X = 3;

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
  if (type === TAG_VIDEO) return parseVideo(new ByteReader(body));
  if (type === TAG_AUDIO) return parseAudio(new ByteReader(body));
  return { kind: 'other' };
}

function parseVideo(reader: ByteReader): FlvAv {
  const first = reader.u8();
  if (first & EX_HEADER) {
    return parseExVideo(first, reader);
  }
  const frameType = first >> 4;
  const codecId = first & 0x0f;
  if (frameType === FRAME_COMMAND) return { kind: 'other' };
  if (codecId !== CODEC_AVC) {
    const codec = VIDEO_CODEC_NAMES[codecId] ?? `codec ${codecId}`;
    return { kind: 'unsupported', track: 'video', codec };
  }
  const packetType = reader.u8();
  const compositionMs = (reader.u24() << 8) >> 8;
  const rest = reader.slice(reader.remaining);
  if (packetType === AVC_SEQUENCE_HEADER)
    return { kind: 'video-config', codec: 'h264', config: rest };
  if (packetType !== AVC_NALU || rest.length === 0) return { kind: 'other' };
  return {
    kind: 'video',
    codec: 'h264',
    key: frameType === FRAME_KEY,
    compositionMs,
    payload: rest,
  };
}

function parseAudio(reader: ByteReader): FlvAv {
  const first = reader.u8();
  const format = first >> 4;
  if (format === SOUND_EX_HEADER) {
    return parseExAudio(first & 0x0f, reader);
  }
  if (format !== SOUND_AAC) {
    const codec = AUDIO_CODEC_NAMES[format] ?? `format ${format}`;
    return { kind: 'unsupported', track: 'audio', codec };
  }
  const packetType = reader.u8();
  const rest = reader.slice(reader.remaining);
  if (packetType === 0) return { kind: 'audio-config', codec: 'aac', config: rest };
  if (rest.length === 0) return { kind: 'other' };
  return { kind: 'audio', codec: 'aac', payload: rest };
}

/** ExVideoTagHeader of Enhanced RTMP v2: only H.264 is carried on; other codecs are named. */
function parseExVideo(first: number, reader: ByteReader): FlvAv {
  const packetType = first & 0x0f;
  const fourCc = fourCcOf(reader);
  if (fourCc !== 'avc1') {
    return { kind: 'unsupported', track: 'video', codec: FOURCC_NAMES[fourCc] ?? fourCc };
  }
  const codec = 'h264';
  if (packetType === EX_SEQUENCE_START) {
    return { kind: 'video-config', codec, config: reader.slice(reader.remaining) };
  }
  if (packetType !== EX_CODED_FRAMES && packetType !== EX_CODED_FRAMES_X) return { kind: 'other' };
  const compositionMs = packetType === EX_CODED_FRAMES ? (reader.u24() << 8) >> 8 : 0;
  const payload = reader.slice(reader.remaining);
  if (payload.length === 0) return { kind: 'other' };
  return { kind: 'video', codec, key: ((first >> 4) & 7) === FRAME_KEY, compositionMs, payload };
}

/** ExAudioTagHeader of Enhanced RTMP v2: only AAC is carried on; other codecs are named. */
function parseExAudio(packetType: number, reader: ByteReader): FlvAv {
  const fourCc = fourCcOf(reader);
  if (fourCc !== 'mp4a') {
    return { kind: 'unsupported', track: 'audio', codec: FOURCC_NAMES[fourCc] ?? fourCc };
  }
  const rest = reader.slice(reader.remaining);
  if (packetType === EX_SEQUENCE_START) return { kind: 'audio-config', codec: 'aac', config: rest };
  if (packetType !== EX_CODED_FRAMES || rest.length === 0) return { kind: 'other' };
  return { kind: 'audio', codec: 'aac', payload: rest };
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
  const packetType = config ? AVC_SEQUENCE_HEADER : AVC_NALU;
  return Uint8Array.of(
    ((key ? FRAME_KEY : 2) << 4) | CODEC_AVC,
    packetType,
    (compositionMs >> 16) & 0xff,
    (compositionMs >> 8) & 0xff,
    compositionMs & 0xff,
  );
}

/** The 2 bytes in front of a raw AAC frame or of an AudioSpecificConfig; rate and channels are fixed by annex E.4.2.1. */
export function aacTagHeader(config: boolean): Uint8Array {
  return Uint8Array.of(0xaf, config ? 0 : 1);
}
