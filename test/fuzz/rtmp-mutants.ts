import { amf0, media, wire } from '#support';

/** A publisher's recorded session and the ways to damage it. Pure: the same seed, the same mutants. */

export interface Mutant {
  number: number;
  /** Up to the publish command, where that is damaged; else a session that is open serves. */
  head: Uint8Array | undefined;
  /** What follows, read by read. */
  tail: Uint8Array[];
  /** Whether the next message begins where this ends: what comes after is understood. */
  isAligned: boolean;
}

/** Mulberry32: small, seeded, good enough to choose by. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

interface Part {
  type: number;
  timestampMs: number;
  streamId: number;
  body: Buffer;
  chunkStream: number;
  claimedLength?: number;
  form?: 0 | 1 | 2 | 3;
}

const part = (
  type: number,
  timestampMs: number,
  chunkStream: number,
  body: Uint8Array,
  streamId = 1,
): Part => ({ type, timestampMs, chunkStream, streamId, body: Buffer.from(body) });

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const CHUNK_SIZE = 4096;
const GREETING = Buffer.concat([Buffer.of(3), Buffer.alloc(1536, 1), Buffer.alloc(1536, 2)]);

/** What every publisher says first. */
const OPENING: readonly Part[] = [
  part(wire.SET_CHUNK_SIZE, 0, 2, u32(CHUNK_SIZE), 0),
  part(wire.COMMAND, 0, 3, amf0('connect', 1, { app: 'live', tcUrl: 'rtmp://localhost/live' }), 0),
  part(wire.COMMAND, 0, 3, amf0('createStream', 2, null), 0),
  part(wire.COMMAND, 0, 3, amf0('publish', 3, null, 'key', 'live')),
];

const STREAM: readonly Part[] = [
  part(
    wire.DATA,
    0,
    4,
    amf0('@setDataFrame', 'onMetaData', { framerate: 30, encoder: 'x', width: 320 }),
  ),
  part(wire.VIDEO, 0, 6, media.videoConfigBody()),
  part(wire.AUDIO, 0, 4, media.audioConfigBody()),
  ...Array.from({ length: 6 }, (_, i) => [
    part(wire.VIDEO, i * 33, 6, media.videoBody(i % 3 === 0, { bytes: 300 })),
    part(wire.AUDIO, i * 33, 4, media.audioBody()),
  ]).flat(),
  part(wire.VIDEO, 200, 6, media.videoConfigBody(media.AVC_640)),
  part(wire.VIDEO, 233, 6, media.videoBody(true)),
];

const NASTY_SIZES = [0, 1, 31, 32, 128, 65_535, 2 ** 20, 2 ** 20 + 1, 2 ** 31, 2 ** 32 - 1];
const NASTY_LENGTHS = [0, 1, 127, 65_536, 65_537, 8 * 2 ** 20, 8 * 2 ** 20 + 1, 0xffffff];
const CHUNK_STREAMS = [2, 3, 4, 6, 63, 64, 65, 319, 320, 65_599];
const TYPES = [0, 1, 2, 3, 4, 5, 6, 8, 9, 15, 16, 17, 18, 19, 20, 22, 255];

type Damage = (parts: Part[], random: Random) => void;

const victim = (parts: readonly Part[], random: Random): Part => random.pick(parts);

function flipBits(bytes: Buffer, random: Random, most = 8): void {
  if (bytes.length === 0) return;
  for (let n = 1 + random.below(most); n > 0; n--) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  }
}

/** Something in place of one message's body. */
const inBody =
  (make: (random: Random, body: Buffer) => Uint8Array, types: readonly number[]): Damage =>
  (parts, random) => {
    const hit = victim(
      parts.filter(({ type }) => types.includes(type)),
      random,
    );
    if (hit !== undefined) hit.body = Buffer.from(make(random, hit.body));
  };

const MEDIA = [wire.AUDIO, wire.VIDEO] as const;
const AMF = [wire.COMMAND, wire.DATA] as const;

/** Damage to what messages say, and to their order: the chunks around them stay whole. */
const CONTENT: readonly Damage[] = [
  (parts, random) => flipBits(victim(parts, random).body, random),
  (parts, random) => {
    const hit = victim(parts, random);
    hit.body = hit.body.subarray(0, random.below(hit.body.length + 1));
  },
  (parts, random) => {
    const hit = victim(parts, random);
    hit.body = Buffer.concat([hit.body, random.bytes(random.below(200))]);
  },
  // Order: missing, doubled, swapped.
  (parts, random) => void parts.splice(random.below(parts.length), 1),
  (parts, random) => void parts.splice(random.below(parts.length), 0, { ...victim(parts, random) }),
  (parts, random) => parts.push(...parts.splice(random.below(parts.length), 1)),
  // AMF.
  inBody((random) => {
    const open = random.pick([Buffer.of(3, 0, 1, 0x61), Buffer.of(0x0a, 0, 0, 0, 1)]);
    const depth = 1 + random.below(300);
    return Buffer.concat([amf0('connect', 1), ...Array.from({ length: depth }, () => open)]);
  }, AMF),
  inBody(
    (random) =>
      Buffer.concat([
        amf0('publish', 3, null),
        Buffer.of(random.below(20)),
        u32(random.below(2 ** 32)),
      ]),
    AMF,
  ),
  inBody(
    (random) =>
      amf0(random.pick(['__proto__', 'constructor', 'play', 'publish', '']), random.below(9)),
    AMF,
  ),
  inBody((random) => random.bytes(random.below(100)), AMF),
  // FLV, AVCC, SPS and AAC.
  inBody(
    (random, body) => Buffer.concat([body.subarray(0, 5), random.bytes(random.below(300))]),
    MEDIA,
  ),
  inBody((random) => random.bytes(random.below(60)), MEDIA),
  inBody(
    (random) => {
      const config = Buffer.from(media.videoConfigBody());
      flipBits(config.subarray(5), random);
      return config;
    },
    [wire.VIDEO],
  ),
  inBody(
    (random) => {
      const config = Buffer.from(media.videoConfigBody(media.AVC_640));
      return config.subarray(0, 5 + random.below(config.length - 5));
    },
    [wire.VIDEO],
  ),
  inBody(
    (random) => Buffer.concat([Buffer.of(0xaf, 0), random.bytes(random.below(12))]),
    [wire.AUDIO],
  ),
  inBody(
    (random) => {
      const nal = Buffer.from(media.videoBody(random.below(2) === 0));
      nal.writeUInt32BE(random.below(2 ** 32), 5);
      return nal;
    },
    [wire.VIDEO],
  ),
];

/** Damage to the chunks: lies about sizes, header forms and chunk streams. */
const FRAMING: readonly Damage[] = [
  // Lies about sizes.
  (parts, random) => {
    const lie = part(wire.SET_CHUNK_SIZE, 0, 2, u32(random.pick(NASTY_SIZES)), 0);
    parts.splice(random.below(parts.length + 1), 0, lie);
  },
  (parts, random) => {
    victim(parts, random).claimedLength = random.pick(NASTY_LENGTHS);
  },
  // Chunk streams and header forms.
  (parts, random) => {
    victim(parts, random).chunkStream = random.pick(CHUNK_STREAMS);
  },
  (parts, random) => {
    victim(parts, random).form = random.pick([0, 1, 2, 3] as const);
  },
  (parts, random) => {
    const hit = victim(parts, random);
    for (let id = 0; id < 40; id++) parts.push({ ...hit, chunkStream: 100 + id });
  },
  (parts, random) => {
    victim(parts, random).type = random.pick(TYPES);
  },
  (parts, random) => {
    victim(parts, random).timestampMs = random.pick([0, 0xfffffe, 0xffffff, 2 ** 31, 2 ** 32 - 1]);
  },
  (parts, random) => {
    const abort = part(wire.ABORT, 0, 2, u32(random.pick(CHUNK_STREAMS)), 0);
    parts.splice(random.below(parts.length + 1), 0, abort);
  },
];

/** The bytes of these messages, in the chunk size that they have announced. */
function written(parts: readonly Part[], state: { chunkSize: number }): Buffer {
  return Buffer.concat(
    parts.map(({ chunkStream, claimedLength, form, ...message }) => {
      const bytes = wire.chunks(message, {
        chunkStream,
        chunkSize: state.chunkSize,
        ...(claimedLength === undefined ? {} : { claimedLength }),
        ...(form === undefined ? {} : { form }),
      });
      if (message.type === wire.SET_CHUNK_SIZE && message.body.length === 4) {
        const size = message.body.readUInt32BE();
        if (size >= 32 && size <= 2 ** 20) state.chunkSize = size;
      }
      return bytes;
    }),
  );
}

/** Cuts the bytes as the network may. */
function* cut(bytes: Buffer, random: Random): IterableIterator<Buffer> {
  const size = random.pick([bytes.length, bytes.length, 1460, 400, 50]);
  for (let at = 0; at < bytes.length; at += Math.max(1, size)) {
    yield bytes.subarray(at, at + Math.max(1, size));
  }
}

const copies = (parts: readonly Part[]): Part[] =>
  parts.map((p) => ({ ...p, body: Buffer.from(p.body) }));

/** An undamaged session up to its publish command. */
const OPENED_STATE = { chunkSize: 128 };
export const OPENED: Uint8Array = Buffer.concat([GREETING, written(OPENING, OPENED_STATE)]);

export function* mutants(random: Random, count: number): Generator<Mutant, undefined> {
  for (let number = 0; number < count; number++) {
    const stream = copies(STREAM);
    const state = { ...OPENED_STATE };
    let head: Buffer | undefined;
    let isAligned = true;
    // Mostly behind the publish command: before it there is little to reach.
    if (random.below(10) === 0) {
      const opening = copies(OPENING);
      for (let n = 1 + random.below(2); n > 0; n--) {
        random.pick(random.below(2) === 0 ? FRAMING : CONTENT)(opening, random);
      }
      state.chunkSize = 128;
      head = Buffer.concat([GREETING, written(opening, state)]);
      if (random.below(4) === 0) flipBits(head, random, 30);
      if (random.below(10) === 0) head = head.subarray(0, random.below(head.length + 1));
    } else {
      for (let n = 1 + random.below(3); n > 0; n--) random.pick(CONTENT)(stream, random);
      if (random.below(3) === 0) {
        random.pick(FRAMING)(stream, random);
        isAligned = false;
      }
    }
    let tail = written(stream, state);
    // And sometimes the bytes themselves, wherever they lie.
    if (random.below(12) === 0) {
      isAligned = false;
      if (random.below(2) === 0) flipBits(tail, random, 30);
      else tail = tail.subarray(0, random.below(tail.length + 1));
    }
    yield { number, head, tail: [...cut(tail, random)], isAligned };
  }
  return undefined;
}
