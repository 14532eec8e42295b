import { BitReader } from '../bytes.ts';

/** What a sequence parameter set (H.264 7.3.2.1.1) says about the picture. */
export interface Sps {
  profile: number;
  constraints: number;
  level: number;
  /** Picture size in pixels after cropping. */
  width: number;
  height: number;
  /** From the VUI timing; undefined when it is not there. */
  fps: number | undefined;
  /** Frames that the decoder may hold back for reordering; 0 means no B-frames. Undefined when not told. */
  reorderFrames: number | undefined;
}

const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const EXTENDED_SAR = 255;
/** MaxFS of the highest level, 6.2, in macroblocks of 16 x 16 (table A-1): 8192 x 4352. */
const MAX_FRAME_MBS = 139_264;

/** Parses one SPS NAL unit, with its header byte. Throws `RangeError` when it is truncated or out of range. */
export function parseSps(unit: Uint8Array): Sps {
  const r = new BitReader(withoutEmulation(unit.subarray(1)));
  const profile = r.bits(8);
  const constraints = r.bits(8);
  const level = r.bits(8);
  r.ue();
  let chromaFormat = 1;
  if (HIGH_PROFILES.has(profile)) {
    chromaFormat = r.ue();
    if (chromaFormat === 3) r.skip(1);
    r.ue();
    r.ue();
    r.skip(1);
    if (r.bit()) skipScalingMatrices(r, chromaFormat === 3 ? 12 : 8);
  }
  r.ue();
  const orderType = r.ue();
  if (orderType === 0) {
    r.ue();
  } else if (orderType === 1) {
    r.skip(1);
    r.se();
    r.se();
    const cycle = r.ue();
    if (cycle > 255) throw new RangeError('SPS: picture order cycle too long');
    for (let i = 0; i < cycle; i++) r.se();
  }
  r.ue();
  r.skip(1);
  const widthInMbs = r.ue() + 1;
  const heightInMapUnits = r.ue() + 1;
  const framesOnly = r.bit();
  if (!framesOnly) r.skip(1);
  r.skip(1);
  let crop = { left: 0, right: 0, top: 0, bottom: 0 };
  if (r.bit()) crop = { left: r.ue(), right: r.ue(), top: r.ue(), bottom: r.ue() };
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = (chromaFormat === 1 ? 2 : 1) * (2 - framesOnly);
  const width = widthInMbs * 16 - (crop.left + crop.right) * cropX;
  const height = heightInMapUnits * 16 * (2 - framesOnly) - (crop.top + crop.bottom) * cropY;
  const frameMbs = widthInMbs * heightInMapUnits * (2 - framesOnly);
  if (width <= 0 || height <= 0 || width > 16384 || height > 16384 || frameMbs > MAX_FRAME_MBS) {
    throw new RangeError(`SPS: picture of ${width} x ${height}`);
  }
  return { profile, constraints, level, width, height, ...readVui(r) };
}

/** RFC 6381 codec string, e.g. `avc1.64001f`. */
export function avcCodecString(sps: Pick<Sps, 'profile' | 'constraints' | 'level'>): string {
  const hex = (n: number) => n.toString(16).padStart(2, '0');
  return `avc1.${hex(sps.profile)}${hex(sps.constraints)}${hex(sps.level)}`;
}

/** What the VUI says, if there is one; some encoders cut it short, and pictures decode all the same. */
function readVui(r: BitReader): Pick<Sps, 'fps' | 'reorderFrames'> {
  try {
    if (r.bit()) return parseVui(r);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return { fps: undefined, reorderFrames: undefined };
}

function parseVui(r: BitReader): Pick<Sps, 'fps' | 'reorderFrames'> {
  let fps: number | undefined;
  let reorderFrames: number | undefined;
  if (r.bit() && r.bits(8) === EXTENDED_SAR) r.skip(32);
  if (r.bit()) r.skip(1);
  if (r.bit()) {
    r.skip(4);
    if (r.bit()) r.skip(24);
  }
  if (r.bit()) {
    r.ue();
    r.ue();
  }
  if (r.bit()) {
    const unitsInTick = r.bits(32);
    const timeScale = r.bits(32);
    r.skip(1);
    // A frame is two ticks (E.2.1).
    if (unitsInTick > 0) fps = timeScale / unitsInTick / 2;
  }
  const nalHrd = r.bit();
  if (nalHrd) skipHrd(r);
  const vclHrd = r.bit();
  if (vclHrd) skipHrd(r);
  if (nalHrd || vclHrd) r.skip(1);
  r.skip(1);
  if (r.bit()) {
    r.skip(1);
    for (let i = 0; i < 4; i++) r.ue();
    reorderFrames = r.ue();
  }
  return { fps, reorderFrames };
}

function skipHrd(r: BitReader): void {
  const count = r.ue() + 1;
  if (count > 32) throw new RangeError('SPS: HRD count');
  r.skip(8);
  for (let i = 0; i < count; i++) {
    r.ue();
    r.ue();
    r.skip(1);
  }
  r.skip(20);
}

function skipScalingMatrices(r: BitReader, count: number): void {
  for (let i = 0; i < count; i++) {
    if (!r.bit()) continue;
    let last = 8;
    let next = 8;
    for (let j = 0; j < (i < 6 ? 16 : 64); j++) {
      if (next !== 0) next = (last + r.se() + 256) % 256;
      last = next === 0 ? last : next;
    }
  }
}

/** Removes the emulation prevention bytes (7.4.1.1). */
function withoutEmulation(payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(payload.length);
  let length = 0;
  let zeros = 0;
  for (const byte of payload) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
