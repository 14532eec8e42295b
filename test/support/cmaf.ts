import { fragment, initSegment } from '#protocol';
import { AAC_48K_STEREO, AVC_640 } from './media.ts';

/** CMAF as a transcoder pushes it: enough for everybody who does not decode it. */

/** Ticks are microseconds, so that times of the tests are exact. */
const TIMESCALE = 1_000_000;
const VIDEO = 1;
const AUDIO = 2;

export interface CmafOptions {
  kind?: 'video' | 'audio' | undefined;
  /** Of the picture; another width is another initialization segment. */
  width?: number | undefined;
}

const audioTrack = {
  kind: 'audio',
  trackId: AUDIO,
  timescale: TIMESCALE,
  channels: 2,
  aacConfig: AAC_48K_STEREO,
} as const;

export function cmafInit({ kind = 'video', width = 640 }: CmafOptions = {}): Uint8Array {
  if (kind === 'audio') return initSegment([audioTrack]);
  return initSegment([
    {
      kind: 'video',
      trackId: VIDEO,
      timescale: TIMESCALE,
      width,
      height: 360,
      avcConfig: AVC_640,
    },
    audioTrack,
  ]);
}

export interface CmafPartOptions {
  startUs: number;
  durationUs: number;
  key?: boolean;
  kind?: 'video' | 'audio';
  /** Size of the media data; what fills it tells parts apart. */
  bytes?: number;
  fill?: number;
}

export function cmafPart(options: CmafPartOptions): Uint8Array {
  const { startUs, durationUs, key = false, kind = 'video', bytes = 200, fill = 0 } = options;
  const sample = (isKey: boolean) => ({
    duration: durationUs,
    compositionOffset: 0,
    key: isKey,
    data: new Uint8Array(bytes).fill(fill),
  });
  const audio = { trackId: AUDIO, baseDecodeTime: startUs, samples: [sample(true)] };
  if (kind === 'audio') return fragment(1, [audio]);
  return fragment(1, [{ trackId: VIDEO, baseDecodeTime: startUs, samples: [sample(key)] }, audio]);
}
