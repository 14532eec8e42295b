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
