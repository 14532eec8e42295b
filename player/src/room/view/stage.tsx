import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { arrange, type View } from '../layout/arrange.ts';
import { orderTiles, speakersForward, type TileSource } from '../layout/order.ts';
import type { Size } from '../layout/rect.ts';
import { ScreenPointers } from '../pointer/screen-pointers.tsx';
import type { RoomSession } from '../room-session.ts';
import { personOf, type RoomState, raisedHands } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import { Tile } from './tile.tsx';
import './stage.css';

const WIDEST_FRONT = 25;
const NARROWEST_FRONT = 8;
const NARROW = 560;
const SWIPE = 60;

export interface StageProps {
  session: RoomSession;
  view: View;
  isAudioOnly: boolean;
  pinned: string | undefined;
  onPin: (tile: string | undefined) => void;
}

/** Everybody's tiles, arranged for the space there is. */
export function Stage({ session, view, isAudioOnly, pinned, onPin }: StageProps) {
  const host = useRef<HTMLDivElement>(null);
  const area = useArea(host);
  const state = useStore(session.state);
  const speaking = useStore(session.monitor.speaking);
  const quality = useStore(session.monitor.quality);
  const { tracks } = useStore(session.local.store);
  useStore(session.mediaVersion);
  const [page, setPage] = useState(0);

  const tiles = tilesOf(state, speaking.lastSpoke);
  const kinds = new Map(tiles.map((tile) => [tile.id, tile]));
  const ordered = orderTiles(tiles, view, pinned);
  const spoke = (id: string) => kinds.get(id)?.lastSpoke ?? 0;
  const isFixed = (id: string) =>
    id === pinned || kinds.get(id)?.kind === 'screen' || kinds.get(id)?.isOwn === true;
  const front = area.width < NARROW ? NARROWEST_FRONT : WIDEST_FRONT;
  const order = view === 'grid' ? speakersForward(ordered, front, spoke, isFixed) : ordered;
  const arrangement = arrange({
    view,
    area,
    order,
    own: session.selfId,
    isWhole: (id) => kinds.get(id)?.kind === 'screen',
    page,
  });
  const hands = raisedHands(state).map(({ participantId }) => participantId);
  const trackOf = (tile: TileSource) => {
    if (isAudioOnly && !tile.isOwn && tile.kind === 'camera') return undefined;
    if (!tile.hasPicture) return undefined;
    if (tile.isOwn) return tracks[tile.kind];
    const { shown } = session.remote.get(tile.participantId, tile.kind);
    return shown?.muted === false ? shown : undefined;
  };

  const shown = arrangement.tiles.flatMap(({ id, rect }) => {
    const tile = kinds.get(id);
    if (tile === undefined || tile.isOwn || (isAudioOnly && tile.kind === 'camera')) return [];
    const ratio = devicePixelRatio;
    return {
      participantId: tile.participantId,
      media: tile.kind,
      width: Math.round(rect.width * ratio),
      height: Math.round(rect.height * ratio),
    };
  });
  const shownKey = JSON.stringify(shown);
  useEffect(() => session.setShown(JSON.parse(shownKey)), [session, shownKey]);

  const swipe = useSwipe((by) => setPage(arrangement.page + by));
  return (
    <section className="stage" aria-label="People and screens" {...swipe}>
      <div className="stage-area" ref={host}>
        <ul className="stage-tiles">
          {arrangement.tiles.map((placed) => {
            const tile = kinds.get(placed.id);
            const person = tile && personOf(state, tile.participantId);
            if (tile === undefined || person === undefined) return null;
            const hand = hands.indexOf(tile.participantId);
            return (
              <Tile
                key={placed.id}
                placed={placed}
                kind={tile.kind}
                person={person}
                isOwn={tile.isOwn}
                isSpeaking={speaking.now.includes(tile.participantId)}
                isPinned={placed.id === pinned}
                hand={hand < 0 ? undefined : hand + 1}
                track={trackOf(tile)}
                quality={quality[tile.participantId]}
                onPin={() => onPin(placed.id === pinned ? undefined : placed.id)}
              >
                {tile.kind === 'screen' && (
                  <ScreenPointers
                    session={session}
                    state={state}
                    on={tile.participantId}
                    screen={tile.isOwn ? 'your screen' : `${person.displayName}’s screen`}
                  />
                )}
              </Tile>
            );
          })}
        </ul>
      </div>
      {arrangement.pages > 1 && (
        <nav className="stage-pages" aria-label="Pages of people">
          <button
            type="button"
            aria-label="Previous page"
            disabled={arrangement.page === 0}
            onClick={() => setPage(arrangement.page - 1)}
          >
            <ChevronLeft size={18} aria-hidden="true" />
          </button>
          <span>
            {arrangement.page + 1} / {arrangement.pages}
          </span>
          <button
            type="button"
            aria-label="Next page"
            disabled={arrangement.page === arrangement.pages - 1}
            onClick={() => setPage(arrangement.page + 1)}
          >
            <ChevronRight size={18} aria-hidden="true" />
          </button>
        </nav>
      )}
    </section>
  );
}

/** One tile for each person, and one for each shared screen. */
function tilesOf(state: RoomState, lastSpoke: Readonly<Record<string, number>>): TileSource[] {
  const { self, people } = state;
  if (self === undefined) return [];
  const here = Object.values(people).filter(({ breakoutId }) => breakoutId === self.breakoutId);
  return [self, ...here].flatMap((person): TileSource[] => {
    const { participantId, joinedAt, video, screen } = person;
    const shared = {
      participantId,
      isOwn: person === self,
      lastSpoke: lastSpoke[participantId] ?? 0,
      since: joinedAt,
    };
    return [
      { ...shared, id: participantId, kind: 'camera', hasPicture: video },
      ...(screen
        ? [{ ...shared, id: `${participantId} screen`, kind: 'screen' as const, hasPicture: true }]
        : []),
    ];
  });
}

function useArea(ref: React.RefObject<HTMLElement | null>): Size {
  const [area, setArea] = useState<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const { current } = ref;
    if (current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const { width, height } = entry.contentRect;
      setArea({ width, height });
    });
    observer.observe(current);
    return () => observer.disconnect();
  }, [ref]);
  return area;
}

/** Turns pages by a finger. */
function useSwipe(onTurn: (by: 1 | -1) => void) {
  const from = useRef<number | undefined>(undefined);
  return useMemo(
    () => ({
      onTouchStart: (event: React.TouchEvent) => {
        from.current = event.touches.length === 1 ? event.touches[0]?.clientX : undefined;
      },
      onTouchEnd: (event: React.TouchEvent) => {
        const end = event.changedTouches[0]?.clientX;
        if (from.current === undefined || end === undefined) return;
        const way = end - from.current;
        if (Math.abs(way) > SWIPE) onTurn(way < 0 ? 1 : -1);
      },
    }),
    [onTurn],
  );
}
