import { CODECS } from '../codecs.ts';
import type { LadderStep } from '../congestion/allocation.ts';
import { AUDIO_LEVEL } from '../packet/extension-order.ts';
import { chooseLayer, type LayerChoice } from '../packet/layer-switch.ts';
import { PAYLOAD_READERS } from '../packet/payload.ts';
import type { PacketSlot } from '../packet/slot.ts';
import type { ProducerParameters } from '../parameters.ts';
import type { Consumer } from './consumer.ts';
import { IncomingStream } from './incoming-stream.ts';

/** Decides by its audio level (a byte of RFC 6464) whether a packet of sound is passed on. */
export type Hearing = (byte: number, nowMs: number) => boolean;

/** All that there are. */
const TOP_TEMPORAL = 7;

/** A peer's microphone, camera or screen: its simulcast streams, and who gets them. */
export class Producer {
  readonly id: string;
  readonly parameters: ProducerParameters;
  readonly consumers = new Set<Consumer>();
  paused = false;
  /** By layer; a hole where no packet of a stream has come yet. */
  /** Where not all voices are passed on, or somebody wants to know who speaks. */
  hearing: Hearing | undefined;
  /** Nobody gets its sound for now. */
  #unheard = false;
  readonly #streams: (IncomingStream | undefined)[];
  #ranked: LayerChoice[] = [];
  #ladder: LadderStep[] = [];

  constructor(id: string, parameters: ProducerParameters) {
    this.id = id;
    this.parameters = parameters;
    this.#streams = parameters.encodings.map(() => undefined);
  }

  get kind(): 'audio' | 'video' {
    return this.parameters.kind;
  }

  /** Whether its sender sends a key frame when it is asked for one. */
  get answersRequests(): boolean {
    return this.parameters.keyFrameRequests !== false;
  }

  get clockRate(): number {
    return CODECS[this.parameters.codec.name].clockRate;
  }

  get streams(): readonly (IncomingStream | undefined)[] {
    return this.#streams;
  }

  stream(layer: number): IncomingStream | undefined {
    return this.#streams[layer];
  }

  /** Begins a stream when its SSRC is known. */
  open(layer: number, ssrc: number): IncomingStream {
    const { kind, codec, nack } = this.parameters;
    const stream = new IncomingStream({
      kind,
      ssrc,
      layer,
      clockRate: this.clockRate,
      nack,
      answersRequests: this.answersRequests,
      reader: PAYLOAD_READERS[codec.name](),
    });
    this.#streams[layer] = stream;
    return stream;
  }

  /** Hands a packet to everybody who wants it. */
  forward(slot: PacketSlot, nowMs: number, nowUs: number): void {
    if (!this.paused && this.#isHeard(slot, nowMs)) {
      for (const consumer of this.consumers) consumer.forward(slot, nowMs, nowUs);
    }
    // Whoever asked for it has it now; who comes later asks again.
    if (slot.keyFrame) this.#streams[slot.layer]?.keyFrames.satisfied();
  }

  /** A packet that does not tell its level counts as the one before it. */
  #isHeard(slot: PacketSlot, nowMs: number): boolean {
    if (this.hearing === undefined) return true;
    const at = slot.elementOffset(AUDIO_LEVEL);
    if (at < 0) return !this.#unheard;
    const heard = this.hearing(slot.bytes[at] ?? 0, nowMs);
    if (heard && this.#unheard) for (const consumer of this.consumers) consumer.skipTo(slot);
    this.#unheard = !heard;
    return heard;
  }

  get unheard(): boolean {
    return this.#unheard;
  }

  requestKeyFrame(layer: number, nowMs: number): void {
    if (this.kind === 'video') this.#streams[layer]?.keyFrames.want(nowMs);
  }

  /**
   * The stream for a consumer that wants at most `rank`, 0 being the lowest.
   * Ranks follow picture sizes where key frames told them, else the order of
   * the description.
   */
  chooseLayer(rank: number): number {
    return chooseLayer(this.#ranked, rank);
  }

  /** The rank of a stream; -1 when it is not known. */
  rankOf(layer: number): number {
    return this.#ranked.findIndex((choice) => choice.layer === layer);
  }

  /** What there is to choose from for a receiver whose path does not bear everything, from low to high. */
  get ladder(): readonly LadderStep[] {
    return this.#ladder;
  }

  /** How many spatial layers its one stream has in itself (SVC): their ids are the ranks then. */
  #spatialLayers = 1;

  /** Whether ranks are spatial layers of one stream. */
  get scalable(): boolean {
    return this.#spatialLayers > 1;
  }

  /** The lowest stream that fills a place of this size; the highest when none does. */
  rankFor(width: number, height: number): number {
    if (this.scalable) return this.#spatialRankFor(width, height);
    const rank = this.#ranked.findIndex(({ layer }) => {
      const stream = this.#streams[layer];
      return stream !== undefined && (stream.width >= width || stream.height >= height);
    });
    return rank < 0 ? this.#ranked.length - 1 : rank;
  }

  /** Each layer has twice the size of the one below it. */
  #spatialRankFor(width: number, height: number): number {
    const top = this.#spatialLayers - 1;
    const [stream] = this.#streams;
    for (let rank = 0; stream !== undefined && rank < top; rank++) {
      const share = 2 ** (rank - top);
      if (stream.width * share >= width || stream.height * share >= height) return rank;
    }
    return top;
  }

  /** Looks again which streams are live and what they take. */
  rank(nowMs: number): void {
    for (const stream of this.#streams) stream?.judge(nowMs);
    this.#ranked = this.#streams
      .map((stream, layer) => ({
        layer,
        live: stream?.isLive(nowMs) ?? false,
        area: (stream?.width ?? 0) * (stream?.height ?? 0),
      }))
      // Those whose size is not known yet come last.
      .sort((a, b) => (a.area || Infinity) - (b.area || Infinity) || a.layer - b.layer);
    this.#climb(nowMs);
  }

  /** A lower frame rate comes into question only where there is no smaller picture. */
  #climb(nowMs: number): void {
    this.#ladder = [];
    const [stream] = this.#streams;
    const only = this.#streams.length === 1 && stream?.isLive(nowMs) ? stream : undefined;
    this.#spatialLayers = (only?.layerRates.highestSpatial(nowMs) ?? 0) + 1;
    if (only !== undefined && this.scalable) {
      this.#climbLayers(only, nowMs);
      return;
    }
    for (const [rank, { layer, live }] of this.#ranked.entries()) {
      const rates = live ? this.#streams[layer]?.rates(nowMs) : undefined;
      if (rates === undefined) continue;
      const top = rates.highest(nowMs);
      for (let temporal = this.#ladder.length === 0 ? 0 : top; temporal <= top; temporal++) {
        const bitsPerSecond = rates.bitsPerSecond(temporal, nowMs);
        const best = temporal === top ? TOP_TEMPORAL : temporal;
        this.#ladder.push({ rank, temporal: best, bitsPerSecond });
      }
    }
  }

  #climbLayers({ layerRates, layersAlone }: IncomingStream, nowMs: number): void {
    const top = layerRates.highest(nowMs);
    for (let rank = 0; rank < this.#spatialLayers; rank++) {
      for (let temporal = rank === 0 ? 0 : top; temporal <= top; temporal++) {
        const from = layersAlone ? rank : 0;
        const bitsPerSecond = layerRates.bitsPerSecond(temporal, nowMs, from, rank);
        const best = temporal === top ? TOP_TEMPORAL : temporal;
        this.#ladder.push({ rank, temporal: best, bitsPerSecond });
      }
    }
  }

  /** Ends what hangs on it. */
  close(): void {
    for (const consumer of [...this.consumers]) consumer.producerClosed();
    this.consumers.clear();
  }
}
