import type { ByteReader } from '../bytes.ts';
import { readU16 } from '../rtp/packet.ts';
import { FMT_TRANSPORT_CC, RTCP_RTPFB, type TransportFeedback } from './packets.ts';
import { RtcpWriter } from './write.ts';

/** One tick is 250 µs; the reference time counts 64 ms. */
export const FEEDBACK_TICK_US = 250;
export const TICKS_PER_REFERENCE = 256;
export const REFERENCE_BITS = 24;

/** Packet status symbols, section 3.1.1. */
const LOST = 0;
const SMALL = 1;
const LARGE = 2;

const MAX_RUN = 0x1fff;
const ONE_BIT_SYMBOLS = 14;
const TWO_BIT_SYMBOLS = 7;
/** More than a peer can send between two reports; a lying count must not cost memory. */
const MAX_PACKETS = 8192;

/**
 * Reads the packet after its common header; what it says of each packet stays
 * where it is. Throws `RangeError` when it is cut short.
 */
export function readTransportFeedback(r: ByteReader): TransportFeedback {
  const senderSsrc = r.u32();
  const mediaSsrc = r.u32();
  const baseSequence = r.u16();
  const packetCount = r.u16();
  const reference = r.u24();
  const feedbackCount = r.u8();
  if (packetCount > MAX_PACKETS) throw new RangeError('transport feedback: too many packets');
  const bytes = r.slice(r.remaining);
  const stepsAt = endOfChunks(bytes, packetCount);
  return {
    type: 'transport-feedback',
    senderSsrc,
    mediaSsrc,
    feedbackCount,
    baseSequence,
    packetCount,
    reference,
    bytes,
    stepsAt,
  };
}

/** Where the steps in time begin; looks that all of them are there. */
function endOfChunks(bytes: Uint8Array, packetCount: number): number {
  let at = 0;
  let left = packetCount;
  let size = 0;
  while (left > 0) {
    if (at + 2 > bytes.length) throw new RangeError('transport feedback: chunks cut short');
    const chunk = readU16(bytes, at);
    at += 2;
    if ((chunk & 0x8000) === 0) {
      const run = Math.min(chunk & MAX_RUN, left);
      if (run === 0) throw new RangeError('transport feedback: empty run');
      size += run * sizeOfStep((chunk >> 13) & 0x03);
      left -= run;
      continue;
    }
    const twoBits = (chunk & 0x4000) !== 0;
    const symbols = Math.min(twoBits ? TWO_BIT_SYMBOLS : ONE_BIT_SYMBOLS, left);
    for (let i = 0; i < symbols; i++) size += sizeOfStep(symbolOf(chunk, twoBits, i));
    left -= symbols;
  }
  if (at + size > bytes.length) throw new RangeError('transport feedback: steps cut short');
  return at;
}

/** The reserved symbol stands for no step. */
const sizeOfStep = (symbol: number): number => (symbol === SMALL || symbol === LARGE ? symbol : 0);

const symbolOf = (chunk: number, twoBits: boolean, i: number): number =>
  twoBits
    ? (chunk >> ((TWO_BIT_SYMBOLS - 1 - i) * 2)) & 0x03
    : (chunk >> (ONE_BIT_SYMBOLS - 1 - i)) & 0x01;

/** Walks over the packets that a transport feedback tells of, without allocation. */
export class FeedbackCursor {
  /** Of the packet, counted from the base sequence. */
  index = -1;
  received = false;
  /** When it arrived, if it did: ticks of 250 µs from the feedback's reference on. */
  tick = 0;
  #count = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #chunkAt = 0;
  #stepAt = 0;
  #chunk = 0;
  #position = 0;
  #symbols = 0;

  begin(feedback: TransportFeedback): this {
    this.index = -1;
    this.tick = 0;
    this.#count = feedback.packetCount;
    this.#bytes = feedback.bytes;
    this.#chunkAt = 0;
    this.#stepAt = feedback.stepsAt;
    this.#symbols = 0;
    this.#position = 0;
    return this;
  }

  /** False at the end. */
  next(): boolean {
    if (this.index + 1 >= this.#count) return false;
    this.index++;
    if (this.#position === this.#symbols) this.#nextChunk();
    const chunk = this.#chunk;
    const symbol =
      (chunk & 0x8000) === 0
        ? (chunk >> 13) & 0x03
        : symbolOf(chunk, (chunk & 0x4000) !== 0, this.#position);
    this.#position++;
    this.received = symbol === SMALL || symbol === LARGE;
    if (symbol === SMALL) {
      this.tick += this.#bytes[this.#stepAt++] ?? 0;
    } else if (symbol === LARGE) {
      this.tick += (readU16(this.#bytes, this.#stepAt) << 16) >> 16;
      this.#stepAt += 2;
    }
    return true;
  }

  #nextChunk(): void {
    this.#chunk = readU16(this.#bytes, this.#chunkAt);
    this.#chunkAt += 2;
    this.#position = 0;
    if ((this.#chunk & 0x8000) === 0) this.#symbols = this.#chunk & MAX_RUN;
    else this.#symbols = (this.#chunk & 0x4000) === 0 ? ONE_BIT_SYMBOLS : TWO_BIT_SYMBOLS;
  }
}

/** What a receiver has to tell: `arrivals` in ticks of 250 µs from `baseSequence` on, undefined for what did not arrive. */
export interface Arrivals {
  senderSsrc: number;
  mediaSsrc: number;
  feedbackCount: number;
  baseSequence: number;
  arrivals: readonly (number | undefined)[];
}

/**
 * Writes as many of the arrivals as one packet can say: it ends before a step
 * in time that 16 bits of ticks do not hold. Returns how many it took.
 */
export function writeTransportFeedback(feedback: Arrivals): {
  bytes: Uint8Array;
  taken: number;
} {
  const first = feedback.arrivals.find((tick) => tick !== undefined) ?? 0;
  const reference = Math.floor(first / TICKS_PER_REFERENCE);
  const symbols: number[] = [];
  const deltas: number[] = [];
  let last = reference * TICKS_PER_REFERENCE;
  for (const tick of feedback.arrivals.slice(0, MAX_PACKETS)) {
    if (tick === undefined) {
      symbols.push(LOST);
      continue;
    }
    const delta = tick - last;
    if (delta < -0x8000 || delta > 0x7fff) break;
    symbols.push(delta >= 0 && delta <= 0xff ? SMALL : LARGE);
    deltas.push(delta);
    last = tick;
  }
  const w = new RtcpWriter();
  const end = w.begin(RTCP_RTPFB, FMT_TRANSPORT_CC);
  w.u32(feedback.senderSsrc);
  w.u32(feedback.mediaSsrc);
  w.u16(feedback.baseSequence);
  w.u16(symbols.length);
  w.u24(reference % 2 ** REFERENCE_BITS);
  w.u8(feedback.feedbackCount & 0xff);
  for (let at = 0; at < symbols.length; ) {
    const chunk = nextChunk(symbols, at);
    w.u16(chunk.word);
    at += chunk.length;
  }
  let delta = 0;
  for (const symbol of symbols) {
    if (symbol === SMALL) w.u8(deltas[delta++] ?? 0);
    else if (symbol === LARGE) w.u16((deltas[delta++] ?? 0) & 0xffff);
  }
  end();
  return { bytes: w.bytes(), taken: symbols.length };
}

/** The chunk that says most from `at` on. */
function nextChunk(symbols: readonly number[], at: number): { word: number; length: number } {
  const symbol = symbols[at] ?? LOST;
  let run = 1;
  while (run < MAX_RUN && symbols[at + run] === symbol) run++;
  const rest = symbols.slice(at, at + ONE_BIT_SYMBOLS);
  const plain = rest.indexOf(LARGE);
  const oneBit = plain === -1 ? rest.length : plain;
  if (run >= Math.max(oneBit, Math.min(TWO_BIT_SYMBOLS, rest.length))) {
    return { word: (symbol << 13) | run, length: run };
  }
  // A vector always stands for all its symbols; those past the end are ignored.
  if (oneBit === rest.length || oneBit === ONE_BIT_SYMBOLS) {
    return { word: pack(rest, ONE_BIT_SYMBOLS, 1, 0x8000), length: rest.length };
  }
  const two = rest.slice(0, TWO_BIT_SYMBOLS);
  return { word: pack(two, TWO_BIT_SYMBOLS, 2, 0xc000), length: two.length };
}

function pack(symbols: readonly number[], places: number, bits: number, head: number): number {
  let word = head;
  for (const [i, symbol] of symbols.entries()) word |= symbol << ((places - 1 - i) * bits);
  return word;
}
