import type { AccessUnit, MediaTap } from '#callserver';
import { type PictureSize, vp8KeyFrameSize } from '#protocol';
import type { SdOrder } from './order.ts';

/** Publishers answer such a wish within a round trip; one that does not is asked again. */
const ASK_AGAIN_MS = 1_000;

export interface SourceTapOptions {
  tap: MediaTap;
  order: SdOrder;
  /** Whether a picture of this size may be made smaller as it was ordered. */
  fits: (size: PictureSize) => boolean;
  /** It may not, from this key frame on. */
  onMisfit: () => void;
}

/** What somebody sends, on its way to the worker that makes it smaller. Ends with the tap. */
export class SourceTap {
  readonly #options: SourceTapOptions;
  #askedMs = Number.NEGATIVE_INFINITY;
  #over = false;

  constructor(options: SourceTapOptions) {
    this.#options = options;
    options.tap.on('unit', (unit) => this.#onUnit(unit));
  }

  #onUnit({ key, capturedUs, payload }: AccessUnit): void {
    const { tap, order, fits, onMisfit } = this.#options;
    if (this.#over) return;
    const size = key ? vp8KeyFrameSize(payload) : undefined;
    if (size !== undefined && !fits(size)) {
      this.#over = true;
      onMisfit();
      return;
    }
    // Before the first report of its clock it is not known when a picture was taken.
    const taken = capturedUs !== undefined && order.send({ key, capturedUs, payload });
    const nowMs = performance.now();
    if (taken || capturedUs === undefined || nowMs - this.#askedMs < ASK_AGAIN_MS) return;
    this.#askedMs = nowMs;
    tap.requestKeyFrame();
  }
}
