import { describe, expect, it } from 'vitest';
import type { StageLayout } from '#contracts';
import { type Tile, tilesOf } from './layout.ts';

const CANVAS = { width: 1280, height: 720 };

const overlap = (a: Tile, b: Tile) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe.each<StageLayout>(['grid', 'speaker'])('tilesOf %s', (layout) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 9, 12, 16])('places %i people inside, apart and even', (people) => {
    const tiles = tilesOf(layout, people, CANVAS);
    for (const [i, tile] of tiles.entries()) {
      expect(tile.x).toBeGreaterThanOrEqual(0);
      expect(tile.y).toBeGreaterThanOrEqual(0);
      expect(tile.x + tile.width).toBeLessThanOrEqual(CANVAS.width);
      expect(tile.y + tile.height).toBeLessThanOrEqual(CANVAS.height);
      expect(tile.width * tile.height).toBeGreaterThan(64 * 36);
      for (const side of [tile.x, tile.y, tile.width, tile.height]) expect(side % 2).toBe(0);
      for (const other of tiles.slice(i + 1)) expect(overlap(tile, other)).toBe(false);
    }
  });

  it('gives one person the whole canvas, and nobody nothing', () => {
    expect(tilesOf(layout, 1, CANVAS)).toEqual([{ x: 0, y: 0, ...CANVAS }]);
    expect(tilesOf(layout, 0, CANVAS)).toEqual([]);
  });
});

it('shows all of a grid, in two columns of two for four', () => {
  const tiles = tilesOf('grid', 4, CANVAS);
  expect(new Set(tiles.map(({ x }) => x)).size).toBe(2);
  expect(new Set(tiles.map(({ y }) => y)).size).toBe(2);
  expect(tilesOf('grid', 16, CANVAS)).toHaveLength(16);
});

it('puts the last row of a grid in the middle', () => {
  const [, , last] = tilesOf('grid', 3, CANVAS);
  const middle = (last?.x ?? 0) + (last?.width ?? 0) / 2;
  expect(Math.abs(middle - CANVAS.width / 2)).toBeLessThanOrEqual(1);
});

it('makes the speaker the largest, and shows five others at most', () => {
  const [large, ...small] = tilesOf('speaker', 9, CANVAS);
  expect(small).toHaveLength(5);
  for (const { width } of small) expect(width * 3).toBeLessThan(large?.width ?? 0);
});
