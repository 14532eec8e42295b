import { describe, expect, it } from 'vitest';
import { avcCodecString, parseSps } from './sps.ts';

/** Syntax elements in the order of H.264 7.3.2.1.1: `u` is fixed width, `ue` and `se` are Exp-Golomb. */
type Element = readonly ['u', bits: number, value: number] | readonly ['ue' | 'se', value: number];

const u = (bits: number, value: number): Element => ['u', bits, value];
const ue = (value: number): Element => ['ue', value];
const se = (value: number): Element => ['se', value];

/** An SPS NAL unit of these elements, with its trailing bits and emulation prevention (7.4.1.1). */
function sps(...elements: readonly Element[]): Uint8Array {
  let text = '';
  const golomb = (k: number) => {
    const digits = (k + 1).toString(2);
    text += '0'.repeat(digits.length - 1) + digits;
  };
  for (const element of elements) {
    if (element[0] === 'u') text += element[2].toString(2).padStart(element[1], '0');
    else if (element[0] === 'ue') golomb(element[1]);
    else golomb(element[1] > 0 ? 2 * element[1] - 1 : -2 * element[1]);
  }
  text += '1';
  text = text.padEnd(Math.ceil(text.length / 8) * 8, '0');
  const unit = [0x67];
  let zeros = 0;
  for (let i = 0; i < text.length; i += 8) {
    const byte = Number.parseInt(text.slice(i, i + 8), 2);
    if (zeros >= 2 && byte <= 3) {
      unit.push(3);
      zeros = 0;
    }
    unit.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(unit);
}

const profile = (idc: number, constraints: number, level: number): Element[] => [
  u(8, idc),
  u(8, constraints),
  u(8, level),
  ue(0), // seq_parameter_set_id
];
/** Order type 0 with one reference frame. */
const frames: Element[] = [
  ue(0), // log2_max_frame_num_minus4
  ue(0), // pic_order_cnt_type
  ue(2), // log2_max_pic_order_cnt_lsb_minus4
  ue(1), // max_num_ref_frames
  u(1, 0), // gaps_in_frame_num_value_allowed_flag
];
const size = (widthInMbs: number, heightInMapUnits: number): Element[] => [
  ue(widthInMbs - 1),
  ue(heightInMapUnits - 1),
];
const progressive: Element[] = [
  u(1, 1), // frame_mbs_only_flag
  u(1, 1), // direct_8x8_inference_flag
];
const interlaced: Element[] = [u(1, 0), u(1, 0), u(1, 1)];
const uncropped = [u(1, 0)];
const crop = (left: number, right: number, top: number, bottom: number): Element[] => [
  u(1, 1),
  ...[left, right, top, bottom].map(ue),
];
const noVui = [u(1, 0)];
/** chroma_format_idc, bit depths, no bypass, no scaling matrix. */
const high = (chromaFormat: number): Element[] => [
  ue(chromaFormat),
  ...(chromaFormat === 3 ? [u(1, 0)] : []),
  ue(0),
  ue(0),
  u(1, 0),
  u(1, 0),
];
const timing = (unitsInTick: number, timeScale: number): Element[] => [
  u(1, 1),
  u(32, unitsInTick),
  u(32, timeScale),
  u(1, 1),
];
const hrd: Element[] = [
  u(1, 1),
  ue(0), // cpb_cnt_minus1
  u(8, 0),
  ue(100),
  ue(200),
  u(1, 0),
  u(20, 0),
];
const restriction = (reorder: number): Element[] => [
  u(1, 1), // bitstream_restriction_flag
  u(1, 1),
  ue(2),
  ue(1),
  ue(9),
  ue(9),
  ue(reorder),
  ue(4),
];

const baseline = (...rest: readonly Element[]) => sps(...profile(66, 0xc0, 30), ...frames, ...rest);

describe('parseSps', () => {
  it.each([
    ['640 x 360', [...size(40, 23), ...progressive, ...crop(0, 0, 0, 4)], 640, 360],
    ['1280 x 720, uncropped', [...size(80, 45), ...progressive, ...uncropped], 1280, 720],
    ['1920 x 1080', [...size(120, 68), ...progressive, ...crop(0, 0, 0, 4)], 1920, 1080],
    // Odd sizes are beyond 4:2:0 cropping units: an encoder rounds to even.
    ['854 x 482', [...size(54, 31), ...progressive, ...crop(0, 5, 0, 7)], 854, 482],
    ['cropped on all sides', [...size(40, 23), ...progressive, ...crop(1, 2, 3, 4)], 634, 354],
    // 1080i: map units are field macroblock rows, the vertical crop unit doubles.
    ['1920 x 1080 interlaced', [...size(120, 34), ...interlaced, ...crop(0, 0, 0, 2)], 1920, 1080],
  ])('finds the size %s', (_, rest, width, height) => {
    expect(parseSps(baseline(...rest, ...noVui))).toMatchObject({ width, height });
  });

  it.each([
    ['monochrome: units of 1 x 1', 0, 853, 481],
    ['4:2:0: units of 2 x 2', 1, 842, 466],
    ['4:2:2: units of 2 x 1', 2, 842, 481],
    ['4:4:4: units of 1 x 1', 3, 853, 481],
  ])('crops %s', (_, chroma, width, height) => {
    const cropped = [...size(54, 31), ...progressive, ...crop(0, 11, 0, 15), ...noVui];
    expect(
      parseSps(sps(...profile(244, 0, 31), ...high(chroma), ...frames, ...cropped)),
    ).toMatchObject({ profile: 244, width, height });
  });

  it('steps over scaling matrices', () => {
    const matrices: Element[] = [
      ue(1),
      ue(0),
      ue(0),
      u(1, 0),
      u(1, 1), // seq_scaling_matrix_present_flag
      u(1, 1), // a 4 x 4 list that ends at once: next scale 0
      se(-8),
      u(1, 1), // a 4 x 4 list of sixteen deltas
      ...Array.from({ length: 16 }, () => se(1)),
      ...Array.from({ length: 4 }, () => u(1, 0)),
      u(1, 1), // an 8 x 8 list of sixty-four
      ...Array.from({ length: 64 }, () => se(0)),
      u(1, 0),
    ];
    const rest = [...size(80, 45), ...progressive, ...uncropped, ...noVui];
    expect(parseSps(sps(...profile(100, 0, 31), ...matrices, ...frames, ...rest))).toMatchObject({
      width: 1280,
      height: 720,
    });
  });

  it('steps over the cycle of picture order type 1', () => {
    const order: Element[] = [
      ue(0),
      ue(1),
      u(1, 0),
      se(-3),
      se(4),
      ue(2),
      se(1),
      se(-1),
      ue(1),
      u(1, 0),
    ];
    const rest = [...size(20, 15), ...progressive, ...uncropped, ...noVui];
    expect(parseSps(sps(...profile(66, 0, 30), ...order, ...rest))).toMatchObject({
      width: 320,
      height: 240,
    });
    const endless: Element[] = [ue(0), ue(1), u(1, 0), se(0), se(0), ue(256)];
    expect(() => parseSps(sps(...profile(66, 0, 30), ...endless))).toThrow(RangeError);
  });

  const picture = [...size(80, 45), ...progressive, ...uncropped];

  it.each([
    ['30', 1, 60, 30],
    ['29.97', 1001, 60_000, 30_000 / 1001],
    ['0.5 (one frame in two seconds)', 1, 1, 0.5],
    ['nothing from zero units', 0, 60, undefined],
    ['25 with bytes that need emulation prevention', 0x00000200, 0x00006400, 25],
  ])('reads %s frames a second from the VUI', (_, units, scale, fps) => {
    const vui = [
      u(1, 1),
      ...[u(1, 0), u(1, 0), u(1, 0), u(1, 0)], // aspect ratio, overscan, video signal, chroma location
      ...timing(units, scale),
      ...[u(1, 0), u(1, 0), u(1, 0)], // HRDs, pic_struct
      u(1, 0),
    ];
    expect(parseSps(baseline(...picture, ...vui)).fps).toBe(fps);
  });

  it('reads a VUI in which everything is there', () => {
    const vui: Element[] = [
      u(1, 1),
      ...[u(1, 1), u(8, 255), u(16, 40), u(16, 33)], // Extended_SAR
      ...[u(1, 1), u(1, 0)], // overscan
      ...[u(1, 1), u(3, 5), u(1, 1), u(1, 1), u(24, 0x010101)], // video signal with colour description
      ...[u(1, 1), ue(0), ue(0)], // chroma location
      ...timing(1, 100),
      ...hrd, // NAL
      ...hrd, // VCL
      u(1, 0), // low_delay_hrd_flag
      u(1, 1), // pic_struct_present_flag
      ...restriction(2),
    ];
    const sequence = sps(...profile(77, 0x40, 40), ...frames, ...picture, ...vui);
    expect(parseSps(sequence)).toEqual({
      profile: 77,
      constraints: 0x40,
      level: 40,
      width: 1280,
      height: 720,
      fps: 50,
      reorderFrames: 2,
    });
  });

  it('takes the picture without a VUI that is cut short', () => {
    const vui: Element[] = [u(1, 1), u(1, 0), u(1, 0), u(1, 0), u(1, 0), u(1, 1), u(16, 0)];
    expect(parseSps(baseline(...picture, ...vui))).toMatchObject({
      width: 1280,
      height: 720,
      fps: undefined,
      reorderFrames: undefined,
    });
  });

  it('takes the largest picture of the highest level', () => {
    const picture = [...size(512, 272), ...progressive, ...uncropped, ...noVui];
    expect(parseSps(baseline(...picture))).toMatchObject({ width: 8192, height: 4352 });
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['a header alone', Uint8Array.of(0x67)],
    ['an SPS cut off before the size', baseline().subarray(0, 6)],
    [
      'a picture without width',
      baseline(...size(1, 1), ...progressive, ...crop(8, 0, 0, 0), ...noVui),
    ],
    [
      'a negative height',
      baseline(...size(40, 2), ...progressive, ...crop(0, 0, 900, 0), ...noVui),
    ],
    ['a gigantic picture', baseline(...size(1025, 10), ...progressive, ...uncropped, ...noVui)],
    [
      'a picture above every level',
      baseline(...size(1024, 137), ...progressive, ...uncropped, ...noVui),
    ],
  ])('refuses %s', (_, unit) => {
    expect(() => parseSps(unit)).toThrow(RangeError);
  });
});

describe('avcCodecString', () => {
  it('is the form of RFC 6381', () => {
    expect(avcCodecString({ profile: 100, constraints: 0, level: 31 })).toBe('avc1.64001f');
    expect(avcCodecString({ profile: 66, constraints: 0xc0, level: 9 })).toBe('avc1.42c009');
  });
});
