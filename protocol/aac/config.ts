import { BitReader } from '../bytes.ts';

/** AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1, as far as playback needs it. */
export interface AacConfig {
  /** Of the core: 2 = AAC LC, also under HE-AAC. */
  objectType: number;
  /** Of the core; a frame is `frameSamples` at this rate. */
  sampleRate: number;
  /** What comes out of the decoder: twice the core's rate with explicit SBR (HE-AAC). */
  outputRate: number;
  /** Of the core; 0 when a program configuration element says it. */
  channels: number;
  /** 1024, or 960 when the frame length flag is set. */
  frameSamples: number;
  /** Explicit signalling of HE-AAC (`sbr`) or HE-AAC v2 (`ps`). */
  extension: 'none' | 'sbr' | 'ps';
}

export const AAC_FRAME_SAMPLES = 1024;
const SHORT_FRAME_SAMPLES = 960;

const SAMPLE_RATES = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8];
const EXPLICIT_RATE = 15;
const ESCAPED_OBJECT_TYPE = 31;
const SBR = 5;
const PS = 29;
/** Object types whose GASpecificConfig follows (1.6.2.1, table 1.15). */
const GENERAL_AUDIO = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);

/** Throws `RangeError` when it is truncated or uses a reserved value. */
export function parseAacConfig(bytes: Uint8Array): AacConfig {
  const r = new BitReader(bytes);
  let objectType = readObjectType(r);
  const sampleRate = readRate(r);
  const channels = CHANNELS[r.bits(4)];
  if (channels === undefined) throw new RangeError('AudioSpecificConfig: reserved channels');
  let outputRate = sampleRate;
  let extension: AacConfig['extension'] = 'none';
  if (objectType === SBR || objectType === PS) {
    extension = objectType === PS ? 'ps' : 'sbr';
    outputRate = readRate(r);
    objectType = readObjectType(r);
  }
  const short = GENERAL_AUDIO.has(objectType) && r.bit() === 1;
  const frameSamples = short ? SHORT_FRAME_SAMPLES : AAC_FRAME_SAMPLES;
  return { objectType, sampleRate, outputRate, channels, frameSamples, extension };
}

function readObjectType(r: BitReader): number {
  const type = r.bits(5);
  return type === ESCAPED_OBJECT_TYPE ? 32 + r.bits(6) : type;
}

function readRate(r: BitReader): number {
  const index = r.bits(4);
  const rate = index === EXPLICIT_RATE ? r.bits(24) : SAMPLE_RATES[index];
  if (rate === undefined || rate === 0) throw new RangeError('AudioSpecificConfig: reserved rate');
  return rate;
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
