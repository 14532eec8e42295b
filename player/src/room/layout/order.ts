/** What stands on a tile: somebody's camera, or a screen that is shared. */
export interface TileSource {
  id: string;
  participantId: string;
  kind: 'camera' | 'screen';
  isOwn: boolean;
  /** When somebody came or a screen appeared; ties keep their order. */
  since: number;
  /** When the person was last heard, 0 for never. Milliseconds of any clock. */
  lastSpoke: number;
  hasPicture: boolean;
}

/**
 * The order in which tiles stand: what is pinned, screens, then people. In the
 * grid people keep their places; in the speaker view the last speaker, other
 * than oneself, leads.
 */
export function orderTiles(
  tiles: readonly TileSource[],
  view: 'grid' | 'speaker',
  pinned: string | undefined,
): string[] {
  const rank = (tile: TileSource) => (tile.id === pinned ? 0 : tile.kind === 'screen' ? 1 : 2);
  const sorted = [...tiles].sort(
    (a, b) => rank(a) - rank(b) || Number(a.isOwn) - Number(b.isOwn) || a.since - b.since,
  );
  if (view === 'grid') {
    // Oneself first in the grid: it never moves when others come.
    const own = sorted.findIndex((tile) => tile.isOwn && tile.kind === 'camera');
    const ids = sorted.map(({ id }) => id);
    const heads = sorted.filter((tile) => rank(tile) < 2).length;
    if (own > heads) ids.splice(heads, 0, ...ids.splice(own, 1));
    return ids;
  }
  const [first] = sorted;
  if (first === undefined || rank(first) < 2) return sorted.map(({ id }) => id);
  const others = sorted.filter(({ isOwn }) => !isOwn);
  const lead = others.reduce<TileSource | undefined>(
    (best, tile) => (best === undefined || tile.lastSpoke > best.lastSpoke ? tile : best),
    undefined,
  );
  if (lead === undefined) return sorted.map(({ id }) => id);
  return [lead.id, ...sorted.filter(({ id }) => id !== lead.id).map(({ id }) => id)];
}

/**
 * Brings who speaks onto the first page, in the place of the one there who has
 * been silent longest; everybody else keeps their place. `order` is the whole
 * grid, `size` how many of it the first page takes.
 */
export function speakersForward(
  order: readonly string[],
  size: number,
  lastSpoke: (id: string) => number,
  isFixed: (id: string) => boolean,
): string[] {
  if (order.length <= size) return [...order];
  const front = order.slice(0, size);
  const back = order.slice(size);
  const bySilence = (a: string, b: string) => lastSpoke(a) - lastSpoke(b);
  const loud = [...back].filter((id) => lastSpoke(id) > 0).sort((a, b) => bySilence(b, a));
  for (const id of loud) {
    const [quietest] = front.filter((one) => !isFixed(one)).sort(bySilence);
    if (quietest === undefined || lastSpoke(quietest) >= lastSpoke(id)) break;
    front[front.indexOf(quietest)] = id;
    back[back.indexOf(id)] = quietest;
  }
  return [...front, ...back];
}
