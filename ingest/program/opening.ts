import { copyBytes } from '#base';
import type { MediaUnit, VideoUnit } from '#contracts';

const MEASURE_FRAMES = 9;
/** How far from what is measured the encoder's word may be, as a share. */
const TRUSTED = 0.05;
const MAX_UNITS = 4_000;
const MAX_BYTES = 32 * 1024 * 1024;

/** The first units of a source, kept until its picture and its rate are known. */
export class Opening {
  #units: MediaUnit[] = [];
  #bytes = 0;

  push(unit: MediaUnit): void {
    if (this.#units.length >= MAX_UNITS || this.#bytes > MAX_BYTES) this.clear();
    this.#units.push({ ...unit, payload: copyBytes(unit.payload) });
    this.#bytes += unit.payload.length;
  }

  get firstUs(): number | undefined {
    return this.#units[0]?.dts;
  }

  /** True once there is a key frame to begin with. */
  get hasKey(): boolean {
    return this.#units.some((unit) => unit.track === 'video' && unit.key);
  }

  /**
   * Frames a second of the first frames; undefined while there are too few.
   * Their milliseconds cannot tell 30 from 29.97: where the encoder's own word
   * comes near to what is measured, it counts.
   */
  frameRate(stated: number | undefined): number | undefined {
    const measured = this.#measured();
    if (measured === undefined || stated === undefined) return measured;
    return Math.abs(stated - measured) < measured * TRUSTED ? stated : measured;
  }

  #measured(): number | undefined {
    const video = this.#video;
    const first = video[0];
    const last = video.at(-1);
    if (first === undefined || last === undefined || video.length < MEASURE_FRAMES)
      return undefined;
    return ((video.length - 1) * 1_000_000) / (last.dts - first.dts);
  }

  /** All units from the first key frame on, or all where there is none; it is then empty. */
  take(): MediaUnit[] {
    const firstKey = this.#units.findIndex((unit) => unit.track === 'video' && unit.key);
    const units = this.#units.slice(Math.max(0, firstKey));
    this.clear();
    return units;
  }

  clear(): void {
    this.#units = [];
    this.#bytes = 0;
  }

  get #video(): VideoUnit[] {
    return this.#units.filter((unit): unit is VideoUnit => unit.track === 'video');
  }
}
