import { describe, expect, it } from 'vitest';
import { FrameReader, frame } from './frames.ts';

const MOST = 1024 * 1024;

describe('FrameReader', () => {
  it('cuts frames out of a stream that comes in any pieces', () => {
    const whole = Buffer.concat([
      frame(0, Buffer.from('one')),
      frame(1),
      frame(7, Buffer.alloc(9)),
    ]);
    for (let size = 1; size <= whole.length; size++) {
      const reader = new FrameReader();
      const found: string[] = [];
      for (let at = 0; at < whole.length; at += size) {
        for (const { kind, payload } of reader.push(whole.subarray(at, at + size))) {
          found.push(`${kind} ${payload.length}`);
        }
      }
      expect(found).toEqual(['0 3', '1 0', '7 9']);
    }
  });

  it.each([
    [MOST, true],
    [MOST + 1, false],
    [0, false],
    [0xffffffff, false],
  ])('of a frame that says it has %i bytes', (size, taken) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(size);
    const read = () => [...new FrameReader().push(head)];
    if (taken) expect(read()).toEqual([]);
    else expect(read).toThrow('frame size');
  });
});
