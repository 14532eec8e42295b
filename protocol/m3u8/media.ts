/** Media playlists (draft-pantos-hls-rfc8216bis), low-latency and plain. Pure text. */

export interface PlaylistPart {
  uri: string;
  durationUs: number;
  independent: boolean;
  /** The part is missing and will not come. */
  gap: boolean;
}

export interface PlaylistSegment {
  /** Media sequence number. */
  number: number;
  uri: string;
  startUs: number;
  durationUs: number;
  /** Nothing of it is there. */
  gap: boolean;
  /** URI of the initialization segment; a tag is written where it changes. */
  init: string;
  /** Listed before the segment; empty for segments that are not recent. */
  parts: readonly PlaylistPart[];
  /** False for the segment that is still being written: only its parts are listed. */
  complete: boolean;
  discontinuity: boolean;
  /** What `segmentText` gave for it before; spares writing a long window anew at each part. */
  text?: string;
}

export interface RenditionReport {
  uri: string;
  lastMsn: number;
  lastPart: number;
}

/** What the server can do for the player (4.4.3.8); the same in every playlist of a presentation. */
export interface ServerControl {
  partHoldBackUs: number;
  holdBackUs: number;
  /** Delta updates may leave out segments that end further than this before the end. */
  canSkipUntilUs: number;
}

export interface PlaylistHead {
  /** Discontinuities before the first segment. */
  discontinuitySequence: number;
  /** Rounded maximum of the segment durations, in seconds. */
  targetDuration: number;
  ended: boolean;
  control?: ServerControl;
  /** Leave out what a delta update may leave out. */
  skip?: boolean;
  /** Name of the query parameter that URIs repeat as a variable. */
  queryParam?: string;
}

export interface MediaPlaylist extends PlaylistHead {
  segments: readonly PlaylistSegment[];
  lowLatency?: {
    partTargetUs: number;
    /** URI of the part that comes next, unless ended. */
    preloadHint: string | undefined;
    reports: readonly RenditionReport[];
  };
}

/** Versions that the tags in use ask for (section 8): EXT-X-MAP 6, EXT-X-SKIP 9, QUERYPARAM 11. */
const VERSION_MAP = 6;
const VERSION_SKIP = 9;
const VERSION_QUERYPARAM = 11;

const seconds = (us: number): string => (us / 1e6).toFixed(5);

/** ISO 8601 with milliseconds, as EXT-X-PROGRAM-DATE-TIME wants it. */
const dateTime = (us: number): string => new Date(Math.round(us / 1000)).toISOString();

export function mediaPlaylist(playlist: MediaPlaylist): string {
  const { segments, lowLatency, ended } = playlist;
  const lines = head(playlist, segments[0]?.number ?? 0);
  if (lowLatency !== undefined) {
    lines.push(`#EXT-X-PART-INF:PART-TARGET=${seconds(lowLatency.partTargetUs)}`);
  }
  lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  const skipped = skippedSegments(playlist, segments);
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  let init = skipped > 0 ? segments[skipped - 1]?.init : undefined;
  for (let i = skipped; i < segments.length; i++) {
    const segment = segments[i];
    if (segment === undefined || (!segment.complete && lowLatency === undefined)) continue;
    if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
    if (segment.init !== init) {
      lines.push(`#EXT-X-MAP:URI="${segment.init}"`);
      init = segment.init;
    }
    lines.push(segment.text ?? segmentText(segment, lowLatency !== undefined));
  }
  if (ended) {
    lines.push('#EXT-X-ENDLIST');
  } else if (lowLatency !== undefined) {
    if (lowLatency.preloadHint !== undefined) {
      lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${lowLatency.preloadHint}"`);
    }
    for (const { uri, lastMsn, lastPart } of lowLatency.reports) {
      lines.push(`#EXT-X-RENDITION-REPORT:URI="${uri}",LAST-MSN=${lastMsn},LAST-PART=${lastPart}`);
    }
  }
  lines.push('');
  return lines.join('\n');
}

/** The lines of one segment that depend on nothing else in the playlist, without a line feed at the end. */
export function segmentText(segment: PlaylistSegment, withParts: boolean): string {
  const lines = [`#EXT-X-PROGRAM-DATE-TIME:${dateTime(segment.startUs)}`];
  if (withParts) for (const part of segment.parts) lines.push(partLine(part));
  if (segment.complete) {
    if (segment.gap) lines.push('#EXT-X-GAP');
    lines.push(`#EXTINF:${seconds(segment.durationUs)},`, segment.uri);
  }
  return lines.join('\n');
}

function head(playlist: PlaylistHead, firstNumber: number): string[] {
  const { targetDuration, control, queryParam, discontinuitySequence } = playlist;
  const version = control === undefined ? VERSION_MAP : VERSION_SKIP;
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${queryParam === undefined ? version : VERSION_QUERYPARAM}`,
  ];
  if (queryParam !== undefined) lines.push(`#EXT-X-DEFINE:QUERYPARAM="${queryParam}"`);
  lines.push(`#EXT-X-TARGETDURATION:${targetDuration}`);
  if (control !== undefined) {
    lines.push(
      `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${seconds(control.canSkipUntilUs)},PART-HOLD-BACK=${seconds(control.partHoldBackUs)},HOLD-BACK=${seconds(control.holdBackUs)}`,
    );
  }
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${firstNumber}`);
  if (discontinuitySequence > 0) {
    lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`);
  }
  return lines;
}

function partLine({ uri, durationUs, independent, gap }: PlaylistPart): string {
  return `#EXT-X-PART:DURATION=${seconds(durationUs)},URI="${uri}"${independent ? ',INDEPENDENT=YES' : ''}${gap ? ',GAP=YES' : ''}`;
}

/** How many leading segments end further from the playlist's end than the skip boundary (6.2.5.1). */
function skippedSegments(
  { skip, ended, control }: PlaylistHead,
  segments: readonly { startUs: number; durationUs: number }[],
): number {
  const last = segments.at(-1);
  if (!skip || ended || control === undefined || last === undefined) return 0;
  const boundaryUs = last.startUs + last.durationUs - control.canSkipUntilUs;
  const kept = segments.findIndex(({ startUs, durationUs }) => startUs + durationUs >= boundaryUs);
  return Math.max(0, kept);
}

/** A key frame that stands for its whole segment. */
export interface IFrame {
  uri: string;
  durationUs: number;
  startUs: number;
  byteOffset: number;
  /** 0 for a segment that does not begin with a key frame: listed as a gap, so that numbers stay. */
  byteLength: number;
  init: string;
  discontinuity: boolean;
}

export interface IFramePlaylist extends PlaylistHead {
  frames: readonly IFrame[];
  firstNumber: number;
}

/** An I-frame playlist (4.4.3.6): byte ranges of the segments' key frames. */
export function iframePlaylist(playlist: IFramePlaylist): string {
  const { frames } = playlist;
  const lines = head(playlist, playlist.firstNumber);
  lines.push('#EXT-X-I-FRAMES-ONLY');
  const skipped = skippedSegments(playlist, frames);
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  let init = skipped > 0 ? frames[skipped - 1]?.init : undefined;
  for (const frame of frames.slice(skipped)) {
    if (frame.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
    if (frame.init !== init) {
      lines.push(`#EXT-X-MAP:URI="${frame.init}"`);
      init = frame.init;
    }
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${dateTime(frame.startUs)}`);
    if (frame.byteLength === 0) lines.push('#EXT-X-GAP');
    lines.push(`#EXTINF:${seconds(frame.durationUs)},`);
    if (frame.byteLength > 0) {
      lines.push(`#EXT-X-BYTERANGE:${frame.byteLength}@${frame.byteOffset}`);
    }
    lines.push(frame.uri);
  }
  if (playlist.ended) lines.push('#EXT-X-ENDLIST');
  lines.push('');
  return lines.join('\n');
}
