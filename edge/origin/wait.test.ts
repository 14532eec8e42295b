import { beforeEach, describe, expect, it, vi } from 'vitest';
import { GRID, partAt, partIndexAt, rendition, SimClock } from '#support';
import { RenditionStore } from './rendition-store.ts';
import { isThere, isTooFar, wantedOf, whenThere } from './wait.ts';

const never = new AbortController().signal;
let store: RenditionStore;
let first: number;
/** The newest segment, which has two parts. */
let msn: number;

beforeEach(() => {
  const clock = new SimClock();
  first = partIndexAt(clock.nowUs());
  store = new RenditionStore(rendition(), clock);
  store.addInit(new Uint8Array([1]));
  for (let i = 0; i < 6; i++) store.append(0, partAt(first + i));
  msn = first / GRID.partsPerSegment + 1;
});

describe('wantedOf', () => {
  it.each<[string, ReturnType<typeof wantedOf>]>([
    ['', undefined],
    ['_HLS_skip=YES', undefined],
    ['_HLS_msn=5', { msn: 5, part: undefined }],
    ['_HLS_msn=5&_HLS_part=0', { msn: 5, part: 0 }],
  ])('reads %j', (query, expected) => {
    expect(wantedOf(new URLSearchParams(query))).toEqual(expected);
  });

  it.each(['_HLS_part=0', '_HLS_msn=-1', '_HLS_msn=1e3', '_HLS_msn=', '_HLS_msn=1&_HLS_part=x'])(
    'refuses %j',
    (query) => {
      expect(() => wantedOf(new URLSearchParams(query))).toThrow(
        expect.objectContaining({ code: 'bad_request' }),
      );
    },
  );
});

describe('isThere and isTooFar', () => {
  // Segment and part, counted from the newest.
  it.each<[number, number | undefined, boolean, boolean]>([
    [-1, undefined, true, false],
    [-1, 3, true, false],
    [-900, undefined, true, false],
    [0, 0, true, false],
    [0, 1, true, false],
    [0, 2, false, false],
    [0, undefined, false, false],
    [1, 0, false, false],
    [1, undefined, false, false],
    [2, 3, false, false],
    [2, 4, false, true],
    [3, 0, false, true],
    [3, undefined, false, true],
    [0, 11, false, false],
    [0, 12, false, true],
    [1_000_000, 0, false, true],
  ])('segment %i, part %s: there %s, too far %s', (ahead, part, there, tooFar) => {
    const wanted = { msn: msn + ahead, part };
    expect(isThere(store, wanted)).toBe(there);
    if (!there) expect(isTooFar(store, wanted)).toBe(tooFar);
  });

  it('a part beyond the end of a complete segment is the first of the next', () => {
    store.append(0, partAt(first + 6));
    store.append(0, partAt(first + 7));
    expect(isThere(store, { msn, part: 4 })).toBe(false);
    store.append(0, partAt(first + 8));
    expect(isThere(store, { msn, part: 4 })).toBe(true);
  });
});

describe('whenThere', () => {
  it('resolves with the part that was waited for, not before', async () => {
    let isDone = false;
    const done = whenThere(store, { msn, part: 3 }, never).then(() => {
      isDone = true;
    });
    store.append(0, partAt(first + 6));
    await Promise.resolve();
    expect(isDone).toBe(false);
    store.append(0, partAt(first + 7));
    await done;
  });

  it('resolves at the end of the rendition, whatever was waited for', async () => {
    const done = whenThere(store, { msn: msn + 1, part: 0 }, never);
    store.end();
    await done;
  });

  it('rejects what lies too far ahead at once', async () => {
    await expect(whenThere(store, { msn: msn + 9, part: 0 }, never)).rejects.toMatchObject({
      code: 'future_part',
      status: 400,
    });
  });

  it('rejects when it does not come within three target durations', async () => {
    vi.useFakeTimers();
    try {
      const done = whenThere(store, { msn, part: 2 }, never);
      const check = expect(done).rejects.toMatchObject({ code: 'unavailable', status: 503 });
      await vi.advanceTimersByTimeAsync(6_000);
      await check;
    } finally {
      vi.useRealTimers();
    }
  });

  it('rejects when the one who waits has gone', async () => {
    const abort = new AbortController();
    const done = whenThere(store, { msn, part: 2 }, abort.signal);
    abort.abort();
    await expect(done).rejects.toMatchObject({ code: 'closed' });
    await expect(whenThere(store, { msn, part: 2 }, abort.signal)).rejects.toMatchObject({
      code: 'closed',
    });
  });
});
