import type { ByteReader } from '../bytes.ts';
import { FMT_TRANSPORT_CC, RTCP_RTPFB, type TransportFeedback } from './packets.ts';
import { RtcpWriter } from './write.ts';

/** One tick is 250 µs; the reference time counts 64 ms. */
export const FEEDBACK_TICK_US = 250;
const TICKS_PER_REFERENCE = 256;
const REFERENCE_BITS = 24;

/** Packet status symbols, section 3.1.1. */
const LOST = 0;
const SMALL = 1;
const LARGE = 2;

const MAX_RUN = 0x1fff;
const ONE_BIT_SYMBOLS = 14;
const TWO_BIT_SYMBOLS = 7;
/** More than a peer can send between two reports; a lying count must not cost memory. */
const MAX_PACKETS = 8192;

/** Reads the packet after its common header. Throws `RangeError` when it is cut short. */
export function readTransportFeedback(r: ByteReader): TransportFeedback {
  const senderSsrc = r.u32();
  const mediaSsrc = r.u32();
  const baseSequence = r.u16();
  const count = r.u16();
  const reference = r.u24();
  const feedbackCount = r.u8();
  if (count > MAX_PACKETS) throw new RangeError('transport feedback: too many packets');
  const symbols: number[] = [];
  while (symbols.length < count) {
    const chunk = r.u16();
    if ((chunk & 0x8000) === 0) {
      const symbol = (chunk >> 13) & 0x03;
      const run = Math.min(chunk & MAX_RUN, count - symbols.length);
      if (run === 0) throw new RangeError('transport feedback: empty run');
      for (let i = 0; i < run; i++) symbols.push(symbol);
    } else if ((chunk & 0x4000) === 0) {
      for (let bit = ONE_BIT_SYMBOLS - 1; bit >= 0; bit--) symbols.push((chunk >> bit) & 0x01);
    } else {
      for (let bit = TWO_BIT_SYMBOLS - 1; bit >= 0; bit--) {
        symbols.push((chunk >> (bit * 2)) & 0x03);
      }
    }
  }
  symbols.length = count;
  let tick = reference * TICKS_PER_REFERENCE;
  const arrivals = symbols.map((symbol) => {
    if (symbol === SMALL) tick += r.u8();
    else if (symbol === LARGE) tick += (r.u16() << 16) >> 16;
    else return undefined;
    return tick;
  });
  return {
    type: 'transport-feedback',
    senderSsrc,
    mediaSsrc,
    feedbackCount,
    baseSequence,
    arrivals,
  };
}

/**
 * Writes as many of the arrivals as one packet can say: it ends before a step
 * in time that 16 bits of ticks do not hold. Returns how many it took.
 */
export function writeTransportFeedback(feedback: Omit<TransportFeedback, 'type'>): {
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
