import { ByteReader, type RtcpWriter } from '#protocol';
import { type LayerRateSource, TEMPORAL_LAYERS } from '../packet/layer-rates.ts';
import type { Consumer } from './consumer.ts';
import type { IncomingStream } from './incoming-stream.ts';
import type { Producer } from './producer.ts';

/*
 * What the two ends of a pipe tell each other beside RTP and the RTCP that
 * everybody speaks, as application-defined packets (RFC 3550 6.7): the end where
 * packets come from, how each stream is, wanted or not; the end where they go to,
 * which of them somebody wants. Each entry stands for itself, so that a lost
 * packet costs no more than a delay.
 */
const STREAMS = 'ASTR';
const WANTED = 'AWNT';
/** Of what has not changed. */
const REPEAT_MS = 500;
/** After that nothing is known of the other end. */
const STALE_MS = 3_000;
const MAX_STREAM_ENTRIES = 40;
const MAX_WANTED_ENTRIES = 120;
/** Flags, highest layer, two bytes of nothing, width, height, and the rates. */
const DESCRIPTION_BYTES = 8 + TEMPORAL_LAYERS * 4;
const LIVE = 1;

/** A stream as the other end of a pipe describes it. */
export class ToldStream implements LayerRateSource {
  readonly #rates = new Float64Array(TEMPORAL_LAYERS);
  #live = false;
  #top = 0;
  #atMs = Number.NEGATIVE_INFINITY;

  read(r: ByteReader, stream: IncomingStream, nowMs: number): void {
    this.#atMs = nowMs;
    this.#live = (r.u8() & LIVE) !== 0;
    this.#top = Math.min(r.u8(), TEMPORAL_LAYERS - 1);
    r.skip(2);
    const [width, height] = [r.u16(), r.u16()];
    if (width > 0) Object.assign(stream, { width, height });
    for (let i = 0; i < TEMPORAL_LAYERS; i++) this.#rates[i] = r.u32();
  }

  isLive(nowMs: number): boolean {
    return this.#live && nowMs - this.#atMs < STALE_MS;
  }

  /** Spatial layers within a stream are not told of: a pipe carries all of them. */
  highestSpatial(): number {
    return 0;
  }

  highest(): number {
    return this.#top;
  }

  bitsPerSecond(temporal: number): number {
    return this.#rates[Math.min(temporal, TEMPORAL_LAYERS - 1)] ?? 0;
  }
}

/** One end of a pipe. */
export class PipeSignals {
  readonly #ssrc: number;
  readonly #flush: () => void;
  #toldOfMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  #told = '';
  #asked = '';

  /** `ssrc` is ours in RTCP; `flush` sends what the writer holds. */
  constructor(ssrc: number, flush: () => void) {
    this.#ssrc = ssrc;
    this.#flush = flush;
  }

  /** To be called every 100 ms or so. */
  tick(
    producers: Iterable<Producer>,
    consumers: Iterable<Consumer>,
    writer: RtcpWriter,
    nowMs: number,
  ): void {
    this.#tell([...consumers], writer, nowMs);
    this.#ask([...producers], writer, nowMs);
  }

  #tell(consumers: readonly Consumer[], writer: RtcpWriter, nowMs: number): void {
    const isLive = (consumer: Consumer) => streamOf(consumer)?.isLive(nowMs) ?? false;
    const now = consumers.map((one) => `${one.parameters.ssrc}${isLive(one)}`).join();
    if (now === this.#told && nowMs - this.#toldOfMs < REPEAT_MS) return;
    this.#told = now;
    this.#toldOfMs = nowMs;
    for (let at = 0; at < consumers.length; at += MAX_STREAM_ENTRIES) {
      const some = consumers.slice(at, at + MAX_STREAM_ENTRIES);
      writer.application(this.#ssrc, STREAMS, () => {
        for (const consumer of some) {
          writer.u32(consumer.parameters.ssrc);
          describe(streamOf(consumer), writer, nowMs);
        }
      });
      this.#flush();
    }
  }

  #ask(producers: readonly Producer[], writer: RtcpWriter, nowMs: number): void {
    const entries: { ssrc: number; wanted: boolean }[] = [];
    for (const { streams, consumers } of producers) {
      for (const stream of streams) {
        if (stream === undefined) continue;
        let wanted = false;
        for (const consumer of consumers) wanted ||= consumer.uses(stream.layer);
        entries.push({ ssrc: stream.ssrc, wanted });
      }
    }
    const now = entries.map(({ ssrc, wanted }) => `${ssrc}${wanted}`).join();
    if (now === this.#asked && nowMs - this.#askedMs < REPEAT_MS) return;
    this.#asked = now;
    this.#askedMs = nowMs;
    for (let at = 0; at < entries.length; at += MAX_WANTED_ENTRIES) {
      writer.application(this.#ssrc, WANTED, () => {
        for (const { ssrc, wanted } of entries.slice(at, at + MAX_WANTED_ENTRIES)) {
          writer.u32(ssrc);
          writer.u32(wanted ? 1 : 0);
        }
      });
      this.#flush();
    }
  }

  /** What the other end said. Throws `RangeError` for what is cut short. */
  receive(
    name: string,
    data: Uint8Array,
    streamBySsrc: (ssrc: number) => IncomingStream | undefined,
    consumerBySsrc: (ssrc: number) => Consumer | undefined,
    nowMs: number,
  ): void {
    const r = new ByteReader(data);
    while (name === STREAMS && r.remaining > 0) {
      const stream = streamBySsrc(r.u32());
      if (stream === undefined) {
        r.skip(DESCRIPTION_BYTES);
        continue;
      }
      stream.told ??= new ToldStream();
      stream.told.read(r, stream, nowMs);
    }
    while (name === WANTED && r.remaining > 0) {
      const consumer = consumerBySsrc(r.u32());
      const wanted = r.u32() !== 0;
      if (consumer?.parameters.layer === undefined || wanted !== consumer.paused) continue;
      if (wanted) consumer.resume(nowMs);
      else consumer.pause();
    }
  }
}

const streamOf = ({ producer, parameters }: Consumer): IncomingStream | undefined =>
  producer.paused ? undefined : producer.stream(parameters.layer ?? 0);

function describe(stream: IncomingStream | undefined, writer: RtcpWriter, nowMs: number): void {
  const rates = stream?.rates(nowMs);
  writer.u8(stream?.isLive(nowMs) ? LIVE : 0);
  writer.u8(rates?.highest(nowMs) ?? 0);
  writer.u16(0);
  writer.u16(stream?.width ?? 0);
  writer.u16(stream?.height ?? 0);
  for (let i = 0; i < TEMPORAL_LAYERS; i++) {
    writer.u32(Math.min(0xffffffff, Math.round(rates?.bitsPerSecond(i, nowMs) ?? 0)));
  }
}
