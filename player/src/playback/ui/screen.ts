import type { Playback } from '../playback.ts';

/** Full screen of the whole player; on iPhones, which know it for the video element alone, of that. */
export function toggleFullscreen({ player, video }: Playback): void {
  if (player.isFullscreen()) {
    player.exitFullscreen();
  } else if (!document.fullscreenEnabled && 'webkitEnterFullscreen' in video) {
    (video.webkitEnterFullscreen as () => void)();
  } else {
    player.requestFullscreen();
  }
}

export function togglePictureInPicture({ video }: Playback): void {
  if (!document.pictureInPictureEnabled) return;
  const done =
    document.pictureInPictureElement === video
      ? document.exitPictureInPicture()
      : video.requestPictureInPicture();
  // Refused without a gesture, or before there is a picture: nothing to tell.
  done.catch(() => {});
}
