/**
 * Matroska (RFC 9559) as a live stream of one track: a head, then a cluster of
 * known size for each frame, so that a reader has each frame as soon as it is
 * written. Timestamps are whole milliseconds.
 */
export type MatroskaTrack =
  | { codec: 'VP8' | 'VP9'; width: number; height: number }
  | { codec: 'opus'; channels: number };

const EBML = 0x1a45dfa3;
const DOC_TYPE = 0x4282;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const MUXING_APP = 0x4d80;
const WRITING_APP = 0x5741;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_NUMBER = 0xd7;
const TRACK_UID = 0x73c5;
const TRACK_TYPE = 0x83;
const FLAG_LACING = 0x9c;
const CODEC_ID = 0x86;
const CODEC_PRIVATE = 0x63a2;
const VIDEO = 0xe0;
const PIXEL_WIDTH = 0xb0;
const PIXEL_HEIGHT = 0xba;
const AUDIO = 0xe1;
const SAMPLING_FREQUENCY = 0xb5;
const CHANNELS = 0x9f;
const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;

const NANOSECONDS_PER_MS = 1_000_000;
const TYPE_VIDEO = 1;
const TYPE_AUDIO = 2;
const OPUS_RATE = 48_000;
/** Length of a segment whose end nobody knows yet: all value bits set (RFC 8794 6.2). */
const UNKNOWN_SIZE = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
/** Track number 1 as a variable-size integer, relative time 0. */
const BLOCK_HEAD = Uint8Array.of(0x81, 0, 0, 0);
const BLOCK_FLAGS = 3;
const KEY_FRAME = 0x80;

const CODEC_IDS = { VP8: 'V_VP8', VP9: 'V_VP9', opus: 'A_OPUS' } as const;

/** What stands in front of all frames. */
export function matroskaHead(track: MatroskaTrack): Uint8Array {
  const app = text('Amphi');
  return concat(
    element(EBML, element(DOC_TYPE, text('matroska'))),
    idBytes(SEGMENT),
    UNKNOWN_SIZE,
    element(
      INFO,
      element(TIMESTAMP_SCALE, uint(NANOSECONDS_PER_MS)),
      element(MUXING_APP, app),
      element(WRITING_APP, app),
    ),
    element(
      TRACKS,
      element(
        TRACK_ENTRY,
        element(TRACK_NUMBER, uint(1)),
        element(TRACK_UID, uint(1)),
        element(TRACK_TYPE, uint(track.codec === 'opus' ? TYPE_AUDIO : TYPE_VIDEO)),
        element(FLAG_LACING, uint(0)),
        element(CODEC_ID, text(CODEC_IDS[track.codec])),
        ...about(track),
      ),
    ),
  );
}

/** One frame. `timestampMs` is not negative. */
export function matroskaFrame(timestampMs: number, key: boolean, payload: Uint8Array): Uint8Array {
  const head = Uint8Array.from(BLOCK_HEAD);
  head[BLOCK_FLAGS] = key ? KEY_FRAME : 0;
  return element(
    CLUSTER,
    element(TIMESTAMP, uint(timestampMs)),
    element(SIMPLE_BLOCK, head, payload),
  );
}

function about(track: MatroskaTrack): Uint8Array[] {
  if (track.codec !== 'opus') {
    const size = [
      element(PIXEL_WIDTH, uint(track.width)),
      element(PIXEL_HEIGHT, uint(track.height)),
    ];
    return [element(VIDEO, ...size)];
  }
  const rate = new Uint8Array(8);
  new DataView(rate.buffer).setFloat64(0, OPUS_RATE);
  return [
    element(CODEC_PRIVATE, opusHead(track.channels)),
    element(AUDIO, element(SAMPLING_FREQUENCY, rate), element(CHANNELS, uint(track.channels))),
  ];
}

/** Identification header of RFC 7845 5.1: no samples to skip, no gain, mapping family 0. */
function opusHead(channels: number): Uint8Array {
  const head = new Uint8Array(19);
  head.set(text('OpusHead'));
  const view = new DataView(head.buffer);
  view.setUint8(8, 1);
  view.setUint8(9, channels);
  view.setUint32(12, OPUS_RATE, true);
  return head;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** An unsigned integer in as few bytes as it takes (RFC 8794 7.2). */
function uint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(rest % 256);
    rest = Math.floor(rest / 256);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/** Element ids carry their own length marker. */
const idBytes = (id: number): Uint8Array => uint(id);

function element(id: number, ...body: readonly Uint8Array[]): Uint8Array {
  const size = body.reduce((sum, part) => sum + part.length, 0);
  return concat(idBytes(id), sizeBytes(size), ...body);
}

/** RFC 8794 4, in four bytes: up to 268 million. */
function sizeBytes(size: number): Uint8Array {
  if (size >= 2 ** 28 - 1) throw new RangeError('matroska: element too large');
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, size + 2 ** 28);
  return bytes;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
