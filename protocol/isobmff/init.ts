import { joined } from '../bytes.ts';
import { ascii, type BoxContent, box, fullBox, u8, u16, u32, zeros } from './box.ts';

export interface VideoTrack {
  kind: 'video';
  trackId: number;
  /** Ticks a second. */
  timescale: number;
  width: number;
  height: number;
  /** AVCDecoderConfigurationRecord. */
  avcConfig: Uint8Array;
}

export interface AudioTrack {
  kind: 'audio';
  trackId: number;
  /** Ticks a second; the sample rate. */
  timescale: number;
  channels: number;
  /** AudioSpecificConfig. */
  aacConfig: Uint8Array;
}

export type InitTrack = VideoTrack | AudioTrack;

const UNITY_MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const LANGUAGE_UND = 0x55c4;
const TKHD_ENABLED_IN_MOVIE_IN_PREVIEW = 7;
const MEDIA_IN_SAME_FILE = 1;
const DPI_72 = 0x480000;

/**
 * The initialization segment (`ftyp` + `moov`) of a fragmented file with these
 * tracks. It depends on nothing but its arguments, so that two encoders with
 * the same settings give the same bytes.
 */
export function initSegment(tracks: readonly InitTrack[]): Uint8Array {
  const ftyp = box('ftyp', ascii('iso6'), u32(1), ascii('iso6cmfcmp41'));
  const moov = box(
    'moov',
    fullBox(
      'mvhd',
      0,
      0,
      u32(0, 0, 1000, 0, 0x10000),
      u16(0x100),
      zeros(10),
      UNITY_MATRIX,
      zeros(24),
      u32(1 + Math.max(...tracks.map((t) => t.trackId))),
    ),
    tracks.map(trak),
    box(
      'mvex',
      tracks.map((t) => fullBox('trex', 0, 0, u32(t.trackId, 1, 0, 0, 0))),
    ),
  );
  return joined([ftyp, moov], ftyp.length + moov.length);
}

function trak(track: InitTrack): Uint8Array {
  const video = track.kind === 'video';
  const [width, height] = video ? [track.width, track.height] : [0, 0];
  return box(
    'trak',
    fullBox(
      'tkhd',
      0,
      TKHD_ENABLED_IN_MOVIE_IN_PREVIEW,
      u32(0, 0, track.trackId, 0, 0),
      zeros(8),
      u16(0, 0, video ? 0 : 0x100, 0),
      UNITY_MATRIX,
      u32(width * 0x10000, height * 0x10000),
    ),
    box(
      'mdia',
      fullBox('mdhd', 0, 0, u32(0, 0, track.timescale, 0), u16(LANGUAGE_UND, 0)),
      fullBox(
        'hdlr',
        0,
        0,
        u32(0),
        ascii(video ? 'vide' : 'soun'),
        zeros(12),
        ascii('Amphi'),
        u8(0),
      ),
      box(
        'minf',
        video ? fullBox('vmhd', 0, 1, zeros(8)) : fullBox('smhd', 0, 0, zeros(4)),
        box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, MEDIA_IN_SAME_FILE))),
        box(
          'stbl',
          fullBox('stsd', 0, 0, u32(1), video ? avc1(track) : mp4a(track)),
          fullBox('stts', 0, 0, u32(0)),
          fullBox('stsc', 0, 0, u32(0)),
          fullBox('stsz', 0, 0, u32(0, 0)),
          fullBox('stco', 0, 0, u32(0)),
        ),
      ),
    ),
  );
}

function avc1(track: VideoTrack): BoxContent {
  return box(
    'avc1',
    zeros(6),
    u16(1),
    zeros(16),
    u16(track.width, track.height),
    u32(DPI_72, DPI_72, 0),
    u16(1),
    zeros(32),
    u16(0x18, 0xffff),
    box('avcC', track.avcConfig),
    // Square pixels.
    box('pasp', u32(1, 1)),
  );
}

function mp4a(track: AudioTrack): BoxContent {
  return box(
    'mp4a',
    zeros(6),
    u16(1),
    zeros(8),
    u16(track.channels, 16),
    zeros(4),
    u32(track.timescale < 0x10000 ? track.timescale * 0x10000 : 0),
    fullBox('esds', 0, 0, esDescriptor(track.aacConfig)),
  );
}

/** ES_Descriptor of ISO/IEC 14496-1 7.2.6.5 around an AudioSpecificConfig. */
function esDescriptor(config: Uint8Array): BoxContent {
  const decoder = descriptor(
    0x04,
    // MPEG-4 audio, audio stream; buffer size and bit rates are left open.
    u8(0x40, 0x15, 0, 0, 0),
    u32(0, 0),
    descriptor(0x05, config),
  );
  return descriptor(0x03, u16(0), u8(0), decoder, descriptor(0x06, u8(2)));
}

/** Tag and size of ISO/IEC 14496-1 8.3.3, the size in the four-byte form that every reader knows. */
function descriptor(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const piece of content) size += piece.length;
  const head = u8(tag, 0x80, 0x80, 0x80 | (size >> 7), size & 0x7f);
  return joined([head, ...content], head.length + size);
}
