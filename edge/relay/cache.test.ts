import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceHead } from '../http/resource.ts';
import { Wire } from '../http/wire.ts';
import { type Entry, MemoryCache } from './cache.ts';

const HEAD: ResourceHead = {
  contentType: 'video/mp4',
  etag: '"a"',
  cacheControl: 'public, max-age=1',
  ranges: true,
  restricted: false,
  position: undefined,
};

function entry(change: Partial<Entry> & { size?: number } = {}): Entry {
  const { size = 1_000, ...rest } = change;
  return {
    head: HEAD,
    wire: new Wire({}, [Buffer.alloc(size)], size, 0),
    packed: undefined,
    freshUntilMs: 1_000,
    staleUntilMs: 2_000,
    used: false,
    ...rest,
  };
}

describe('MemoryCache', () => {
  it('gives an answer while it is fresh, and the stale one for longer to who asks for that', () => {
    const cache = new MemoryCache(100_000);
    const kept = entry();
    cache.put('a', kept);
    expect(cache.fresh('a', 1_000)).toBe(kept);
    expect(cache.fresh('a', 1_001)).toBeUndefined();
    expect(cache.stale('a', 2_000)).toBe(kept);
    expect(cache.stale('a', 2_001)).toBeUndefined();
    expect(cache.fresh('b', 0)).toBeUndefined();
  });

  it('lets go of what nobody asks for first', () => {
    const cache = new MemoryCache(10_000);
    for (const key of ['a', 'b', 'c', 'd']) cache.put(key, entry());
    cache.fresh('a', 0);
    for (const key of ['e', 'f', 'g']) cache.put(key, entry());
    expect(cache.fresh('a', 0)).toBeDefined();
    expect(cache.fresh('b', 0)).toBeUndefined();
  });

  it('spares what was asked for only once', () => {
    const cache = new MemoryCache(10_000);
    cache.put('a', entry({ used: true }));
    for (let i = 0; i < 20; i++) cache.put(`x${i}`, entry());
    expect(cache.fresh('a', 0)).toBeUndefined();
  });

  it('does not keep what is larger than a quarter of it', () => {
    const cache = new MemoryCache(10_000);
    cache.put('a', entry({ size: 3_000 }));
    expect(cache.size).toBe(0);
    expect(cache.bytes).toBe(0);
  });

  it('replaces, and forgets what was under the key even when the new one is too large', () => {
    const cache = new MemoryCache(10_000);
    cache.put('a', entry());
    const bytes = cache.bytes;
    cache.put('a', entry());
    expect(cache.bytes).toBe(bytes);
    cache.put('a', entry({ size: 9_000 }));
    expect(cache.fresh('a', 0)).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });

  it('counts the compressed form of what is in it, once', () => {
    const cache = new MemoryCache(100_000);
    const kept = entry();
    const packed = new Wire({}, [Buffer.alloc(10)], 10, 0);
    cache.put('a', kept);
    const bytes = cache.bytes;
    cache.pack('a', kept, packed);
    cache.pack('a', kept, packed);
    expect(kept.packed).toBe(packed);
    expect(cache.bytes).toBe(bytes + packed.bytes.length);
    cache.pack('a', entry(), packed);
    cache.delete('a');
    expect(cache.bytes).toBe(0);
  });

  it('stays within its bound whatever is put in, and its count is right', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      what: fc.constantFrom('put', 'put', 'ask', 'pack', 'delete'),
      size: fc.nat(3_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new MemoryCache(12_000);
        for (const { key, what, size } of steps) {
          if (what === 'put') cache.put(key, entry({ size }));
          if (what === 'ask') cache.fresh(key, 0);
          if (what === 'delete') cache.delete(key);
          const known = cache.stale(key, 0);
          if (what === 'pack' && known !== undefined) {
            cache.pack(key, known, new Wire({}, [Buffer.alloc(size)], size, 0));
          }
          expect(cache.bytes).toBeLessThanOrEqual(12_000);
        }
        for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) cache.delete(key);
        expect([cache.bytes, cache.size]).toEqual([0, 0]);
      }),
    );
  });
});
