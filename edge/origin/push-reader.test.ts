import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cmafInit, cmafPart, PART_US } from '#support';
import { PushReader } from './push-reader.ts';
import type { IncomingPart } from './rendition-store.ts';

const START = 1_772_366_400_000_000;
const init = cmafInit();
const part = (index: number, change: { key?: boolean; bytes?: number } = {}) =>
  cmafPart({ startUs: START + index * PART_US, durationUs: PART_US, key: index === 0, ...change });

function read(chunks: readonly Uint8Array[], kind: 'video' | 'audio' = 'video') {
  const inits: Uint8Array[] = [];
  const parts: IncomingPart[] = [];
  const reader = new PushReader(kind, {
    onInit: (bytes) => inits.push(bytes),
    onPart: (incoming) => parts.push(incoming),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { inits, parts, atBoundary: reader.atBoundary };
}

/** A change of some bytes, at a place counted from the first box of this type. */
function patched(bytes: Uint8Array, type: string, offset: number, value: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(value >>> 0, copy.indexOf(type) + offset);
  return copy;
}

const bad = expect.objectContaining({ code: 'bad_media' });

describe('PushReader', () => {
  it('gives the initialization segment, and each part with its times and its key frame', () => {
    const { inits, parts, atBoundary } = read([init, part(0), part(1)]);
    expect(atBoundary).toBe(true);
    expect(Buffer.from(inits[0]!)).toEqual(Buffer.from(init));
    expect(parts).toHaveLength(2);
    expect(parts[0]).toMatchObject({
      startUs: START,
      endUs: START + PART_US,
      audioEndUs: START + PART_US,
      independent: true,
    });
    expect(parts[0]!.keyBytes).toBe(part(0).length - 200);
    expect(parts[1]).toMatchObject({ independent: false, keyBytes: 0 });
    expect(Buffer.from(parts[1]!.bytes)).toEqual(Buffer.from(part(1)));
  });

  it('reads the same however the bytes are split', () => {
    const whole = Buffer.concat([init, part(0), part(1, { bytes: 3_000 })]);
    // Comparing arrays byte by byte takes its time.
    const seen = (chunks: readonly Uint8Array[]) => {
      const { inits, parts, atBoundary } = read(chunks);
      const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
      return JSON.stringify([
        inits.map(text),
        parts.map((incoming) => ({ ...incoming, bytes: text(incoming.bytes) })),
        atBoundary,
      ]);
    };
    const expected = seen([whole]);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 20 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const chunks = places.slice(1).map((end, i) => whole.subarray(places[i], end));
        expect(seen(chunks)).toBe(expected);
      }),
    );
  });

  it('keeps bytes of its own: what it was given may be used again', () => {
    const chunk = Buffer.concat([init, part(0)]);
    const { parts } = read([chunk]);
    chunk.fill(0);
    expect(Buffer.from(parts[0]!.bytes)).toEqual(Buffer.from(part(0)));
  });

  it('knows when a push ends inside a box, or between moof and mdat', () => {
    const whole = Buffer.concat([init, part(0)]);
    for (let length = 1; length < whole.length; length++) {
      const { atBoundary, parts } = read([whole.subarray(0, length)]);
      expect(parts).toEqual([]);
      // The end of ftyp and that of moov.
      if (atBoundary) expect([28, init.length]).toContain(length);
    }
  });

  it.each<[string, Uint8Array[]]>([
    ['a part before the initialization segment', [part(0)]],
    ['a moov before its ftyp', [init.subarray(28)]],
    ['an mdat without a moof', [init, part(0).subarray(Buffer.from(part(0)).indexOf('mdat') - 4)]],
    [
      'a moof twice',
      [init, part(0).subarray(0, Buffer.from(part(0)).indexOf('mdat') - 4), part(0)],
    ],
    ['a box of size 0', [init, Buffer.from([0, 0, 0, 0, 109, 111, 111, 102])]],
    [
      'a box of size 1, which is 64 bits long',
      [init, Buffer.from([0, 0, 0, 1, 109, 111, 111, 102])],
    ],
    [
      'a box that says it is 4 GB long',
      [init, Buffer.from([255, 255, 255, 255, 109, 100, 97, 116])],
    ],
    ['a box that nobody knows', [init, Buffer.from([0, 0, 0, 8, 1, 2, 3, 4])]],
    ['a traf that is longer than its moof', [init, patched(part(0), 'traf', -4, 4_000)]],
    ['a trun of more samples than it has', [init, patched(part(0), 'trun', 8, 2)]],
    ['a trun of a million samples', [init, patched(part(0), 'trun', 8, 1_000_000)]],
    ['a sample larger than the mdat', [init, patched(part(0), 'trun', 20, 401)]],
    ['a sample before the mdat', [init, patched(part(0), 'trun', 12, 0)]],
    ['a sample behind the mdat', [init, patched(part(0), 'trun', 12, 100_000)]],
    ['an mdat shorter than its samples', [init, patched(part(0), 'mdat', -4, 300)]],
    ['a track that the moov does not have', [init, patched(part(0), 'tfhd', 8, 9)]],
    [
      'only sound where a picture belongs',
      [init, cmafPart({ startUs: START, durationUs: PART_US, kind: 'audio' })],
    ],
  ])('refuses %s', (_, chunks) => {
    expect(() => read(chunks)).toThrow(bad);
  });

  it('gives nothing of a box that lies about its size, and is at no boundary behind it', () => {
    for (const size of [40, 60, 90, 5_000]) {
      const lying = patched(part(0), 'moof', -4, size);
      try {
        const { parts, atBoundary } = read([init, lying]);
        expect(parts).toEqual([]);
        expect(atBoundary).toBe(false);
      } catch (error) {
        expect(error).toEqual(bad);
      }
    }
  });

  it('refuses tracks of another kind', () => {
    expect(() => read([init], 'audio')).toThrow(bad);
    expect(() => read([cmafInit({ kind: 'audio' })])).toThrow(bad);
    const sound = cmafPart({ startUs: START, durationUs: PART_US, kind: 'audio' });
    expect(read([cmafInit({ kind: 'audio' }), sound], 'audio').parts).toHaveLength(1);
  });
});
