/** VP8, VP9 and AV1 have up to four of either kind. */
export const TEMPORAL_LAYERS = 4;
const TEMPORAL = TEMPORAL_LAYERS;
const SPATIAL = 4;
const LAYERS = TEMPORAL * SPATIAL;
const BUCKETS = 10;
const BUCKET_MS = 200;
/** Before that much has been seen, one frame would count as a rate. */
const MIN_MS = 2 * BUCKET_MS;

/** What a stream takes up to each of its layers. */
export interface LayerRateSource {
  /** The highest spatial layer of which anything came. */
  highestSpatial(nowMs: number): number;
  /** The highest temporal layer of which anything came. */
  highest(nowMs: number): number;
  /** Of the temporal layers up to this one, in the spatial layers from `from` to `to`. */
  bitsPerSecond(temporal: number, nowMs: number, from?: number, to?: number): number;
}

/** Bits per second of one stream up to each of its layers, over the last two seconds. */
export class LayerRates implements LayerRateSource {
  readonly #bytes = new Float64Array(LAYERS * BUCKETS);
  #bucket = -1;
  #first = -1;

  add(bytes: number, spatialId: number, temporalId: number, nowMs: number): void {
    this.#turn(nowMs);
    const spatial = Math.min(spatialId, SPATIAL - 1);
    const temporal = Math.min(temporalId, TEMPORAL - 1);
    const at = (this.#bucket % BUCKETS) * LAYERS + spatial * TEMPORAL + temporal;
    this.#bytes[at] = (this.#bytes[at] ?? 0) + bytes;
  }

  /** The highest spatial layer of which anything came. */
  highestSpatial(nowMs: number): number {
    this.#turn(nowMs);
    for (let spatial = SPATIAL - 1; spatial > 0; spatial--) {
      for (let temporal = 0; temporal < TEMPORAL; temporal++) {
        if (this.#sum(spatial, temporal) > 0) return spatial;
      }
    }
    return 0;
  }

  /** The highest temporal layer of which anything came. */
  highest(nowMs: number): number {
    this.#turn(nowMs);
    for (let temporal = TEMPORAL - 1; temporal > 0; temporal--) {
      for (let spatial = 0; spatial < SPATIAL; spatial++) {
        if (this.#sum(spatial, temporal) > 0) return temporal;
      }
    }
    return 0;
  }

  /** Of the temporal layers up to this one, in the spatial layers from `from` to `to`. */
  bitsPerSecond(temporal: number, nowMs: number, from = 0, to = SPATIAL - 1): number {
    this.#turn(nowMs);
    let bytes = 0;
    for (let spatial = from; spatial <= Math.min(to, SPATIAL - 1); spatial++) {
      for (let layer = 0; layer <= Math.min(temporal, TEMPORAL - 1); layer++) {
        bytes += this.#sum(spatial, layer);
      }
    }
    const whole = Math.min(this.#bucket - this.#first, BUCKETS - 1) * BUCKET_MS;
    const elapsed = Math.max(MIN_MS, whole + (nowMs % BUCKET_MS));
    return (bytes * 8_000) / elapsed;
  }

  #sum(spatial: number, temporal: number): number {
    let bytes = 0;
    for (let i = spatial * TEMPORAL + temporal; i < this.#bytes.length; i += LAYERS) {
      bytes += this.#bytes[i] ?? 0;
    }
    return bytes;
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
