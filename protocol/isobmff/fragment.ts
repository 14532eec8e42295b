/** Movie fragments (ISO/IEC 14496-12 8.8): `moof` + `mdat` of one part. */

export interface FragmentSample {
  /** In ticks of the track's timescale. */
  duration: number;
  /** Presentation minus decoding time, in ticks. */
  compositionOffset: number;
  key: boolean;
  data: Uint8Array;
}

export interface FragmentTrack {
  trackId: number;
  /** Decoding time of the first sample, in ticks. */
  baseDecodeTime: number;
  samples: readonly FragmentSample[];
}

const DEFAULT_BASE_IS_MOOF = 0x020000;
const TRUN_DATA_OFFSET = 0x001;
const TRUN_PER_SAMPLE = 0x100 | 0x200 | 0x400 | 0x800;
const SAMPLE_KEY = 0x02000000;
const SAMPLE_DEPENDS = 0x01010000;

const BOX = 8;
const FULL_BOX = 12;
const MFHD = FULL_BOX + 4;
const TFHD = FULL_BOX + 4;
const TFDT_V1 = FULL_BOX + 8;
const TRUN_HEAD = FULL_BOX + 8;
const TRUN_SAMPLE = 16;

const trafSize = (track: FragmentTrack): number =>
  BOX + TFHD + TFDT_V1 + TRUN_HEAD + TRUN_SAMPLE * track.samples.length;

/** Tracks without samples are left out. Returns one buffer; each payload is copied once. */
export function fragment(sequence: number, allTracks: readonly FragmentTrack[]): Uint8Array {
  const tracks = allTracks.filter((track) => track.samples.length > 0);
  let moofSize = BOX + MFHD;
  let payload = 0;
  for (const track of tracks) {
    moofSize += trafSize(track);
    for (const sample of track.samples) payload += sample.data.length;
  }
  const out = new Uint8Array(moofSize + BOX + payload);
  const view = new DataView(out.buffer);
  let at = 0;
  const u32 = (value: number) => {
    view.setUint32(at, value >>> 0);
    at += 4;
  };
  const open = (size: number, type: number) => {
    u32(size);
    u32(type);
  };

  open(moofSize, MOOF);
  open(MFHD, MFHD_TYPE);
  u32(0);
  u32(sequence);
  let dataOffset = moofSize + BOX;
  for (const track of tracks) {
    open(trafSize(track), TRAF);
    open(TFHD, TFHD_TYPE);
    u32(DEFAULT_BASE_IS_MOOF);
    u32(track.trackId);
    open(TFDT_V1, TFDT);
    u32(1 << 24);
    u32(Math.floor(track.baseDecodeTime / 2 ** 32));
    u32(track.baseDecodeTime % 2 ** 32);
    open(TRUN_HEAD + TRUN_SAMPLE * track.samples.length, TRUN);
    // Version 1: composition offsets are signed.
    u32((1 << 24) | TRUN_DATA_OFFSET | TRUN_PER_SAMPLE);
    u32(track.samples.length);
    u32(dataOffset);
    for (const sample of track.samples) {
      u32(sample.duration);
      u32(sample.data.length);
      u32(sample.key ? SAMPLE_KEY : SAMPLE_DEPENDS);
      u32(sample.compositionOffset);
      dataOffset += sample.data.length;
    }
  }
  open(BOX + payload, MDAT);
  for (const track of tracks) {
    for (const sample of track.samples) {
      out.set(sample.data, at);
      at += sample.data.length;
    }
  }
  return out;
}

const fourCc = (type: string): number =>
  ((type.charCodeAt(0) << 24) |
    (type.charCodeAt(1) << 16) |
    (type.charCodeAt(2) << 8) |
    type.charCodeAt(3)) >>>
  0;

const MOOF = fourCc('moof');
const MFHD_TYPE = fourCc('mfhd');
const TRAF = fourCc('traf');
const TFHD_TYPE = fourCc('tfhd');
const TFDT = fourCc('tfdt');
const TRUN = fourCc('trun');
const MDAT = fourCc('mdat');
