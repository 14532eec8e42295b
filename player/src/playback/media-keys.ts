import type { Playback } from './playback.ts';

/** Lets the system's media keys, headphones and lock screens drive the player. */
export function bindMediaKeys(playback: Playback): void {
  if (!('mediaSession' in navigator)) return;
  const session = navigator.mediaSession;
  const bind = (action: MediaSessionAction, handler: MediaSessionActionHandler) => {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // This browser does not know that key.
    }
  };
  bind('play', () => playback.resume());
  bind('pause', () => playback.pause());
  bind('seekbackward', ({ seekOffset }) => playback.follower.seekBy(-(seekOffset ?? 10)));
  bind('seekforward', ({ seekOffset }) => playback.follower.seekBy(seekOffset ?? 10));
  playback.on('info', ({ title }) => {
    if (session.metadata?.title === title) return;
    const poster = playback.play?.poster;
    session.metadata = new MediaMetadata({
      title,
      artist: 'Amphi',
      ...(poster === undefined ? {} : { artwork: [{ src: playback.wire.addressed(poster) }] }),
    });
  });
}
