import { MousePointer2 } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { announce } from '../../ui/announce.ts';
import type { RoomSession } from '../room-session.ts';
import { nameOf, type RoomState } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import './pointer.css';

const STEP = 0.01;
const LONG_STEP = 0.1;
const WAYS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export interface ScreenPointersProps {
  session: RoomSession;
  state: RoomState;
  /** Whose screen it is. */
  on: string;
  /** As in `Ada’s screen`. */
  screen: string;
}

/** The pointers on one shared screen, and the button to point there oneself. */
export function ScreenPointers({ session, state, on, screen }: ScreenPointersProps) {
  const { pointers, selfId } = session;
  const shown = useStore(pointers.shown);
  const isPointing = useStore(pointers.own) === on;
  const isReady = useStore(pointers.isReady);
  const area = useRef<HTMLDivElement>(null);
  const ratio = useRatio(area);
  const hint = useId();
  // A screen that is shared no more is not pointed on.
  useEffect(
    () => () => {
      if (pointers.own.get() === on) pointers.stop();
    },
    [pointers, on],
  );

  const toggle = () => {
    if (isPointing) pointers.stop();
    else if (isReady) pointers.start(on);
    else return;
    announce(isPointing ? 'Pointer off' : 'Pointer on. The arrow keys move it.');
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const way = WAYS[event.key];
    if (!isPointing || (way === undefined && event.key !== 'Escape')) return;
    event.preventDefault();
    event.stopPropagation();
    if (way === undefined) {
      toggle();
      return;
    }
    const step = event.shiftKey ? LONG_STEP : STEP;
    pointers.moveBy(way[0] * step, way[1] * step);
  };
  const onMove = ({ clientX, clientY }: React.PointerEvent) => {
    const box = area.current?.getBoundingClientRect();
    if (!isPointing || box === undefined || box.width === 0 || box.height === 0) return;
    pointers.move((clientX - box.left) / box.width, (clientY - box.top) / box.height);
  };

  const keep = (event: React.TouchEvent) => event.stopPropagation();
  const label = isPointing ? `Stop pointing on ${screen}` : `Point on ${screen}`;
  return (
    <>
      <div
        ref={area}
        className="pointer-area"
        data-pointing={isPointing || undefined}
        style={{ '--ratio': ratio } as React.CSSProperties}
        onPointerDown={onMove}
        onPointerMove={onMove}
        // A finger that points turns no pages.
        onTouchStart={keep}
        onTouchEnd={keep}
      >
        {shown
          .filter((pointer) => pointer.on === on)
          .map(({ by, x, y }) => (
            <span
              key={by}
              className="pointer"
              data-own={by === selfId || undefined}
              data-left={x > 0.8 || undefined}
              style={{ left: `${x * 100}%`, top: `${y * 100}%` }}
            >
              <bdi className="pointer-name">{by === selfId ? 'You' : nameOf(state, by)}</bdi>
            </span>
          ))}
      </div>
      <button
        type="button"
        className="tile-pin tile-point"
        aria-pressed={isPointing}
        aria-label={label}
        aria-disabled={!isReady && !isPointing}
        aria-describedby={hint}
        title={isReady ? label : 'Nobody is connected yet'}
        onClick={toggle}
        onKeyDown={onKeyDown}
      >
        <MousePointer2 size={16} aria-hidden="true" />
        <span id={hint} hidden>
          {isReady
            ? 'The arrow keys move the pointer, with Shift in longer steps. Escape ends it.'
            : 'Nobody is connected yet.'}
        </span>
      </button>
    </>
  );
}

const USUAL_RATIO = 16 / 9;

/** Width by height of the picture in the same tile. */
function useRatio(ref: React.RefObject<HTMLElement | null>): number {
  const [ratio, setRatio] = useState(USUAL_RATIO);
  useEffect(() => {
    const tile = ref.current?.parentElement;
    if (tile === null || tile === undefined) return;
    const measure = () => {
      const sizes = [...tile.querySelectorAll('video')].filter(({ hidden }) => !hidden);
      const video = sizes.find(({ videoWidth }) => videoWidth > 0);
      if (video !== undefined) setRatio(video.videoWidth / video.videoHeight);
    };
    measure();
    const events = ['resize', 'loadedmetadata', 'playing'] as const;
    // They do not bubble.
    for (const event of events) tile.addEventListener(event, measure, true);
    return () => {
      for (const event of events) tile.removeEventListener(event, measure, true);
    };
  }, [ref]);
  return ratio;
}
