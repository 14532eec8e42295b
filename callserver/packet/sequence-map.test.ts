import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SequenceMap } from './sequence-map.ts';

describe('SequenceMap', () => {
  it('closes the holes of what is dropped and keeps those of what is lost', () => {
    const map = new SequenceMap(1000);
    map.switchTo(50);
    expect(map.map(50)).toBe(1000);
    map.drop(51);
    expect(map.map(52)).toBe(1001);
    // 53 is under way still.
    map.drop(54);
    expect(map.map(55)).toBe(1003);
    expect(map.map(53)).toBe(1002);
  });

  it('goes on without a hole when the stream behind is switched', () => {
    const map = new SequenceMap(10);
    map.switchTo(500);
    expect(map.map(500)).toBe(10);
    expect(map.map(501)).toBe(11);
    map.switchTo(90_000);
    expect(map.map(90_000)).toBe(12);
    expect(map.map(89_999)).toBeUndefined();
  });

  it('knows nothing before the first switch', () => {
    expect(new SequenceMap(1).map(5)).toBeUndefined();
  });

  it('gives every packet that is kept its own number, in order, whatever is dropped, lost or late', () => {
    const packet = fc.record({ keep: fc.boolean(), delay: fc.constantFrom(0, 0, 0, 3, 9) });
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 60 }), (packets) => {
        const map = new SequenceMap(1);
        map.switchTo(0);
        const order = packets
          .map((one, sequence) => ({ ...one, sequence, at: sequence + one.delay }))
          .sort((a, b) => a.at - b.at || a.sequence - b.sequence);
        const out = new Map<number, number>();
        for (const { sequence, keep } of order) {
          if (!keep) map.drop(sequence);
          else {
            const number = map.map(sequence);
            expect(number).toBeDefined();
            out.set(sequence, number!);
          }
        }
        const numbers = [...out].sort(([a], [b]) => a - b).map(([, number]) => number);
        for (let i = 1; i < numbers.length; i++) {
          expect(numbers[i]!).toBeGreaterThan(numbers[i - 1]!);
        }
        const inOrder = packets.every(({ delay }) => delay === 0);
        if (inOrder) expect(numbers).toEqual(numbers.map((_, i) => i + 1));
      }),
    );
  });
});
