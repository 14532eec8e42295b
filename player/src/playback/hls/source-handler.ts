import videojs from 'video.js/core.es.js';
import type { MediaSession } from '../media-session.ts';
import { HlsSession } from './session.ts';

/** The media type of HLS sources; video.js finds the handler by it. */
export const HLS_TYPE = 'application/vnd.apple.mpegurl';

/** What WebRTC is to video.js. */
export const RTC_TYPE = 'application/x-amphi-webrtc';

/** A source as our handler takes it: it opens the session itself, so that whoever sets the source holds it. */
export interface SessionSource {
  src: string;
  type: typeof HLS_TYPE | typeof RTC_TYPE;
  open: (video: HTMLVideoElement) => MediaSession;
}

interface HandledSession {
  dispose(): void;
  seekable(): TimeRanges;
  duration(): number;
}

const isOurs = (type: string | undefined): boolean => type === HLS_TYPE || type === RTC_TYPE;

let registered = false;

/** Puts our handler before video.js's own. Where hls.js cannot run, the browser's own HLS stays in charge. */
export function registerHls(): void {
  if (registered || !HlsSession.supported) return;
  registered = true;
  const html5 = videojs.getTech('Html5') as unknown as {
    registerSourceHandler(handler: unknown, index: number): void;
  };
  html5.registerSourceHandler(
    {
      canPlayType: (type: string) => (isOurs(type) ? 'probably' : ''),
      canHandleSource: (source: { type?: string; open?: unknown }) =>
        isOurs(source.type) && source.open !== undefined ? 'probably' : '',
      handleSource(source: SessionSource, tech: { el(): Element }): HandledSession {
        const video = tech.el() as HTMLVideoElement;
        const session = source.open(video);
        return {
          dispose: () => session.close(),
          seekable: () => {
            const window = session.window;
            return window === undefined
              ? videojs.time.createTimeRanges([], 0)
              : videojs.time.createTimeRanges(window.start, window.end);
          },
          duration: () => (session.live ? Number.POSITIVE_INFINITY : video.duration),
        };
      },
    },
    0,
  );
}
