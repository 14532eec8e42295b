import { gridRects, pageSize } from './grid.ts';
import { centred, type Rect, rounded, type Size, within } from './rect.ts';

export type View = 'grid' | 'speaker';

export interface Placed {
  id: string;
  rect: Rect;
  /** `main` is what the speaker view is about; `floating` lies above another tile. */
  role: 'grid' | 'main' | 'strip' | 'floating';
}

export interface Arrangement {
  tiles: Placed[];
  page: number;
  pages: number;
}

export interface ArrangeInput {
  view: View;
  area: Size;
  /** All tiles, the most important first; in the speaker view the first is the main one. */
  order: readonly string[];
  /** The viewer's own tile, if it is among them. */
  own?: string | undefined;
  /** A tile whose picture must not be cut: a screen. */
  isWhole: (id: string) => boolean;
  page: number;
}

const GAP = 8;
const NARROW = 560;
/** Narrower than this, names and faces are not legible. */
const LEAST_WIDTH = { narrow: 150, wide: 210 };
const MOST_ON_PAGE = { narrow: 8, wide: 25 };
const WIDE = { least: 4 / 3, most: 16 / 9 };
/** Phones are held upright: a taller picture of a face loses nothing. */
const TALL = { least: 3 / 4, most: 16 / 9 };
const STRIP = { least: 120, most: 240, share: 0.2 };
const FLOATING_SHARE = 0.3;

/** Where every tile of the shown page stands. Pure. */
export function arrange(input: ArrangeInput): Arrangement {
  const { area, order } = input;
  if (order.length === 0 || area.width <= 0 || area.height <= 0) {
    return { tiles: [], page: 0, pages: 1 };
  }
  if (input.view === 'speaker' && order.length > 1) return speaker(input);
  const isNarrow = area.width < NARROW;
  if (isNarrow && order.length === 2 && input.own !== undefined && order.includes(input.own)) {
    return pair(input, input.own);
  }
  return grid(input, isNarrow);
}

function grid({ area, order, page }: ArrangeInput, isNarrow: boolean): Arrangement {
  const options = { gap: GAP, aspects: isNarrow ? TALL : WIDE };
  const kind = isNarrow ? 'narrow' : 'wide';
  const size = pageSize(order.length, MOST_ON_PAGE[kind], LEAST_WIDTH[kind], area, options);
  const shown = pageOf(order, size, page);
  const rects = gridRects(shown.ids.length, { x: 0, y: 0, ...area }, options);
  return { ...shown, tiles: placed(shown.ids, rects, 'grid') };
}

/** Two people on a phone: the other fills it, oneself lies in the corner. */
function pair({ area, order, isWhole }: ArrangeInput, own: string): Arrangement {
  const other = order.find((id) => id !== own) ?? own;
  const whole = { x: 0, y: 0, ...area };
  const main = isWhole(other) ? whole : centred(whole, within(area, { least: 0.4, most: 16 / 9 }));
  const width = area.width * FLOATING_SHARE;
  const height = width / TALL.least;
  return {
    tiles: [
      { id: other, rect: rounded(main), role: 'main' },
      {
        id: own,
        rect: rounded({
          x: area.width - width - GAP,
          y: area.height - height - GAP,
          width,
          height,
        }),
        role: 'floating',
      },
    ],
    page: 0,
    pages: 1,
  };
}

function speaker({ area, order, isWhole, page }: ArrangeInput): Arrangement {
  const [first = '', ...rest] = order;
  const isBeside = area.width > area.height * 1.2;
  const along = isBeside ? area.height : area.width;
  const across = isBeside ? area.width : area.height;
  const thickness = Math.min(STRIP.most, Math.max(STRIP.least, across * STRIP.share));
  const tile = isBeside
    ? { width: thickness, height: thickness / WIDE.most }
    : { width: thickness * WIDE.least, height: thickness };
  const length = isBeside ? tile.height : tile.width;
  const fits = Math.max(1, Math.floor((along + GAP) / (length + GAP)));
  const shown = pageOf(rest, fits, page);
  const used = shown.ids.length * (length + GAP) - GAP;
  const begin = (along - used) / 2;
  const rects = shown.ids.map((_, i) => {
    const at = begin + i * (length + GAP);
    return rounded(
      isBeside
        ? { x: area.width - tile.width, y: at, ...tile }
        : { x: at, y: area.height - tile.height, ...tile },
    );
  });
  const room: Rect = isBeside
    ? { x: 0, y: 0, width: area.width - thickness - GAP, height: area.height }
    : { x: 0, y: 0, width: area.width, height: area.height - thickness - GAP };
  const main = isWhole(first) ? room : centred(room, within(room, TALL));
  return {
    ...shown,
    tiles: [{ id: first, rect: rounded(main), role: 'main' }, ...placed(shown.ids, rects, 'strip')],
  };
}

const placed = (ids: readonly string[], rects: readonly Rect[], role: Placed['role']): Placed[] =>
  ids.flatMap((id, i) => {
    const rect = rects[i];
    return rect === undefined ? [] : [{ id, rect, role }];
  });

function pageOf(order: readonly string[], size: number, wanted: number) {
  const pages = Math.max(1, Math.ceil(order.length / size));
  const page = Math.min(Math.max(0, wanted), pages - 1);
  return { ids: order.slice(page * size, (page + 1) * size), page, pages };
}
