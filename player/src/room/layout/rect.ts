/** A place on the stage, in CSS pixels from its top left corner. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

/** How wide a tile may be to its height. */
export interface Aspects {
  least: number;
  most: number;
}

/** The largest rectangle inside a cell whose aspect is allowed. */
export function within(cell: Size, { least, most }: Aspects): Size {
  const aspect = cell.width / cell.height;
  if (aspect > most) return { width: cell.height * most, height: cell.height };
  if (aspect < least) return { width: cell.width, height: cell.width / least };
  return { width: cell.width, height: cell.height };
}

/** The same size in the middle of an area. */
export const centred = (area: Rect, { width, height }: Size): Rect => ({
  x: area.x + (area.width - width) / 2,
  y: area.y + (area.height - height) / 2,
  width,
  height,
});

/** On whole pixels: tiles stay sharp and the gaps equal. */
export const rounded = ({ x, y, width, height }: Rect): Rect => ({
  x: Math.round(x),
  y: Math.round(y),
  width: Math.floor(width),
  height: Math.floor(height),
});
