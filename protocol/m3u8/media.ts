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
  gap: boolean;
  /** URI of the initialization segment; a tag is written where it changes. */
  init: string;
  /** Listed before the segment; empty for segments that are not recent. */
  parts: readonly PlaylistPart[];
  /** False for the segment that is still being written: only its parts are listed. */
  complete: boolean;
  discontinuity: boolean;
}

export interface RenditionReport {
  uri: string;
  lastMsn: number;
  lastPart: number;
}

export interface MediaPlaylist {
  segments: readonly PlaylistSegment[];
  /** Discontinuities that have left the window. */
  discontinuitySequence: number;
  /** Rounded maximum of the segment durations, in seconds. */
  targetDuration: number;
  ended: boolean;
  lowLatency?: {
    partTargetUs: number;
    partHoldBackUs: number;
    /** URI of the part that comes next, unless ended. */
    preloadHint: string | undefined;
    reports: readonly RenditionReport[];
    /** Delta updates may leave out segments older than this, counted from the end. */
    canSkipUntilUs: number;
  };
  /** Leave out what a delta update may leave out. */
  skip?: boolean;
  /** Extra line after the header, e.g. an EXT-X-DEFINE. */
  define?: string;
}

const seconds = (us: number): string => (us / 1e6).toFixed(5);

/** ISO 8601 with milliseconds, as EXT-X-PROGRAM-DATE-TIME wants it. */
const dateTime = (us: number): string => new Date(Math.round(us / 1000)).toISOString();

export function mediaPlaylist(playlist: MediaPlaylist): string {
  const { segments, lowLatency } = playlist;
  const first = segments[0];
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${playlist.define ? 11 : lowLatency ? 9 : 7}`,
    `#EXT-X-TARGETDURATION:${playlist.targetDuration}`,
  ];
  if (playlist.define !== undefined) lines.push(playlist.define);
  if (lowLatency !== undefined) {
    lines.push(
      `#EXT-X-PART-INF:PART-TARGET=${seconds(lowLatency.partTargetUs)}`,
      `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${seconds(lowLatency.canSkipUntilUs)},PART-HOLD-BACK=${seconds(lowLatency.partHoldBackUs)},HOLD-BACK=${seconds(playlist.targetDuration * 3e6)}`,
    );
  }
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${first?.number ?? 0}`);
  if (playlist.discontinuitySequence > 0) {
    lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${playlist.discontinuitySequence}`);
  }
  lines.push('#EXT-X-INDEPENDENT-SEGMENTS');

  const skipped = playlist.skip && lowLatency ? skippable(segments, lowLatency.canSkipUntilUs) : 0;
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
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${dateTime(segment.startUs)}`);
    if (lowLatency !== undefined) for (const part of segment.parts) lines.push(partLine(part));
    if (!segment.complete) continue;
    if (segment.gap) lines.push('#EXT-X-GAP');
    lines.push(`#EXTINF:${seconds(segment.durationUs)},`, segment.uri);
  }
  if (playlist.ended) {
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

function partLine({ uri, durationUs, independent, gap }: PlaylistPart): string {
  return `#EXT-X-PART:DURATION=${seconds(durationUs)},URI="${uri}"${independent ? ',INDEPENDENT=YES' : ''}${gap ? ',GAP=YES' : ''}`;
}

/** How many leading segments end further from the playlist's end than the skip boundary. */
function skippable(segments: readonly PlaylistSegment[], canSkipUntilUs: number): number {
  const last = segments.at(-1);
  if (last === undefined) return 0;
  const endUs = last.startUs + last.durationUs;
  let count = 0;
  while (count < segments.length) {
    const segment = segments[count];
    if (segment === undefined) break;
    if (endUs - (segment.startUs + segment.durationUs) <= canSkipUntilUs) break;
    count++;
  }
  return count;
}

export interface IFrame {
  uri: string;
  durationUs: number;
  startUs: number;
  byteOffset: number;
  byteLength: number;
  init: string;
}

/** An I-frame playlist (4.4.3.6): byte ranges of the segments' key frames. */
export function iframePlaylist(options: {
  frames: readonly IFrame[];
  firstNumber: number;
  targetDuration: number;
  ended: boolean;
  define?: string;
}): string {
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${options.define ? 11 : 7}`,
    `#EXT-X-TARGETDURATION:${options.targetDuration}`,
    ...(options.define === undefined ? [] : [options.define]),
    `#EXT-X-MEDIA-SEQUENCE:${options.firstNumber}`,
    '#EXT-X-I-FRAMES-ONLY',
  ];
  let init: string | undefined;
  for (const frame of options.frames) {
    if (frame.init !== init) {
      lines.push(`#EXT-X-MAP:URI="${frame.init}"`);
      init = frame.init;
    }
    lines.push(
      `#EXT-X-PROGRAM-DATE-TIME:${dateTime(frame.startUs)}`,
      `#EXTINF:${seconds(frame.durationUs)},`,
      `#EXT-X-BYTERANGE:${frame.byteLength}@${frame.byteOffset}`,
      frame.uri,
    );
  }
  if (options.ended) lines.push('#EXT-X-ENDLIST');
  lines.push('');
  return lines.join('\n');
}
