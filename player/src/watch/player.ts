import { Climb, Playback, type Preflight, Skin } from '../playback/index.ts';

export function openPlayer(host: HTMLElement, preflight: Preflight): Playback {
  const playback = new Playback({ host, preflight, autoplay: true, muted: false });
  new Climb(playback);
  new Skin(playback, { header: 'fullscreen' });
  // For the console, and for tests that look behind the picture.
  Object.assign(host, { playback });
  return playback;
}
