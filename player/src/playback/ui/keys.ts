import type { Playback } from '../playback.ts';
import { type Command, commandFor, type KeyTarget } from '../shortcuts.ts';
import { SPEEDS } from './settings.ts';

export interface KeyActions {
  toggleCaptions(): void;
  toggleStats(): void;
  toggleHelp(): void;
  toggleFullscreen(): void;
  togglePictureInPicture(): void;
  /** Something happened without a pointer: show the controls for a moment. */
  wake(): void;
}

/** Carries out keyboard shortcuts, wherever on the page the key was pressed. */
export function bindKeys(playback: Playback, actions: KeyActions): () => void {
  const listener = (event: KeyboardEvent) => {
    if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) {
      // The help sheet closes with the key that opens it.
      if (event.key === '?') actions.toggleHelp();
      return;
    }
    const command = commandFor(event, targetOf(event.target));
    if (command === undefined) return;
    event.preventDefault();
    actions.wake();
    run(command, playback, actions);
  };
  document.addEventListener('keydown', listener);
  return () => document.removeEventListener('keydown', listener);
}

function targetOf(target: EventTarget | null): KeyTarget {
  if (!(target instanceof HTMLElement)) return 'page';
  if (target.closest('input, textarea, select, [contenteditable]') !== null) return 'text';
  if (target.closest('[role="menu"]') !== null) return 'menu';
  if (target.closest('[role="slider"]') !== null) return 'slider';
  if (target.closest('button, a, [role="button"]') !== null) return 'button';
  return 'page';
}

function run(command: Command, playback: Playback, actions: KeyActions): void {
  const { follower, video } = playback;
  switch (command.do) {
    case 'toggle-play':
      playback.togglePlay();
      break;
    case 'toggle-mute':
      video.muted = !video.muted;
      break;
    case 'volume-by':
      video.volume = Math.min(1, Math.max(0, video.volume + command.share));
      video.muted = video.volume === 0;
      break;
    case 'seek-by':
      follower.seekBy(command.seconds);
      break;
    case 'seek-to-share': {
      const window = follower.windowMs;
      if (window !== undefined) {
        follower.seekTo(window.start + command.share * (window.end - window.start));
      }
      break;
    }
    case 'go-live':
      follower.goLive();
      playback.resume();
      break;
    case 'step':
      playback.step(command.frames);
      break;
    case 'speed': {
      const at = SPEEDS.findIndex((speed) => speed === follower.speed);
      const next = SPEEDS[at + command.direction];
      if (at >= 0 && next !== undefined && (next <= 1 || !playback.following)) {
        follower.setSpeed(next);
      }
      break;
    }
    case 'toggle-fullscreen':
      actions.toggleFullscreen();
      break;
    case 'toggle-captions':
      actions.toggleCaptions();
      break;
    case 'toggle-picture-in-picture':
      actions.togglePictureInPicture();
      break;
    case 'toggle-stats':
      actions.toggleStats();
      break;
    case 'toggle-help':
      actions.toggleHelp();
      break;
  }
}
