/** Sound of several people as one. 48 kHz, two channels, 16 bits, interleaved. */

export const SOUND_RATE = 48_000;
export const CHANNELS = 2;

const frames = (ms: number): number => (ms * SOUND_RATE) / 1000;
/** Heard so much later than it came: what the network's unevenness may take. */
const FILL_BEFORE = frames(60);
/** More than this lies there because the clocks differ or it came in a rush: down to the fill. */
const TOO_MUCH = frames(240);

/** One person's sound, between its uneven arrival and the mixer's even taking. */
export class SoundRing {
  readonly #samples = new Int16Array(frames(500) * CHANNELS);
  /** In samples of all channels, counted for ever. */
  #written = 0;
  #read = 0;
  #filling = true;
  /** Samples a channel that were thrown away, and moments in which there was nothing. */
  dropped = 0;
  dry = 0;

  /** Interleaved samples; only whole ones of all channels. */
  push(samples: Int16Array): void {
    const ring = this.#samples;
    const from = Math.max(0, samples.length - ring.length);
    for (let i = from; i < samples.length; i++) {
      ring[this.#written % ring.length] = samples[i] ?? 0;
      this.#written++;
    }
    if (this.#depth > TOO_MUCH) this.#skipTo(FILL_BEFORE);
  }

  /** Adds its next samples to those of the others; nothing while there are none. */
  addTo(sum: Int32Array): void {
    if (this.#filling) {
      if (this.#depth < FILL_BEFORE) return;
      this.#filling = false;
    }
    const ring = this.#samples;
    const count = Math.min(sum.length, this.#written - this.#read);
    for (let i = 0; i < count; i++) {
      sum[i] = (sum[i] ?? 0) + (ring[this.#read % ring.length] ?? 0);
      this.#read++;
    }
    if (count < sum.length) {
      this.#filling = true;
      this.dry++;
    }
  }

  /** What waits, in samples a channel. */
  get #depth(): number {
    return (this.#written - this.#read) / CHANNELS;
  }

  #skipTo(depth: number): void {
    this.dropped += this.#depth - depth;
    this.#read = this.#written - depth * CHANNELS;
  }
}

/** Where the sum of many begins to be held back, so that it does not break. */
const KNEE = 24_000;
const CEILING = 32_767;

/** The sum as 16-bit samples, little endian; peaks are bent, not cut. */
export function mixdown(sum: Int32Array): Int16Array {
  return Int16Array.from(sum, (sample) => {
    const size = Math.abs(sample);
    if (size <= KNEE) return sample;
    const room = CEILING - KNEE;
    return Math.sign(sample) * Math.floor(KNEE + room * Math.tanh((size - KNEE) / room));
  });
}
