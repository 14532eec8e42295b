import { ByteReader } from '../bytes.ts';
import { parseSps, type Sps } from './sps.ts';

/** AVCDecoderConfigurationRecord, ISO/IEC 14496-15 5.3.3.1. */
export interface AvcConfig {
  /** Bytes of each NAL unit's length prefix: 1, 2 or 4. */
  lengthSize: number;
  spsUnits: Uint8Array[];
  ppsUnits: Uint8Array[];
  /** The first SPS, parsed. */
  sps: Sps;
}

/** Throws `RangeError` when it is truncated or has no usable SPS. */
export function parseAvcConfig(record: Uint8Array): AvcConfig {
  const r = new ByteReader(record);
  if (r.u8() !== 1) throw new RangeError('avcC: unknown version');
  r.skip(3);
  const lengthSize = (r.u8() & 3) + 1;
  if (lengthSize === 3) throw new RangeError('avcC: length size of 3');
  const spsUnits = readUnits(r, r.u8() & 0x1f);
  const ppsUnits = readUnits(r, r.u8());
  const first = spsUnits[0];
  if (first === undefined) throw new RangeError('avcC: no SPS');
  return { lengthSize, spsUnits, ppsUnits, sps: parseSps(first) };
}

function readUnits(r: ByteReader, count: number): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const unit = r.slice(r.u16());
    if (unit.length > 0) units.push(unit);
  }
  return units;
}

const SPS_PROFILE = 1;
const MAX_SPS = 31;
const MAX_PPS = 255;

/**
 * The record for these parameter sets, with lengths of 4 bytes; without the
 * extension of the high profiles, which decoders do not ask for. Throws
 * `RangeError` without an SPS or with more units than the record holds.
 */
export function avcConfigRecord(
  spsUnits: readonly Uint8Array[],
  ppsUnits: readonly Uint8Array[],
): Uint8Array {
  const [first] = spsUnits;
  if (first === undefined || first.length < 4) throw new RangeError('avcC: no SPS');
  if (spsUnits.length > MAX_SPS || ppsUnits.length > MAX_PPS)
    throw new RangeError('avcC: too many');
  const size = (units: readonly Uint8Array[]) => units.reduce((sum, u) => sum + 2 + u.length, 0);
  const record = new Uint8Array(7 + size(spsUnits) + size(ppsUnits));
  record.set([1, ...first.subarray(SPS_PROFILE, SPS_PROFILE + 3), 0xff, 0xe0 | spsUnits.length]);
  let at = 6;
  const put = (units: readonly Uint8Array[]) => {
    for (const unit of units) {
      record[at] = unit.length >> 8;
      record[at + 1] = unit.length;
      record.set(unit, at + 2);
      at += 2 + unit.length;
    }
  };
  put(spsUnits);
  record[at++] = ppsUnits.length;
  put(ppsUnits);
  return record;
}
