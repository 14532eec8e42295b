import { copyBytes } from '#base';
import { BoxCutter, parseMoof } from '#protocol';

const MAX_BOX_BYTES = 4 * 1024 * 1024;

/** Takes frames out of ffmpeg's fragmented MP4 with one frame a fragment, each with its time. */
export class FragmentReader {
  readonly #cutter: BoxCutter;
  #moof: Uint8Array | undefined;

  /** `onFrame` gets ticks of the track's timescale after the feed's base; the frame is a view. */
  constructor(onFrame: (ticks: number, frame: Uint8Array) => void) {
    this.#cutter = new BoxCutter(MAX_BOX_BYTES, ({ type, bytes }) => {
      if (type === 'moof') this.#moof = copyBytes(bytes);
      if (type !== 'mdat' || this.#moof === undefined) return;
      for (const track of parseMoof(this.#moof, bytes.length)) {
        const at = track.firstSample.offset - this.#moof.length;
        onFrame(track.baseDecodeTime, bytes.subarray(at, at + track.firstSample.size));
      }
      this.#moof = undefined;
    });
  }

  push(chunk: Uint8Array): void {
    this.#cutter.push(chunk);
  }
}
