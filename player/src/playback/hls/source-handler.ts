import videojs from 'video.js/core.es.js';
import { HlsSession } from './session.ts';

/** The media type of HLS sources; video.js finds the handler by it. */
export const HLS_TYPE = 'application/vnd.apple.mpegurl';

/** A source as our handler takes it: it opens the session itself, so that whoever sets the source holds it. */
export interface HlsSource {
  src: string;
  type: typeof HLS_TYPE;
  open: (video: HTMLVideoElement) => HlsSession;
}

interface HandledSession {
  dispose(): void;
  seekable(): TimeRanges;
  duration(): number;
}

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
      canPlayType: (type: string) => (type === HLS_TYPE ? 'probably' : ''),
      canHandleSource: (source: { type?: string; open?: unknown }) =>
        source.type === HLS_TYPE && source.open !== undefined ? 'probably' : '',
      handleSource(source: HlsSource, tech: { el(): Element }): HandledSession {
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
