import { type Aspects, type Rect, rounded, type Size, within } from './rect.ts';

export interface GridOptions {
  gap: number;
  aspects: Aspects;
}

interface Packing {
  columns: number;
  rows: number;
  tile: Size;
}

/** Columns and rows that give `count` equal tiles the largest area inside `area`. */
export function pack(count: number, area: Size, { gap, aspects }: GridOptions): Packing {
  let best: Packing = { columns: 1, rows: Math.max(1, count), tile: { width: 0, height: 0 } };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cell = {
      width: (area.width - gap * (columns - 1)) / columns,
      height: (area.height - gap * (rows - 1)) / rows,
    };
    if (cell.width <= 0 || cell.height <= 0) continue;
    const tile = within(cell, aspects);
    if (tile.width * tile.height > best.tile.width * best.tile.height) {
      best = { columns, rows, tile };
    }
  }
  return best;
}

/** Places for `count` tiles in reading order; a last row that is not full stands in the middle. */
export function gridRects(count: number, area: Rect, options: GridOptions): Rect[] {
  const { columns, rows, tile } = pack(count, area, options);
  const { gap } = options;
  const top = area.y + (area.height - rows * tile.height - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = area.x + (area.width - inRow * tile.width - (inRow - 1) * gap) / 2;
    return rounded({
      x: left + (i % columns) * (tile.width + gap),
      y: top + row * (tile.height + gap),
      ...tile,
    });
  });
}

/** How many of `count` tiles one page takes, none of them narrower than `leastWidth`; at least one. */
export function pageSize(
  count: number,
  most: number,
  leastWidth: number,
  area: Size,
  options: GridOptions,
): number {
  for (let size = Math.min(count, most); size > 1; size--) {
    if (pack(size, area, options).tile.width >= leastWidth) return size;
  }
  return 1;
}
