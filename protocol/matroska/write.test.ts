import { describe, expect, it } from 'vitest';
import { matroskaFrame, matroskaHead } from './write.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('matroskaFrame', () => {
  it('is a cluster of known size with one simple block', () => {
    expect(hex(matroskaFrame(10_033, true, Uint8Array.of(1, 2, 3)))).toBe(
      [
        '1f43b675', // Cluster
        '10000013', // 19 bytes
        'e7', // Timestamp
        '10000002', // 2 bytes
        '2731', // 10033 ms
        'a3', // SimpleBlock
        '10000007', // 7 bytes
        '81', // track 1
        '0000', // at the cluster's time
        '80', // key frame
        '010203',
      ].join(''),
    );
  });

  it('has no flag on a frame that needs others, and takes no more bytes for time than it must', () => {
    expect(hex(matroskaFrame(0, false, Uint8Array.of(9)))).toBe(
      '1f43b67510000010e71000000100a31000000581000000' + '09',
    );
  });

  it('refuses what is larger than a size of four bytes tells', () => {
    expect(() => matroskaFrame(0, true, new Uint8Array(2 ** 28))).toThrow(RangeError);
  });
});

describe('matroskaHead', () => {
  it('names the codec and the size of a picture', () => {
    const head = hex(matroskaHead({ codec: 'VP8', width: 1280, height: 720 }));
    expect(head.startsWith('1a45dfa3')).toBe(true);
    expect(head).toContain(`86${'10000005'}${Buffer.from('V_VP8').toString('hex')}`);
    expect(head).toContain(`b0${'10000002'}0500`);
    expect(head).toContain(`ba${'10000002'}02d0`);
  });

  it('has an Opus header for sound', () => {
    const head = hex(matroskaHead({ codec: 'opus', channels: 2 }));
    // OpusHead, version 1, 2 channels, nothing to skip, 48 kHz, no gain, family 0.
    expect(head).toContain('4f707573486561640102000080bb0000000000');
  });

  it('is a segment of unknown length', () => {
    expect(hex(matroskaHead({ codec: 'opus', channels: 1 }))).toContain('1853806701ffffffffffffff');
  });
});
