import { type ReactNode, useEffect, useRef, useState } from 'react';
import './picture.css';

/**
 * Shows a track, from its first picture on: until then `placeholder` stands
 * there. When another track takes its place, the old one stays until the new
 * one has a picture.
 */
export function Picture({
  track,
  isMirrored = false,
  isWhole = false,
  label,
  placeholder,
}: {
  track: MediaStreamTrack;
  isMirrored?: boolean;
  /** Nothing of it is cut off: a screen. */
  isWhole?: boolean;
  label: string;
  placeholder?: ReactNode;
}) {
  const [isShown, setShown] = useState(false);
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = host;
    if (current === null) return;
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    video.setAttribute('aria-label', label);
    video.srcObject = new MediaStream([track]);
    const before = [...current.children];
    video.hidden = true;
    const onFirst = () => {
      video.hidden = false;
      setShown(true);
      for (const old of before) take(old);
    };
    current.append(video);
    whenShown(video, onFirst);
    video.play().catch(() => {});
    return () => {
      // While the page has a place for it, the last picture stays until the next one is there.
      if (current.isConnected) return;
      for (const one of [...current.children]) take(one);
    };
  }, [track, label]);
  return (
    <>
      {!isShown && placeholder}
      <div
        ref={host}
        className="picture"
        data-mirrored={isMirrored || undefined}
        data-whole={isWhole || undefined}
      />
    </>
  );
}

/** Calls once when the first picture is on the page. Older Firefox knows only that it plays. */
function whenShown(video: HTMLVideoElement, onShown: () => void): void {
  const request: unknown = Reflect.get(video, 'requestVideoFrameCallback');
  if (typeof request === 'function') request.call(video, onShown);
  else video.addEventListener('playing', onShown, { once: true });
}

function take(video: Element): void {
  if (video instanceof HTMLVideoElement) video.srcObject = null;
  video.remove();
}
