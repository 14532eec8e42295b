import { describe, expect, it } from 'vitest';
import { type ArrangeInput, arrange } from './arrange.ts';
import { gridRects, pack, pageSize } from './grid.ts';
import { orderTiles, speakersForward, type TileSource } from './order.ts';
import type { Rect } from './rect.ts';

const OPTIONS = { gap: 8, aspects: { least: 4 / 3, most: 16 / 9 } };
const VIEWPORTS = [
  [1280, 720],
  [1920, 960],
  [390, 700],
  [844, 330],
  [320, 480],
] as const;

const overlap = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe('gridRects', () => {
  it.each(VIEWPORTS)('fill %d x %d with any number without touching or leaving it', (w, h) => {
    for (let count = 1; count <= 49; count++) {
      const rects = gridRects(count, { x: 0, y: 0, width: w, height: h }, OPTIONS);
      expect(rects).toHaveLength(count);
      const outside = rects.filter(
        (r) => r.x < 0 || r.y < 0 || r.x + r.width > w || r.y + r.height > h,
      );
      const empty = rects.filter((r) => r.width <= 0 || r.height <= 0);
      const touching = rects.filter((r, i) => rects.slice(i + 1).some((o) => overlap(r, o)));
      expect({ outside, empty, touching }).toEqual({ outside: [], empty: [], touching: [] });
    }
  });

  it('stand as people expect them', () => {
    const columns = (count: number) => pack(count, { width: 1280, height: 720 }, OPTIONS).columns;
    expect([1, 2, 3, 4, 5, 9, 12].map(columns)).toEqual([1, 2, 2, 2, 3, 3, 4]);
    expect(pack(2, { width: 390, height: 700 }, OPTIONS).columns).toBe(1);
  });

  it('centre a last row that is not full', () => {
    const [a, b, c] = gridRects(3, { x: 0, y: 0, width: 1280, height: 720 }, OPTIONS);
    const middle = ({ x, width }: Rect) => x + width / 2;
    const above = (middle(a as Rect) + middle(b as Rect)) / 2;
    expect(Math.abs(middle(c as Rect) - above)).toBeLessThan(1);
  });
});

describe('pageSize', () => {
  it('takes no more than fit at the least width, and one at least', () => {
    const area = { width: 1280, height: 720 };
    expect(pageSize(12, 25, 210, area, OPTIONS)).toBe(12);
    expect(pageSize(100, 25, 210, area, OPTIONS)).toBe(25);
    expect(pageSize(100, 25, 300, area, OPTIONS)).toBe(16);
    expect(pageSize(9, 25, 5_000, area, OPTIONS)).toBe(1);
  });
});

const input = (change: Partial<ArrangeInput>): ArrangeInput => ({
  view: 'grid',
  area: { width: 1280, height: 720 },
  order: ['a', 'b', 'c'],
  isWhole: () => false,
  page: 0,
  ...change,
});

describe('arrange', () => {
  const many = Array.from({ length: 30 }, (_, i) => `p${i}`);

  it('pages a grid that does not within, and comes back from a page that is gone', () => {
    expect(arrange(input({ order: many }))).toMatchObject({ page: 0, pages: 2 });
    const last = arrange(input({ order: many, page: 7 }));
    expect(last.page).toBe(1);
    expect(last.tiles.map(({ id }) => id)).toEqual(many.slice(25));
  });

  it.each(VIEWPORTS)('gives the main tile of the speaker view most of %d x %d', (width, height) => {
    const { tiles } = arrange(
      input({ view: 'speaker', order: many, area: { width, height }, isWhole: () => true }),
    );
    const [main, ...strip] = tiles;
    expect(main?.role).toBe('main');
    const area = ({ rect }: { rect: Rect }) => rect.width * rect.height;
    expect(area(main as never)).toBeGreaterThan(width * height * 0.5);
    expect(strip.length).toBeGreaterThan(0);
    for (const [i, tile] of tiles.entries()) {
      for (const other of tiles.slice(i + 1)) expect(overlap(tile.rect, other.rect)).toBe(false);
    }
  });

  it('lays oneself over the other one on a phone', () => {
    const area = { width: 390, height: 640 };
    const { tiles } = arrange(input({ order: ['me', 'you'], own: 'me', area }));
    expect(tiles.map(({ id, role }) => [id, role])).toEqual([
      ['you', 'main'],
      ['me', 'floating'],
    ]);
  });

  it('shows nothing where there is no room or nobody', () => {
    expect(arrange(input({ order: [] })).tiles).toEqual([]);
    expect(arrange(input({ area: { width: 0, height: 5 } })).tiles).toEqual([]);
  });
});

const tile = (id: string, change: Partial<TileSource> = {}): TileSource => ({
  id,
  participantId: id,
  kind: 'camera',
  isOwn: false,
  since: 0,
  lastSpoke: 0,
  hasPicture: true,
  ...change,
});

describe('orderTiles', () => {
  const own = tile('own', { isOwn: true, since: 1 });
  const a = tile('a', { since: 2 });
  const b = tile('b', { since: 3, lastSpoke: 9 });
  const screen = tile('s', { kind: 'screen', since: 4 });

  it.each([
    ['grid', [a, b, own], undefined, 'own a b'],
    ['grid', [a, b, own], 'b', 'b own a'],
    ['grid', [a, own, screen, b], undefined, 's own a b'],
    ['speaker', [own, a, b], undefined, 'b a own'],
    ['speaker', [own, a, b, screen], undefined, 's a b own'],
    ['speaker', [own, a, b, screen], 'own', 'own s a b'],
    ['speaker', [own], undefined, 'own'],
  ] as const)('in the %s view', (view, tiles, pinned, order) => {
    expect(orderTiles(tiles, view, pinned).join(' ')).toBe(order);
  });
});

describe('speakersForward', () => {
  const spoke: Record<string, number> = { d: 5, c: 3 };
  const forward = (fixed: string) =>
    speakersForward(
      ['a', 'b', 'c', 'd'],
      2,
      (id) => spoke[id] ?? 0,
      (id) => id === fixed,
    ).join('');

  it('exchanges who speaks for who is silent, and moves nobody else', () => {
    expect(forward('a')).toBe('adcb');
    expect(forward('')).toBe('dcba');
  });
});
