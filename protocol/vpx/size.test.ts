import { describe, expect, it } from 'vitest';
import { vp8KeyFrameSize, vp9KeyFrameSize } from './size.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replace(/ /g, ''), 'hex'));

describe('vp8KeyFrameSize', () => {
  it.each([
    ['640 x 360', 'd01f01 9d012a 8002 6801', { width: 640, height: 360 }],
    // The upper two bits are for scaling.
    ['scaled up', 'd01f01 9d012a 8042 6881', { width: 640, height: 360 }],
    ['a frame that needs others', 'd11f01 9d012a 8002 6801', undefined],
    ['no start code', 'd01f01 9d012b 8002 6801', undefined],
    ['no size', 'd01f01 9d012a 0000 6801', undefined],
    ['cut short', 'd01f01 9d012a 8002 68', undefined],
  ])('of %s', (_what, frame, size) => {
    expect(vp8KeyFrameSize(bytes(frame))).toEqual(size);
  });
});

describe('vp9KeyFrameSize', () => {
  /** Bits of an uncompressed header: marker, profile, flags, sync code, colours, size. */
  const header = (...parts: readonly [bits: number, value: number][]) => {
    const text = parts.map(([bits, value]) => value.toString(2).padStart(bits, '0')).join('');
    const whole = text.padEnd(Math.ceil(text.length / 8) * 8, '0');
    return Uint8Array.from(whole.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
  };
  const size: [number, number][] = [
    [16, 1279],
    [16, 719],
  ];
  const sync: [number, number] = [24, 0x498342];

  it('reads profile 0', () => {
    const frame = header([2, 2], [2, 0], [1, 0], [1, 0], [2, 2], sync, [3, 1], [1, 0], ...size);
    expect(vp9KeyFrameSize(frame)).toEqual({ width: 1280, height: 720 });
  });

  it('reads profile 2, which says its bit depth', () => {
    // The low bit of the profile comes first.
    const deep = header(
      ...([
        [2, 2],
        [1, 0],
        [1, 1],
        [1, 0],
        [1, 0],
        [2, 2],
      ] as [number, number][]),
      ...([sync, [1, 1], [3, 1], [1, 0]] as [number, number][]),
      ...size,
    );
    expect(vp9KeyFrameSize(deep)).toEqual({ width: 1280, height: 720 });
  });

  it.each([
    ['a frame that needs others', header([2, 2], [2, 0], [1, 0], [1, 1], [2, 2], sync)],
    ['an old frame shown again', header([2, 2], [2, 0], [1, 1], [1, 0], [2, 2], sync)],
    ['another sync code', header([2, 2], [2, 0], [1, 0], [1, 0], [2, 2], [24, 1], [3, 1], ...size)],
    ['what is cut short', header([2, 2], [2, 0], [1, 0], [1, 0], [2, 2], sync)],
    ['nothing', new Uint8Array()],
  ])('has none of %s', (_what, frame) => {
    expect(vp9KeyFrameSize(frame)).toBeUndefined();
  });
});
