import type { Playback } from '../playback.ts';
import { toggleFullscreen } from './screen.ts';

const DOUBLE_MS = 280;
const DOUBLE_TAP_SECONDS = 10;
/** Share of the width on either side where a double tap seeks. */
const SIDE_SHARE = 0.35;

/** A click on the picture plays or pauses, two make it full screen; a tap shows the controls, two at a side seek. */
export function bindGestures(playback: Playback, root: HTMLElement): () => void {
  const { player, video } = playback;
  let last: { at: number; x: number } | undefined;
  let single: ReturnType<typeof setTimeout> | undefined;

  const onPicture = (event: PointerEvent): boolean =>
    event.target === video ||
    (event.target instanceof Element &&
      event.target.matches('.amphi-front, .amphi-freeze, .vjs-text-track-display'));

  const touched = (event: PointerEvent, double: boolean) => {
    const box = root.getBoundingClientRect();
    const share = (event.clientX - box.left) / Math.max(1, box.width);
    const side = share < SIDE_SHARE ? -1 : share > 1 - SIDE_SHARE ? 1 : 0;
    if (double && side !== 0) playback.follower.seekBy(side * DOUBLE_TAP_SECONDS);
    else player.userActive(!player.userActive());
  };

  const listener = (event: PointerEvent) => {
    if (!onPicture(event) || event.button !== 0) return;
    const now = performance.now();
    const double =
      last !== undefined && now - last.at < DOUBLE_MS && Math.abs(event.clientX - last.x) < 40;
    last = double ? undefined : { at: now, x: event.clientX };
    clearTimeout(single);
    if (event.pointerType !== 'mouse') touched(event, double);
    else if (double) toggleFullscreen(playback);
    else single = setTimeout(() => playback.togglePlay(), DOUBLE_MS);
  };
  root.addEventListener('pointerup', listener);
  return () => {
    clearTimeout(single);
    root.removeEventListener('pointerup', listener);
  };
}
