/**
 * A stream with several spatial layers and two temporal ones in itself, as its
 * dependency descriptors tell of it (AV1 RTP specification, A.8). In the `_KEY` modes
 * layers hang together at key frames only.
 */

interface LayerFrame {
  spatialId: number;
  temporalId: number;
  key: boolean;
}

class BitWriter {
  readonly #bits: number[] = [];

  put(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) this.#bits.push((value >> i) & 1);
  }

  /** A.8.2. */
  nonSymmetric(value: number, bound: number): void {
    const width = Math.floor(Math.log2(bound)) + 1;
    const short = 2 ** width - bound;
    if (value < short) this.put(value, width - 1);
    else this.put(value + short, width);
  }

  get bytes(): number[] {
    const bytes: number[] = [];
    for (let i = 0; i < this.#bits.length; i += 8) {
      bytes.push(this.#bits.slice(i, i + 8).reduce((sum, bit, k) => sum | (bit << (7 - k)), 0));
    }
    return bytes;
  }
}

const TEMPORAL_LAYERS = 2;
const TEMPLATE_OFFSET = 5;
const NEXT_TEMPORAL = 1;
const NEXT_SPATIAL = 2;
const NO_MORE = 3;

export class SvcStream {
  readonly #layers: number;
  readonly #alone: boolean;
  #frame = 0;

  constructor(layers: number, alone: boolean) {
    this.#layers = layers;
    this.#alone = alone;
  }

  /** Of the frame to come. */
  get frameNumber(): number {
    return this.#frame & 0xffff;
  }

  /** Descriptors of the frames of the next picture, from the lowest layer to the highest. */
  picture(temporalId: number, key = false): { spatialId: number; descriptor: number[] }[] {
    return Array.from({ length: this.#layers }, (_, spatialId) => ({
      spatialId,
      descriptor: this.#descriptor({ spatialId, temporalId, key }),
    }));
  }

  #descriptor(frame: LayerFrame): number[] {
    const { spatialId, temporalId, key } = frame;
    const template = spatialId * (TEMPORAL_LAYERS + 1) + (key ? 0 : 1 + temporalId);
    const w = new BitWriter();
    // Start and end of the frame, which is one packet; template; number.
    w.put(3, 2);
    w.put((template + TEMPLATE_OFFSET) % 64, 6);
    w.put(this.#frame++ & 0xffff, 16);
    if (key && spatialId === 0) this.#structure(w);
    return w.bytes;
  }

  #structure(w: BitWriter): void {
    const layers = Array.from({ length: this.#layers }, (_, i) => i);
    const templates: LayerFrame[] = layers.flatMap((spatialId) => [
      { spatialId, temporalId: 0, key: true },
      { spatialId, temporalId: 0, key: false },
      { spatialId, temporalId: 1, key: false },
    ]);
    const targets = layers.flatMap((spatialId) =>
      [0, 1].map((temporalId) => ({ spatialId, temporalId })),
    );
    // Structure present; nothing else.
    w.put(0b10000, 5);
    w.put(TEMPLATE_OFFSET, 6);
    w.put(targets.length - 1, 5);
    for (const [i, { spatialId, temporalId }] of templates.entries()) {
      const next = templates[i + 1];
      if (next === undefined) w.put(NO_MORE, 2);
      else if (next.spatialId > spatialId) w.put(NEXT_SPATIAL, 2);
      else w.put(next.temporalId > temporalId ? NEXT_TEMPORAL : 0, 2);
    }
    for (const frame of templates) {
      for (const target of targets) w.put(this.#indication(frame, target), 2);
    }
    for (const frame of templates) {
      for (const distance of this.#references(frame)) {
        w.put(1, 1);
        w.put(distance - 1, 4);
      }
      w.put(0, 1);
    }
    w.nonSymmetric(this.#layers, targets.length + 1);
    for (const { spatialId } of targets) w.nonSymmetric(spatialId, this.#layers);
    w.put(0, 4 * templates.length * this.#layers);
    w.put(1, 1);
    for (const spatialId of layers) {
      w.put(320 * 2 ** spatialId - 1, 16);
      w.put(180 * 2 ** spatialId - 1, 16);
    }
  }

  /** Not present, discardable, switch, required. */
  #indication(frame: LayerFrame, target: { spatialId: number; temporalId: number }): number {
    if (frame.spatialId > target.spatialId || frame.temporalId > target.temporalId) return 0;
    if (frame.key) return 2;
    if (this.#alone && frame.spatialId < target.spatialId) return 0;
    if (frame.temporalId > 0) return 1;
    return frame.spatialId === target.spatialId ? 2 : 3;
  }

  #references({ spatialId, temporalId, key }: LayerFrame): number[] {
    const below = spatialId > 0 && (key || !this.#alone) ? [1] : [];
    if (key) return below;
    return [temporalId > 0 ? this.#layers : 2 * this.#layers, ...below];
  }
}
