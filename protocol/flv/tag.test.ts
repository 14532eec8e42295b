import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FlvReader,
  type FlvTag,
  flvHeader,
  flvTag,
  TAG_AUDIO,
  TAG_SCRIPT,
  TAG_VIDEO,
} from './tag.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const concat = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function readAll(chunks: Iterable<Uint8Array>, maxBodyBytes = 1 << 20): FlvTag[] {
  const tags: FlvTag[] = [];
  const reader = new FlvReader({ maxBodyBytes, onTag: (tag) => tags.push(tag) });
  for (const chunk of chunks) reader.push(chunk);
  return tags;
}

describe('flvHeader', () => {
  it('is the header of E.2 with the first PreviousTagSize of E.3', () => {
    // 'FLV', version 1, audio and video flags, DataOffset 9, PreviousTagSize0 = 0.
    expect(hex(flvHeader({ audio: true, video: true }))).toBe('464c5601050000000900000000');
    expect(flvHeader({ audio: false, video: true })[4]).toBe(1);
    expect(flvHeader({ audio: true, video: false })[4]).toBe(4);
  });
});

describe('flvTag', () => {
  it('is the tag of E.4.1 with its PreviousTagSize', () => {
    const tag = flvTag(TAG_VIDEO, 0x01020304, Uint8Array.of(0xaa), Uint8Array.of(0xbb, 0xcc));
    expect(hex(tag)).toBe(
      [
        '09', // TagType: video
        '000003', // DataSize
        '020304', // Timestamp, low 24 bits
        '01', // TimestampExtended: the high 8 bits
        '000000', // StreamID
        'aabbcc',
        '0000000e', // PreviousTagSize: 11 + 3
      ].join(''),
    );
  });

  it.each([
    [0, '00000000'],
    [0xffffff, 'ffffff00'],
    [0x1000000, '00000001'],
    [0xffffffff, 'ffffffff'],
    [0x100000005, '00000500'],
    [-1, 'ffffffff'],
  ])('writes the timestamp %d modulo 2^32', (timestamp, field) => {
    expect(hex(flvTag(TAG_AUDIO, timestamp).subarray(4, 8))).toBe(field);
  });
});

describe('FlvReader', () => {
  const tag = fc.record({
    type: fc.constantFrom(TAG_AUDIO, TAG_VIDEO, TAG_SCRIPT),
    timestampMs: fc.nat({ max: 0xffffffff }),
    body: fc.uint8Array({ maxLength: 300 }),
  });

  it('gives back every tag that was written, however the bytes are chunked', () => {
    fc.assert(
      fc.property(
        fc.array(tag, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }),
        (tags, cuts) => {
          const file = concat(
            flvHeader({ audio: true, video: true }),
            ...tags.map((t) => flvTag(t.type, t.timestampMs, t.body)),
          );
          const chunks: Uint8Array[] = [];
          for (let at = 0, i = 0; at < file.length; i++) {
            const length = cuts[i % cuts.length]!;
            chunks.push(file.subarray(at, at + length));
            at += length;
          }
          expect(readAll(chunks)).toEqual(tags);
        },
      ),
    );
  });

  it('reads one byte at a time', () => {
    const file = concat(
      flvHeader({ audio: true, video: true }),
      flvTag(TAG_AUDIO, 7, Uint8Array.of(1, 2)),
    );
    const tags = readAll([...file].map((byte) => Uint8Array.of(byte)));
    expect(tags).toEqual([{ type: TAG_AUDIO, timestampMs: 7, body: Uint8Array.of(1, 2) }]);
  });

  it('keeps the bodies of earlier tags valid', () => {
    const first = flvTag(TAG_VIDEO, 1, new Uint8Array(50).fill(1));
    const second = flvTag(TAG_VIDEO, 2, new Uint8Array(50).fill(2));
    const [kept] = readAll([concat(flvHeader({ audio: true, video: true }), first), second]);
    expect([...kept!.body]).toEqual(new Array(50).fill(1));
  });

  it('masks the filter bit of the type', () => {
    const encrypted = flvTag(TAG_VIDEO, 0, Uint8Array.of(1));
    encrypted[0] = 0x29;
    expect(readAll([flvHeader({ audio: true, video: true }), encrypted])[0]?.type).toBe(TAG_VIDEO);
  });

  it.each([
    ['something else', Buffer.from('GET / HTTP/1.1\r\n')],
    ['a longer header', Buffer.from('464c560105000000ff00000000', 'hex')],
  ])('refuses %s', (_, bytes) => {
    expect(() => readAll([bytes])).toThrow(RangeError);
  });

  it('refuses a tag over the bound as soon as its header is there', () => {
    const lying = concat(
      flvHeader({ audio: true, video: true }),
      flvTag(TAG_VIDEO, 0, new Uint8Array(65)),
    );
    expect(() => readAll([lying.subarray(0, 24)], 64)).toThrow(RangeError);
    expect(readAll([lying], 65)).toHaveLength(1);
  });
});
