import { copyBytes } from '#base';
import { BoxCutter, parseMoof } from '#protocol';

/** Cuts thumbnails out of ffmpeg's fragmented MP4 of JPEG pictures, each with its time. */
export class ThumbnailReader {
  readonly #cutter: BoxCutter;
  #moof: Uint8Array | undefined;

  /** `onPicture` gets milliseconds after the feed's base; the picture is a view. */
  constructor(onPicture: (timeMs: number, jpeg: Uint8Array) => void) {
    this.#cutter = new BoxCutter(4 * 1024 * 1024, ({ type, bytes }) => {
      if (type === 'moof') this.#moof = copyBytes(bytes);
      if (type !== 'mdat' || this.#moof === undefined) return;
      for (const track of parseMoof(this.#moof, bytes.length)) {
        const at = track.firstSample.offset - this.#moof.length;
        onPicture(track.baseDecodeTime, bytes.subarray(at, at + track.firstSample.size));
      }
      this.#moof = undefined;
    });
  }

  push(chunk: Uint8Array): void {
    this.#cutter.push(chunk);
  }
}
