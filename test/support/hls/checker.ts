import { type ReadPlaylist, type ReadSegment, readPlaylist } from './parse.ts';

/**
 * Holds consecutive versions of one media playlist against the rules of
 * draft-pantos-hls-rfc8216bis: 4.4 for one playlist, 6.2.1 and 6.2.2 for what
 * may change from one to the next.
 */

/** Durations are written to five places. */
const EPSILON = 0.000_02;
/** Dates have milliseconds, and a frame may lie across a cut. */
const DATE_TOLERANCE_MS = 130;
/** Amphi numbers segments by their place on the clock. */
const GRID_MS = 2_000;
const LATE_MS = 20;

export class HlsChecker {
  readonly faults: string[] = [];
  checked = 0;
  #last: ReadPlaylist | undefined;

  /** The newest version that was seen, with what delta updates left out put back. */
  get last(): ReadPlaylist | undefined {
    return this.#last;
  }

  /** Takes in the next version, in the order of their request. */
  check(text: string): ReadPlaylist | undefined {
    try {
      const read = readPlaylist(text);
      const playlist = this.#fill(read);
      this.#rules(playlist);
      if (this.#last !== undefined) this.#change(this.#last, playlist);
      this.#last = playlist;
      this.checked++;
      return playlist;
    } catch (error) {
      this.#fault(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #fault(text: string): void {
    if (this.faults.length < 20) this.faults.push(`#${this.checked}: ${text}`);
  }

  #demand(holds: boolean, text: string): void {
    if (!holds) this.#fault(text);
  }

  /** 6.2.5.1: a delta update stands for what was there. */
  #fill(read: ReadPlaylist): ReadPlaylist {
    if (read.skipped === 0) return read;
    this.#demand(read.version >= 9, 'EXT-X-SKIP needs version 9');
    this.#demand(!read.ended, 'a delta update of a playlist that has ended');
    const known = new Map(this.#last?.segments.map((segment) => [segment.number, segment]));
    const filled: ReadSegment[] = [];
    for (let i = 0; i < read.skipped; i++) {
      const segment = known.get(read.mediaSequence + i);
      if (segment === undefined) {
        this.#fault(`skips segment ${read.mediaSequence + i}, which nobody has seen`);
      } else {
        filled.push(segment);
      }
    }
    const skipUntil = Number(read.control?.['CAN-SKIP-UNTIL']);
    const listed = total(read.segments);
    this.#demand(listed >= skipUntil - EPSILON, 'skips beyond the skip boundary');
    // A segment's map may have been said only before what is skipped.
    let map = filled.at(-1)?.map;
    const rest = read.segments.map((segment) => {
      map = segment.map ?? map;
      return { ...segment, map };
    });
    return { ...read, skipped: 0, segments: [...filled, ...rest] };
  }

  #rules(playlist: ReadPlaylist): void {
    const { segments, targetDuration, version, control, partTarget } = playlist;
    this.#demand(Number.isInteger(targetDuration), 'no target duration');
    this.#demand(version >= 6, 'EXT-X-MAP needs version 6');
    this.#demand(playlist.queryParam === undefined || version >= 11, 'QUERYPARAM needs version 11');
    this.#demand(playlist.independentSegments || playlist.iFramesOnly, 'segments not independent');
    if (control !== undefined) this.#control(playlist);
    if (partTarget !== undefined) this.#parts(playlist, partTarget);
    else
      this.#demand(
        segments.every(({ parts }) => parts.length === 0),
        'parts without PART-INF',
      );
    const uris = new Set<string>();
    segments.forEach((segment, i) => {
      const name = `segment ${segment.number}`;
      if (segment.uri === undefined) {
        this.#demand(i === segments.length - 1, `${name} has no URI and is not the last`);
        this.#demand(!playlist.ended, `${name} is open in a playlist that has ended`);
      } else {
        this.#demand(Math.round(segment.duration) <= targetDuration, `${name} is too long`);
        this.#demand(segment.duration > 0, `${name} has no duration`);
        this.#demand(!uris.has(segment.uri), `${segment.uri} twice`);
        uris.add(segment.uri);
      }
      this.#demand(segment.map !== undefined, `${name} has no EXT-X-MAP`);
      this.#demand(segment.dateTime !== undefined, `${name} has no date`);
      const before = segments[i - 1];
      if (before?.dateTime === undefined || segment.dateTime === undefined) return;
      if (segment.discontinuity || playlist.iFramesOnly) return;
      const drift = segment.dateTime - before.dateTime - before.duration * 1000;
      this.#demand(
        Math.abs(drift) <= DATE_TOLERANCE_MS,
        `${name} is dated ${drift} ms off the end of the one before`,
      );
    });
    if (playlist.ended) this.#demand(playlist.preloadHint === undefined, 'a hint after the end');
  }

  /** 4.4.3.8. */
  #control({ control = {}, targetDuration, partTarget, version }: ReadPlaylist): void {
    const value = (name: string) => (name in control ? Number(control[name]) : undefined);
    const skipUntil = value('CAN-SKIP-UNTIL');
    const holdBack = value('HOLD-BACK');
    const partHoldBack = value('PART-HOLD-BACK');
    if (skipUntil !== undefined) {
      this.#demand(skipUntil >= 6 * targetDuration, 'CAN-SKIP-UNTIL below six targets');
      this.#demand(version >= 9, 'CAN-SKIP-UNTIL with an old version');
    }
    if (holdBack !== undefined) {
      this.#demand(holdBack >= 3 * targetDuration, 'HOLD-BACK below three targets');
    }
    if (partTarget !== undefined) {
      this.#demand((partHoldBack ?? 0) >= 3 * partTarget - EPSILON, 'PART-HOLD-BACK too small');
      this.#demand(control['CAN-BLOCK-RELOAD'] === 'YES', 'parts without blocking reload');
    }
  }

  /** 4.4.4.9 and 6.2.2. */
  #parts({ segments, targetDuration, ended, preloadHint, control }: ReadPlaylist, target: number) {
    this.#demand(control?.['PART-HOLD-BACK'] !== undefined, 'PART-INF without PART-HOLD-BACK');
    let fromEnd = 0;
    for (let i = segments.length - 1; i >= 0; i--) {
      const segment = segments[i] as ReadSegment;
      const name = `segment ${segment.number}`;
      const sum = segment.parts.reduce((all, part) => all + part.duration, 0);
      segment.parts.forEach((part, p) => {
        const isLast = p === segment.parts.length - 1;
        this.#demand(
          part.duration <= target + EPSILON,
          `${part.uri} is ${part.duration} s long, over PART-TARGET ${target}`,
        );
        this.#demand(
          isLast ||
            part.gap ||
            part.duration >= 0.85 * target - EPSILON ||
            followsGap(segment, p) ||
            (p === 0 && beginsLate(segment)),
          `${part.uri} is ${part.duration} s long, under 85 % of PART-TARGET ${target}`,
        );
      });
      if (segment.uri !== undefined && segment.parts.length > 0) {
        const off = Math.abs(sum - segment.duration);
        this.#demand(
          off < EPSILON * (segment.parts.length + 1),
          `the parts of ${name} miss ${off} s`,
        );
      }
      if (segment.uri !== undefined && !segment.gap && fromEnd < 3 * targetDuration) {
        this.#demand(segment.parts.length > 0, `${name} has lost its parts too early`);
      }
      fromEnd += segment.uri === undefined ? sum : segment.duration;
    }
    if (ended || segments.length === 0) return;
    const newest = segments.at(-1) as ReadSegment;
    const [number, part] =
      newest.uri === undefined ? [newest.number, newest.parts.length] : [newest.number + 1, 0];
    this.#demand(
      preloadHint?.startsWith(`${number}.${part}.`) === true,
      `the hint is ${preloadHint} where part ${number}.${part} comes next`,
    );
  }

  /** 6.2.1 and 6.2.2: nothing that was said is taken back. */
  #change(before: ReadPlaylist, after: ReadPlaylist): void {
    for (const name of ['targetDuration', 'partTarget', 'version', 'iFramesOnly'] as const) {
      this.#demand(before[name] === after[name], `${name}: ${before[name]} -> ${after[name]}`);
    }
    this.#demand(
      JSON.stringify(before.control) === JSON.stringify(after.control),
      'EXT-X-SERVER-CONTROL has changed',
    );
    this.#demand(!before.ended || after.ended, 'EXT-X-ENDLIST has gone');
    const removed = after.mediaSequence - before.mediaSequence;
    this.#demand(removed >= 0, `media sequence went back by ${-removed}`);
    if (removed > 0) {
      this.#demand(
        total(after.segments) >= 3 * after.targetDuration - EPSILON,
        'the playlist got shorter than three target durations',
      );
    }
    const gone = before.segments.slice(0, Math.max(0, removed));
    const lost = gone.filter(({ discontinuity }) => discontinuity).length;
    const counted = after.discontinuitySequence - before.discontinuitySequence;
    if (gone.length === removed) {
      this.#demand(counted === lost, `discontinuity sequence +${counted}, ${lost} removed`);
    } else {
      this.#demand(counted >= lost, 'discontinuity sequence went back');
    }
    const now = new Map(after.segments.map((segment) => [segment.number, segment]));
    for (const segment of before.segments) {
      if (segment.number < after.mediaSequence) continue;
      const later = now.get(segment.number);
      if (later === undefined) this.#fault(`segment ${segment.number} has gone from the end`);
      else this.#sameSegment(segment, later, before.ended);
    }
    const end = before.segments.at(-1);
    const next = end && now.get(end.number);
    if (before.preloadHint !== undefined && next !== undefined && end !== undefined) {
      const came =
        end.uri === undefined
          ? next.parts[end.parts.length]?.uri
          : now.get(end.number + 1)?.parts[0]?.uri;
      if (came !== undefined) {
        this.#demand(came === before.preloadHint, `hinted at ${before.preloadHint}, came ${came}`);
      }
    }
  }

  #sameSegment(before: ReadSegment, after: ReadSegment, wasEnded: boolean): void {
    const name = `segment ${before.number}`;
    for (const field of ['dateTime', 'discontinuity', 'map'] as const) {
      this.#demand(
        before[field] === after[field],
        `${field} of ${name}: ${before[field]} -> ${after[field]}`,
      );
    }
    if (before.uri !== undefined) {
      for (const field of ['uri', 'duration', 'gap', 'byteRange'] as const) {
        this.#demand(
          before[field] === after[field],
          `${field} of ${name}: ${before[field]} -> ${after[field]}`,
        );
      }
    } else {
      const lost = before.parts.length - after.parts.length;
      this.#demand(lost <= 0 || after.uri !== undefined, `${name} has lost ${lost} parts`);
      this.#demand(!wasEnded, `${name} was open when the playlist ended`);
    }
    // Parts of older segments may be taken out as a whole.
    if (after.parts.length === 0) return;
    before.parts.forEach((part, i) => {
      const later = after.parts[i];
      this.#demand(
        JSON.stringify(part) === JSON.stringify(later),
        `part ${i} of ${name}: ${JSON.stringify(part)} -> ${JSON.stringify(later)}`,
      );
    });
  }
}

/** What follows a hole begins where it can be decoded, not where the grid would have it. */
const followsGap = ({ parts }: ReadSegment, index: number): boolean =>
  parts[index + 1]?.gap === true || parts[index - 1]?.gap === true;

/** A run begins when it begins, in the middle of a part on the grid. */
const beginsLate = ({ number, dateTime = 0 }: ReadSegment): boolean =>
  number === Math.floor(dateTime / GRID_MS) && dateTime % GRID_MS > LATE_MS;

function total(segments: readonly ReadSegment[]): number {
  let seconds = 0;
  for (const { uri, duration, parts } of segments) {
    seconds += uri === undefined ? parts.reduce((sum, part) => sum + part.duration, 0) : duration;
  }
  return seconds;
}
