import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAv1KeyFrame } from './av1.ts';
import { H264Depacketizer, H264Payload } from './h264.ts';
import { Vp8Descriptor } from './vp8.ts';
import { Vp9Descriptor } from './vp9.ts';

const read = <T extends { read(b: Uint8Array, offset: number, length: number): boolean }>(
  reader: T,
  bytes: number[],
): T => {
  expect(reader.read(Uint8Array.from(bytes), 0, bytes.length)).toBe(true);
  return reader;
};

describe('Vp8Descriptor', () => {
  it('reads every field, and the picture size of a key frame', () => {
    const descriptor = read(new Vp8Descriptor(), [
      0x90, // X, S, partition 0
      0xe0, // I, L, T
      ...[0x92, 0x34], // 15-bit picture id 0x1234
      0x56, // TL0PICIDX
      0x60, // TID 1, Y
      ...[0x10, 0x02, 0x00], // key frame
      ...[0x9d, 0x01, 0x2a], // start code
      ...[0x80, 0x02, 0x68, 0x01], // 640 x 360
    ]);
    expect(descriptor).toMatchObject({
      pictureIdOffset: 2,
      pictureIdBits: 15,
      pictureId: 0x1234,
      tl0PicIdxOffset: 4,
      tl0PicIdx: 0x56,
      temporalId: 1,
      layerSync: true,
      frameStart: true,
      keyFrame: true,
      width: 640,
      height: 360,
      size: 6,
    });
  });

  it('reads the shortest form, of an interframe that goes on', () => {
    const descriptor = read(new Vp8Descriptor(), [0x00, 0x01]);
    expect(descriptor).toMatchObject({
      pictureIdOffset: -1,
      tl0PicIdxOffset: -1,
      frameStart: false,
      keyFrame: false,
      size: 1,
    });
  });

  it('tells a 7-bit picture id from a 15-bit one', () => {
    const descriptor = read(new Vp8Descriptor(), [0x90, 0x80, 0x45, 0x01]);
    expect(descriptor).toMatchObject({ pictureId: 0x45, pictureIdBits: 7, size: 3 });
  });

  it.each([[[]], [[0x90]], [[0x90, 0x80]], [[0x90, 0xe0, 0x92, 0x34, 0x56]]])(
    'refuses a descriptor cut short: %j',
    (bytes) => {
      const descriptor = new Vp8Descriptor();
      expect(descriptor.read(Uint8Array.from(bytes), 0, bytes.length)).toBe(false);
    },
  );
});

describe('Vp9Descriptor', () => {
  it('reads a key frame with its scalability structure', () => {
    const descriptor = read(new Vp9Descriptor(), [
      0xaa, // I, L, B, V
      ...[0x80, 0x07], // 15-bit picture id 7
      0x00, // TID 0, SID 0
      0x00, // TL0PICIDX
      0x30, // 2 layers, sizes follow
      ...[0x01, 0x40, 0x00, 0xb4], // 320 x 180
      ...[0x02, 0x80, 0x01, 0x68], // 640 x 360
      0xff,
    ]);
    expect(descriptor).toMatchObject({
      keyFrame: true,
      frameStart: true,
      pictureId: 7,
      width: 640,
      height: 360,
      size: 14,
    });
  });

  it('reads layers and reference differences of the flexible mode', () => {
    const descriptor = read(new Vp9Descriptor(), [
      0xf4, // I, P, L, F, E
      0x05, // 7-bit picture id
      0x53, // TID 2, U, SID 1, D
      ...[0x03, 0x04], // two differences
      0xff,
    ]);
    expect(descriptor).toMatchObject({
      keyFrame: false,
      frameEnd: true,
      pictureIdBits: 7,
      temporalId: 2,
      switchingUp: true,
      spatialId: 1,
      interLayerPredicted: true,
      size: 5,
    });
  });
});

describe('H264Payload', () => {
  it.each([
    ['an IDR slice', [0x65, 0x88], true],
    ['an SPS', [0x67, 0x42], true],
    ['a STAP-A with SPS and PPS', [0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68], true],
    ['the first fragment of an IDR slice', [0x7c, 0x85, 0x88], true],
    ['a later fragment of it', [0x7c, 0x05, 0x88], false],
    ['another slice', [0x41, 0x9a], false],
    ['a STAP-A without them', [0x78, 0, 1, 0x06], false],
  ])('of %s tells whether a key frame begins', (_what, bytes, keyFrame) => {
    expect(read(new H264Payload(), bytes).keyFrame).toBe(keyFrame);
  });

  it('refuses a STAP-A with a lying length', () => {
    expect(new H264Payload().read(Uint8Array.of(0x78, 0, 9, 0x67), 0, 4)).toBe(false);
  });
});

describe('H264Depacketizer', () => {
  it('gives single units, aggregated ones and fragments back as NAL units', () => {
    const depacketizer = new H264Depacketizer();
    expect(depacketizer.add(Uint8Array.of(0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68))).toBe(true);
    expect(depacketizer.add(Uint8Array.of(0x06, 0x05))).toBe(true);
    expect(depacketizer.add(Uint8Array.of(0x7c, 0x85, 1, 2))).toBe(true);
    expect(depacketizer.add(Uint8Array.of(0x7c, 0x45, 3))).toBe(true);
    expect(depacketizer.take()?.map((unit) => [...unit])).toEqual([
      [0x67, 0x42],
      [0x68],
      [0x06, 0x05],
      [0x65, 1, 2, 3],
    ]);
  });

  it('refuses a fragment without its beginning, and gives no unfinished unit', () => {
    const depacketizer = new H264Depacketizer();
    expect(depacketizer.add(Uint8Array.of(0x7c, 0x05, 1))).toBe(false);
    depacketizer.reset();
    expect(depacketizer.add(Uint8Array.of(0x7c, 0x85, 1))).toBe(true);
    expect(depacketizer.take()).toBeUndefined();
  });
});

describe('isAv1KeyFrame', () => {
  it('reads the N bit of the aggregation header', () => {
    expect(isAv1KeyFrame(Uint8Array.of(0x18, 0x0a), 0, 2)).toBe(true);
    expect(isAv1KeyFrame(Uint8Array.of(0x10, 0x32), 0, 2)).toBe(false);
    expect(isAv1KeyFrame(new Uint8Array(0), 0, 0)).toBe(false);
  });
});

describe('payload readers', () => {
  it('take any bytes without throwing and stay within the payload', () => {
    const vp8 = new Vp8Descriptor();
    const vp9 = new Vp9Descriptor();
    const h264 = new H264Payload();
    const depacketizer = new H264Depacketizer();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        if (vp8.read(bytes, 0, bytes.length)) expect(vp8.size).toBeLessThan(bytes.length + 1);
        if (vp9.read(bytes, 0, bytes.length)) expect(vp9.size).toBeLessThan(bytes.length + 1);
        h264.read(bytes, 0, bytes.length);
        if (!depacketizer.add(bytes)) depacketizer.reset();
      }),
      { numRuns: 2_000 },
    );
  });
});
