import { BitReader } from '../bytes.ts';

/** AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1, as far as playback needs it. */
export interface AacConfig {
  /** 2 = AAC LC. */
  objectType: number;
  sampleRate: number;
  channels: number;
}

export const AAC_FRAME_SAMPLES = 1024;

const SAMPLE_RATES = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8];
const EXPLICIT_RATE = 15;
const ESCAPED_OBJECT_TYPE = 31;

/** Throws `RangeError` when it is truncated or uses a reserved value. */
export function parseAacConfig(bytes: Uint8Array): AacConfig {
  const r = new BitReader(bytes);
  let objectType = r.bits(5);
  if (objectType === ESCAPED_OBJECT_TYPE) objectType = 32 + r.bits(6);
  const rateIndex = r.bits(4);
  const sampleRate = rateIndex === EXPLICIT_RATE ? r.bits(24) : SAMPLE_RATES[rateIndex];
  const channels = CHANNELS[r.bits(4)];
  if (sampleRate === undefined || sampleRate === 0 || channels === undefined) {
    throw new RangeError('AudioSpecificConfig: reserved value');
  }
  return { objectType, sampleRate, channels };
}

/** The two-byte AudioSpecificConfig of AAC LC. Throws `RangeError` for a rate that has no index. */
export function aacLcConfig(sampleRate: number, channels: number): Uint8Array {
  const index = SAMPLE_RATES.indexOf(sampleRate);
  if (index < 0) throw new RangeError(`no AAC index for ${sampleRate} Hz`);
  const bits = (2 << 11) | (index << 7) | (channels << 3);
  return Uint8Array.of(bits >> 8, bits & 0xff);
}

/** One AAC LC frame of digital silence (mono or stereo), as an encoder would emit it: empty channel elements. */
export function silentAacFrame(channels: 1 | 2): Uint8Array {
  return channels === 1
    ? Uint8Array.of(0x01, 0x18, 0x20, 0x07)
    : Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c);
}
