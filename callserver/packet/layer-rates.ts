/** VP8 and VP9 have up to four. */
export const TEMPORAL_LAYERS = 4;
const LAYERS = TEMPORAL_LAYERS;
const BUCKETS = 10;
const BUCKET_MS = 200;
/** Before that much has been seen, one frame would count as a rate. */
const MIN_MS = 2 * BUCKET_MS;

/** What a stream takes up to each of its temporal layers. */
export interface LayerRateSource {
  /** The highest temporal layer of which anything came. */
  highest(nowMs: number): number;
  /** Of the layers up to this one. */
  bitsPerSecond(temporal: number, nowMs: number): number;
}

/** Bits per second of one stream up to each of its temporal layers, over the last two seconds. */
export class LayerRates implements LayerRateSource {
  readonly #bytes = new Float64Array(LAYERS * BUCKETS);
  #bucket = -1;
  #first = -1;

  add(bytes: number, temporalId: number, nowMs: number): void {
    this.#turn(nowMs);
    const layer = Math.min(temporalId, LAYERS - 1);
    const at = (this.#bucket % BUCKETS) * LAYERS + layer;
    this.#bytes[at] = (this.#bytes[at] ?? 0) + bytes;
  }

  /** The highest temporal layer of which anything came. */
  highest(nowMs: number): number {
    this.#turn(nowMs);
    for (let layer = LAYERS - 1; layer > 0; layer--) {
      for (let i = layer; i < this.#bytes.length; i += LAYERS) {
        if ((this.#bytes[i] ?? 0) > 0) return layer;
      }
    }
    return 0;
  }

  /** Of the layers up to this one. */
  bitsPerSecond(temporal: number, nowMs: number): number {
    this.#turn(nowMs);
    let bytes = 0;
    for (let layer = 0; layer <= Math.min(temporal, LAYERS - 1); layer++) {
      for (let i = layer; i < this.#bytes.length; i += LAYERS) bytes += this.#bytes[i] ?? 0;
    }
    const whole = Math.min(this.#bucket - this.#first, BUCKETS - 1) * BUCKET_MS;
    const elapsed = Math.max(MIN_MS, whole + (nowMs % BUCKET_MS));
    return (bytes * 8_000) / elapsed;
  }

  /** Empties the buckets that time has gone past. */
  #turn(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    if (bucket <= this.#bucket) return;
    if (bucket - this.#bucket >= BUCKETS) {
      this.#bytes.fill(0);
      this.#first = bucket;
    } else {
      for (let next = this.#bucket + 1; next <= bucket; next++) {
        const at = (next % BUCKETS) * LAYERS;
        this.#bytes.fill(0, at, at + LAYERS);
      }
    }
    this.#bucket = bucket;
  }
}
