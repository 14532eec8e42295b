/**
 * A reader of media playlists, written from the draft (rfc8216bis) and not
 * from our writer, so that one checks the other. Strict: what it does not know
 * is an error.
 */

export interface ReadPart {
  uri: string;
  duration: number;
  independent: boolean;
  gap: boolean;
}

export interface ReadSegment {
  number: number;
  uri: string | undefined;
  duration: number;
  /** Milliseconds since the epoch. */
  dateTime: number | undefined;
  gap: boolean;
  discontinuity: boolean;
  map: string | undefined;
  parts: ReadPart[];
  byteRange: string | undefined;
}

export interface ReadPlaylist {
  version: number;
  targetDuration: number;
  mediaSequence: number;
  discontinuitySequence: number;
  partTarget: number | undefined;
  control: Readonly<Record<string, string>> | undefined;
  independentSegments: boolean;
  iFramesOnly: boolean;
  skipped: number;
  ended: boolean;
  /** Whole segments, then the one under way when it has parts. */
  segments: ReadSegment[];
  preloadHint: string | undefined;
  reports: { uri: string; lastMsn: number; lastPart: number | undefined }[];
  queryParam: string | undefined;
}

/** Attribute list of 4.2. */
export function attributes(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const match = rest.match(/^([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s][^",]*)(?:,(?=.)|$)/);
    if (match === null) throw new Error(`not an attribute list: ${text}`);
    const [whole, name = '', value = ''] = match;
    if (name in found) throw new Error(`attribute ${name} twice: ${text}`);
    found[name] = value;
    rest = rest.slice(whole.length);
  }
  return found;
}

const quoted = (value: string | undefined): string => {
  if (value === undefined || !/^".*"$/.test(value))
    throw new Error(`not a quoted string: ${value}`);
  return value.slice(1, -1);
};

const decimal = (value: string | undefined): number => {
  if (value === undefined || !/^\d+(?:\.\d+)?$/.test(value))
    throw new Error(`not a number: ${value}`);
  return Number(value);
};

const integer = (value: string | undefined): number => {
  if (value === undefined || !/^\d{1,20}$/.test(value)) throw new Error(`not an integer: ${value}`);
  return Number(value);
};

/** Tags that may stand once in a playlist, before the first segment. */
const ONCE = new Set([
  'EXT-X-VERSION',
  'EXT-X-TARGETDURATION',
  'EXT-X-SERVER-CONTROL',
  'EXT-X-MEDIA-SEQUENCE',
  'EXT-X-DISCONTINUITY-SEQUENCE',
  'EXT-X-PART-INF',
  'EXT-X-INDEPENDENT-SEGMENTS',
  'EXT-X-I-FRAMES-ONLY',
  'EXT-X-DEFINE',
]);

/** Throws an error that says which line is wrong. */
export function readPlaylist(text: string): ReadPlaylist {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('the last line has no end');
  if (lines.shift() !== '#EXTM3U') throw new Error('it does not begin with #EXTM3U');
  const playlist: ReadPlaylist = {
    version: 1,
    targetDuration: Number.NaN,
    mediaSequence: 0,
    discontinuitySequence: 0,
    partTarget: undefined,
    control: undefined,
    independentSegments: false,
    iFramesOnly: false,
    skipped: 0,
    ended: false,
    segments: [],
    preloadHint: undefined,
    reports: [],
    queryParam: undefined,
  };
  const seen = new Set<string>();
  let map: string | undefined;
  let current: ReadSegment | undefined;
  const open = (): ReadSegment => {
    current ??= {
      number: playlist.mediaSequence + playlist.skipped + playlist.segments.length,
      uri: undefined,
      duration: Number.NaN,
      dateTime: undefined,
      gap: false,
      discontinuity: false,
      map,
      parts: [],
      byteRange: undefined,
    };
    return current;
  };
  for (const line of lines) {
    if (line === '') throw new Error('a blank line');
    if (!line.startsWith('#')) {
      const segment = open();
      if (Number.isNaN(segment.duration)) throw new Error(`${line} has no EXTINF`);
      segment.uri = line;
      segment.map = map;
      playlist.segments.push(segment);
      current = undefined;
      continue;
    }
    const [, tag = '', value] = line.match(/^#(EXT[A-Z0-9-]*)(?::(.*))?$/) ?? [];
    if (ONCE.has(tag)) {
      if (seen.has(tag)) throw new Error(`${tag} twice`);
      if (current !== undefined || playlist.segments.length > 0) throw new Error(`${tag} too late`);
      seen.add(tag);
    }
    switch (tag) {
      case 'EXT-X-VERSION':
        playlist.version = integer(value);
        break;
      case 'EXT-X-TARGETDURATION':
        playlist.targetDuration = integer(value);
        break;
      case 'EXT-X-MEDIA-SEQUENCE':
        playlist.mediaSequence = integer(value);
        break;
      case 'EXT-X-DISCONTINUITY-SEQUENCE':
        playlist.discontinuitySequence = integer(value);
        break;
      case 'EXT-X-SERVER-CONTROL':
        playlist.control = attributes(value ?? '');
        break;
      case 'EXT-X-PART-INF':
        playlist.partTarget = decimal(attributes(value ?? '')['PART-TARGET']);
        break;
      case 'EXT-X-INDEPENDENT-SEGMENTS':
        playlist.independentSegments = true;
        break;
      case 'EXT-X-I-FRAMES-ONLY':
        playlist.iFramesOnly = true;
        break;
      case 'EXT-X-DEFINE':
        playlist.queryParam = quoted(attributes(value ?? '')['QUERYPARAM']);
        break;
      case 'EXT-X-SKIP':
        if (playlist.segments.length > 0 || current !== undefined)
          throw new Error('late EXT-X-SKIP');
        playlist.skipped = integer(attributes(value ?? '')['SKIPPED-SEGMENTS']);
        break;
      case 'EXT-X-MAP':
        map = quoted(attributes(value ?? '')['URI']);
        open().map = map;
        break;
      case 'EXT-X-DISCONTINUITY':
        open().discontinuity = true;
        break;
      case 'EXT-X-PROGRAM-DATE-TIME':
        if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value ?? '')) {
          throw new Error(`not a date: ${value}`);
        }
        open().dateTime = Date.parse(value ?? '');
        break;
      case 'EXT-X-GAP':
        open().gap = true;
        break;
      case 'EXT-X-BYTERANGE':
        open().byteRange = value;
        break;
      case 'EXT-X-PART': {
        const { DURATION, URI, INDEPENDENT, GAP, ...rest } = attributes(value ?? '');
        if (Object.keys(rest).length > 0) throw new Error(`unknown attributes: ${line}`);
        open().parts.push({
          uri: quoted(URI),
          duration: decimal(DURATION),
          independent: INDEPENDENT === 'YES',
          gap: GAP === 'YES',
        });
        break;
      }
      case 'EXTINF': {
        const [duration, title] = (value ?? '').split(',', 2);
        if (title === undefined) throw new Error('EXTINF without a comma');
        open().duration = decimal(duration);
        break;
      }
      case 'EXT-X-PRELOAD-HINT': {
        const hint = attributes(value ?? '');
        if (hint['TYPE'] !== 'PART' || playlist.preloadHint !== undefined) {
          throw new Error(`odd hint: ${line}`);
        }
        playlist.preloadHint = quoted(hint['URI']);
        break;
      }
      case 'EXT-X-RENDITION-REPORT': {
        const report = attributes(value ?? '');
        playlist.reports.push({
          uri: quoted(report['URI']),
          lastMsn: integer(report['LAST-MSN']),
          lastPart: report['LAST-PART'] === undefined ? undefined : integer(report['LAST-PART']),
        });
        break;
      }
      case 'EXT-X-ENDLIST':
        playlist.ended = true;
        break;
      default:
        throw new Error(`unknown tag: ${line}`);
    }
  }
  if (current !== undefined) playlist.segments.push(current);
  return playlist;
}
