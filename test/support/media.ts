import { aacLcConfig, aacTagHeader, avcTagHeader } from '#protocol';

/** Bodies of audio and video messages as a well-behaved encoder sends them. */

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

/** x264, 320 x 240 at 25 frames a second, Constrained Baseline 1.3. */
const SPS = '6742c00dd90141fb011000000300100000030320f1429900';
/** x264, 640 x 360 at 30 frames a second. */
const SPS_360 = '6742c01eda0280bfe5c044000003000400000300f03c58ba80';
const PPS = '68cb83cb20';

const unit = (text: string) => (text.length / 2).toString(16).padStart(4, '0') + text;

const avcRecord = (sps: string) => hex(`01${sps.slice(2, 8)}ffe1${unit(sps)}01${unit(PPS)}`);

/** AVCDecoderConfigurationRecords. */
export const AVC_320 = avcRecord(SPS);
export const AVC_640 = avcRecord(SPS_360);
export const AAC_48K_STEREO = aacLcConfig(48_000, 2);
export const AAC_44K_MONO = aacLcConfig(44_100, 1);

const body = (head: Uint8Array, payload: Uint8Array) =>
  new Uint8Array(Buffer.concat([head, payload]));

/** One NAL unit with its length: enough for everybody who does not decode it. */
export function accessUnit(key: boolean, bytes = 100): Uint8Array {
  const nal = new Uint8Array(4 + bytes).fill(key ? 0xaa : 0xbb);
  new DataView(nal.buffer).setUint32(0, bytes);
  nal[4] = key ? 0x65 : 0x41;
  return nal;
}

export const videoConfigBody = (record = AVC_320) => body(avcTagHeader(true, true, 0), record);

export const videoBody = (key: boolean, options: { compositionMs?: number; bytes?: number } = {}) =>
  body(avcTagHeader(key, false, options.compositionMs ?? 0), accessUnit(key, options.bytes));

export const audioConfigBody = (config = AAC_48K_STEREO) => body(aacTagHeader(true), config);

export const audioBody = (bytes = 60) =>
  body(aacTagHeader(false), new Uint8Array(bytes).fill(0x21));
