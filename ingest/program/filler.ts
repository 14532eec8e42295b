import { type Micros, micros } from '#base';
import type { AudioUnit, MediaConfig, VideoUnit } from '#contracts';
import { AAC_FRAME_SAMPLES, aacLcConfig, parseAacConfig, silentAacFrame } from '#protocol';
import type { SlateClip } from './slate.ts';

/** Stand-ins for a missing track: a program always has picture and sound. */

const SAMPLE_RATE = 48_000;
const AAC_LC = 2;

/** How silence sounds: with which configuration, in which frame, and how long a frame is. */
export interface Silence {
  config: MediaConfig;
  frame: Uint8Array;
  frameUs: number;
}

export const DEFAULT_SILENCE: Silence = silenceOf(SAMPLE_RATE, 2, {
  track: 'audio',
  codec: 'aac',
  bytes: aacLcConfig(SAMPLE_RATE, 2),
});

/** Silence in the same form as the sound it stands in for, so that nothing downstream has to change. */
export function silenceLike(config: MediaConfig | undefined): Silence {
  if (config === undefined || config.track !== 'audio') return DEFAULT_SILENCE;
  const { objectType, sampleRate, channels, frameSamples, extension } = parseAacConfig(
    config.bytes,
  );
  const plain = objectType === AAC_LC && extension === 'none' && frameSamples === AAC_FRAME_SAMPLES;
  if (!plain || (channels !== 1 && channels !== 2)) return DEFAULT_SILENCE;
  return silenceOf(sampleRate, channels, config);
}

function silenceOf(sampleRate: number, channels: 1 | 2, config: MediaConfig): Silence {
  const frameUs = (AAC_FRAME_SAMPLES * 1_000_000) / sampleRate;
  return { config, frame: silentAacFrame(channels), frameUs };
}

/** Silent audio units that continue from `fromUs` up to `untilUs`; the last one may reach beyond it by less than a frame. */
export function* silentUnits(
  { frame, frameUs }: Silence,
  fromUs: number,
  untilUs: number,
): IterableIterator<AudioUnit> {
  const frames = Math.ceil((untilUs - fromUs) / frameUs);
  for (let i = 0; i < frames; i++) {
    const pts = micros(Math.round(fromUs + i * frameUs));
    yield { track: 'audio', codec: 'aac', pts, dts: pts, key: true, payload: frame };
  }
}

/** Plays a slate's GOP over and over on the epoch timeline. */
export class SlatePlayer {
  readonly clip: SlateClip;
  readonly #startUs: number;
  #played = 0;

  constructor(clip: SlateClip, startUs: Micros) {
    this.clip = clip;
    this.#startUs = startUs;
  }

  /** The units that are due by `nowUs`. */
  *due(nowUs: Micros): IterableIterator<VideoUnit> {
    const { units, fps } = this.clip;
    for (;;) {
      const at = micros(Math.round(this.#startUs + (this.#played * fps.den * 1_000_000) / fps.num));
      if (at > nowUs) return;
      const index = this.#played % units.length;
      const payload = units[index];
      if (payload === undefined) return;
      this.#played++;
      yield { track: 'video', codec: 'h264', pts: at, dts: at, key: index === 0, payload };
    }
  }
}
