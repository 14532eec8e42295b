import type { StageLayout } from '#contracts';

/** Where people stand on a stage: rectangles on a canvas. Pure. */

export interface Size {
  width: number;
  height: number;
}

/** In pixels; all even, as 4:2:0 pictures want. */
export interface Tile extends Size {
  x: number;
  y: number;
}

/** Of the canvas's shorter side, between tiles. */
const GAP = 1 / 90;
/** What the one who speaks gets of the canvas, where others are shown beside. */
const SPEAKER_SHARE = 0.78;
/** Others beside the speaker at most; who comes after them is heard only. */
const BESIDE_AT_MOST = 5;
const ASPECT = 16 / 9;

/**
 * The tiles of the first so many people. There may be fewer tiles than people:
 * who has none is not shown.
 */
export function tilesOf(layout: StageLayout, people: number, canvas: Size): Tile[] {
  if (people <= 0) return [];
  if (people === 1) return [{ x: 0, y: 0, width: even(canvas.width), height: even(canvas.height) }];
  return layout === 'speaker' ? speaker(people, canvas) : grid(people, canvas);
}

/** The columns that make tiles largest; the last row stands in the middle. */
function grid(people: number, canvas: Size): Tile[] {
  const gap = even(Math.min(canvas.width, canvas.height) * GAP);
  let best = { columns: 1, width: 0 };
  for (let columns = 1; columns <= people; columns++) {
    const rows = Math.ceil(people / columns);
    const across = (canvas.width - gap * (columns + 1)) / columns;
    const down = (canvas.height - gap * (rows + 1)) / rows;
    const width = Math.min(across, down * ASPECT);
    if (width > best.width) best = { columns, width };
  }
  const { columns } = best;
  const rows = Math.ceil(people / columns);
  const width = Math.max(2, even(best.width));
  const height = Math.max(2, even(best.width / ASPECT));
  const top = even((canvas.height - rows * height - (rows - 1) * gap) / 2);
  return Array.from({ length: people }, (_, i) => {
    const row = Math.floor(i / columns);
    const inRow = row === rows - 1 ? people - row * columns : columns;
    const left = even((canvas.width - inRow * width - (inRow - 1) * gap) / 2);
    return {
      x: left + (i % columns) * (width + gap),
      y: top + row * (height + gap),
      width,
      height,
    };
  });
}

/** The first one large, the others in a column beside. */
function speaker(people: number, canvas: Size): Tile[] {
  const gap = even(Math.min(canvas.width, canvas.height) * GAP);
  const others = Math.min(people - 1, BESIDE_AT_MOST);
  const wide = even(canvas.width * SPEAKER_SHARE - 2 * gap);
  const width = Math.min(wide, even((canvas.height - 2 * gap) * ASPECT));
  const height = even(width / ASPECT);
  const large = { x: gap, y: even((canvas.height - height) / 2), width, height };
  const smallWidth = even(
    Math.min(
      canvas.width - width - 3 * gap,
      ((canvas.height - gap * (others + 1)) / others) * ASPECT,
    ),
  );
  const smallHeight = even(smallWidth / ASPECT);
  const top = even((canvas.height - others * smallHeight - (others - 1) * gap) / 2);
  const small = Array.from({ length: others }, (_, i) => ({
    x: even(width + 2 * gap),
    y: top + i * (smallHeight + gap),
    width: smallWidth,
    height: smallHeight,
  }));
  return [large, ...small];
}

const even = (n: number): number => Math.floor(n / 2) * 2;
