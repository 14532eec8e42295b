import { expect, it } from 'vitest';
import { Vp8Descriptor } from './vp8.ts';
import { packetizeVp8 } from './vp8-packetizer.ts';

const MAX = 100;
/** A descriptor has four bytes. */
const ROOM = MAX - 4;

function payloadsOf(frame: Uint8Array, pictureId: number) {
  const into = new Uint8Array(12 + MAX);
  const payloads: { bytes: Uint8Array; last: boolean }[] = [];
  packetizeVp8(frame, pictureId, into, 12, MAX, (length, last) =>
    payloads.push({ bytes: into.slice(12, 12 + length), last }),
  );
  return payloads;
}

it.each([
  [1, 1],
  [ROOM, 1],
  [ROOM + 1, 2],
  [10 * ROOM, 10],
  [10 * ROOM + 1, 11],
])('cuts a frame of %i bytes into %i payloads that make it up again', (bytes, count) => {
  const frame = Uint8Array.from({ length: bytes }, (_, i) => i & 0xfe);
  const payloads = payloadsOf(frame, 0x1_2345);
  expect(payloads).toHaveLength(count);
  const parts = payloads.map(({ bytes: payload, last }, i) => {
    const descriptor = new Vp8Descriptor();
    expect(descriptor.read(payload, 0, payload.length)).toBe(true);
    expect(descriptor.frameStart).toBe(i === 0);
    expect(descriptor.keyFrame).toBe(i === 0);
    expect([descriptor.pictureId, descriptor.pictureIdBits]).toEqual([0x2345, 15]);
    expect(last).toBe(i === count - 1);
    return payload.subarray(descriptor.size);
  });
  expect(Uint8Array.from(Buffer.concat(parts))).toEqual(frame);
});

it('makes nothing of an empty frame', () => {
  expect(payloadsOf(new Uint8Array(0), 1)).toEqual([]);
});
