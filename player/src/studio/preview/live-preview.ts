import Hls, { type ErrorData, type HlsConfig } from 'hls.js/light';
import type { Play } from '#contracts';
import { call } from '../../api/client.ts';

/** What a preview can tell of itself. */
export interface PreviewFacts {
  /** The picture's time on the server's clock, milliseconds since the epoch. */
  shownAt: number | undefined;
  /** Height of the rendition that is played. */
  height: number | undefined;
}

export type PreviewState = 'starting' | 'playing' | 'stalled';

export interface Preview {
  facts(): PreviewFacts;
  close(): void;
}

const RETRY_MS = 1_500;

const CONFIG: Partial<HlsConfig> = {
  lowLatencyMode: true,
  liveSyncDuration: 1.2,
  liveMaxLatencyDuration: 6,
  // A second for every stall, as by default, would never be won back.
  liveSyncOnStallIncrease: 0.2,
  maxLiveSyncPlaybackRate: 1.1,
  backBufferLength: 5,
  maxBufferLength: 8,
  // A monitor, not a cinema: no more pixels than are shown.
  capLevelToPlayerSize: true,
  startLevel: 0,
};

/**
 * Plays an event as it goes out, muted, into a video element, and begins again
 * by itself whatever breaks, until it is closed.
 */
export function openPreview(
  video: HTMLVideoElement,
  eventId: string,
  onState: (state: PreviewState) => void,
): Preview {
  let hls: Hls | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const again = () => {
    hls?.destroy();
    hls = undefined;
    if (closed) return;
    clearTimeout(retry);
    retry = setTimeout(() => start().catch(again), RETRY_MS);
  };
  const start = async () => {
    const play = await call<Play>('GET', `/api/play/${encodeURIComponent(eventId)}`);
    if (closed) return;
    const url = withToken(play.llhls ?? play.hls ?? '', play.token);
    if (!Hls.isSupported()) {
      video.src = withToken(play.hls ?? '', play.token);
      await video.play();
      return;
    }
    hls = new Hls(CONFIG);
    hls.on(Hls.Events.ERROR, (_event, data: ErrorData) => {
      if (data.fatal) again();
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      video.play().catch(() => {});
    });
    hls.attachMedia(video);
    hls.loadSource(url);
  };

  const playing = () => onState('playing');
  const waiting = () => onState('stalled');
  video.muted = true;
  video.addEventListener('playing', playing);
  video.addEventListener('waiting', waiting);
  onState('starting');
  start().catch(again);

  return {
    facts: () => ({
      shownAt: hls?.playingDate?.getTime(),
      height: video.videoHeight > 0 ? video.videoHeight : undefined,
    }),
    close() {
      closed = true;
      clearTimeout(retry);
      video.removeEventListener('playing', playing);
      video.removeEventListener('waiting', waiting);
      hls?.destroy();
      video.removeAttribute('src');
      video.load();
    },
  };
}

function withToken(address: string, token: string | undefined): string {
  if (token === undefined) return address;
  return `${address}${address.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}`;
}
