import type { HlsConfig, LoaderConfig } from 'hls.js';
import { rememberedBitrate } from '../net/estimate.ts';

/**
 * Settings of hls.js. It loads, buffers and chooses the quality; how far behind
 * live the viewer is and how fast the picture plays is decided by our own
 * latency controller, for hls.js does not speed up with less than a second
 * buffered and would stay a second and a half behind.
 */

/** Playlists and parts are short: an answer that is late is better asked for again. */
const QUICK: LoaderConfig = {
  maxTimeToFirstByteMs: 6_000,
  maxLoadTimeMs: 12_000,
  timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
  errorRetry: {
    maxNumRetry: 5,
    retryDelayMs: 150,
    maxRetryDelayMs: 1_500,
    backoff: 'exponential',
    // A relay that restarts, or that asks an origin which does, says 404, 502 or 503 for a moment.
    shouldRetry: (config, count) => config != null && count < config.maxNumRetry,
  },
};

/** Beyond `retries` of the engine the supervisor opens the stream anew, so this is short as well. */
const OPENING: LoaderConfig = {
  ...QUICK,
  errorRetry: { ...QUICK.errorRetry, maxNumRetry: 0, retryDelayMs: 0, maxRetryDelayMs: 0 },
};

/** `beginBehindMs`: where playback begins, before the end of the playlist. */
export function hlsConfig(beginBehindMs: number, loader: HlsConfig['loader']): Partial<HlsConfig> {
  return {
    loader,
    // Fragmented MP4 goes to the decoder as it is; a worker would only carry it to and fro.
    enableWorker: false,
    lowLatencyMode: true,
    liveSyncDuration: beginBehindMs / 1000,
    maxLiveSyncPlaybackRate: 1,
    liveDurationInfinity: true,
    testBandwidth: false,
    abrEwmaDefaultEstimate: rememberedBitrate(),
    abrEwmaDefaultEstimateMax: Number.POSITIVE_INFINITY,
    capLevelToPlayerSize: true,
    maxBufferLength: 12,
    maxMaxBufferLength: 60,
    backBufferLength: 45,
    maxBufferHole: 0.15,
    // A stall at the live edge is over within parts of a second; so is the search for its cause.
    detectStallWithCurrentTimeMs: 400,
    highBufferWatchdogPeriod: 1,
    enableInterstitialPlayback: false,
    enableDateRangeMetadataCues: false,
    enableEmsgMetadataCues: false,
    enableID3MetadataCues: false,
    renderTextTracksNatively: false,
    // A rung that failed once is tried again after a while.
    errorPenaltyExpireMs: 20_000,
    manifestLoadPolicy: { default: OPENING },
    playlistLoadPolicy: { default: QUICK },
    fragLoadPolicy: { default: QUICK },
  };
}
