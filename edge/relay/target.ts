/** What a URL under `/hls/` asks for, in the one form under which it is fetched and kept. Pure. */

export type TargetKind =
  /** What a watch page shows beside the picture; answered by a board of its own. */
  | 'status'
  /** A media playlist: whoever asks for it plays. */
  | 'playlist'
  /** Anything else that is small and changes. */
  | 'text'
  /** Segments, parts, pictures. */
  | 'object';

export interface Target {
  eventId: string;
  kind: TargetKind;
  /** Path without a query. */
  path: string;
  /** What is asked of the parent, and kept under. */
  key: string;
  /** The same without waiting for anything. */
  openKey: string;
  /** The answer is held until there is something new. */
  isBlocking: boolean;
  /** Of a status request: the version that the viewer has. */
  after: number;
  /** The viewer's own name, if it gives one. */
  viewer: string | undefined;
  token: string | undefined;
  /** Of a relay's report: its name and how many watch through it. */
  report: { relay: string; viewers: number } | undefined;
}

const EVENT = '[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?';
const RENDITION = '[a-z0-9]{1,16}';
const SHAPES: readonly [TargetKind, RegExp][] = [
  ['playlist', shape(`${RENDITION}/(?:media|plain|iframes)\\.m3u8`)],
  ['object', shape(`${RENDITION}/(?:\\d{1,15}(?:\\.\\d{1,4})?\\.m4s|init-[0-9a-f]{12}\\.mp4)`)],
  ['status', shape('status\\.json')],
  ['text', shape('(?:master|plain)\\.m3u8')],
  ['text', shape('thumbnails/storyboard\\.vtt')],
  ['object', shape('(?:poster|thumbnails/\\d{1,15})\\.jpg')],
];

function shape(rest: string): RegExp {
  return new RegExp(`^/hls/(${EVENT})/${rest}$`);
}

const MAX_URL = 2_048;
const DIGITS = /^\d{1,15}$/;
const NAME = /^[a-z0-9]{8,32}$/;
const MAX_TOKEN = 1_024;

/** The query parameter by which the origin knows that the viewer's token stands in the address. */
const TOKEN_MARK = 'token=1';

/** Undefined for what nobody has. `bad` for directives that are not numbers. */
export function targetOf(url: string): Target | 'bad' | undefined {
  if (url.length > MAX_URL) return undefined;
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  for (const [kind, pattern] of SHAPES) {
    const eventId = path.match(pattern)?.[1];
    if (eventId === undefined) continue;
    const target: Target = {
      eventId,
      kind,
      path,
      key: path,
      openKey: path,
      isBlocking: false,
      after: -1,
      viewer: undefined,
      token: undefined,
      report: undefined,
    };
    return at < 0 ? target : withQuery(target, new URLSearchParams(url.slice(at + 1)));
  }
  return undefined;
}

function withQuery(target: Target, query: URLSearchParams): Target | 'bad' {
  const token = query.get('token') ?? '';
  if (token !== '' && token.length <= MAX_TOKEN) target.token = token;
  const waits: string[] = [];
  const marks: string[] = [];
  if (target.kind === 'playlist') {
    const [msn, part] = [query.get('_HLS_msn'), query.get('_HLS_part')];
    if (msn === null && part !== null) return 'bad';
    for (const [name, value] of [
      ['_HLS_msn', msn],
      ['_HLS_part', part],
    ] as const) {
      if (value === null) continue;
      if (!DIGITS.test(value)) return 'bad';
      // One spelling of a number.
      waits.push(`${name}=${Number(value)}`);
      target.isBlocking = true;
    }
    if (/^(?:YES|v2)$/.test(query.get('_HLS_skip') ?? '')) marks.push('_HLS_skip=YES');
  } else if (target.kind === 'status') {
    const after = query.get('after');
    if (after !== null) {
      if (!DIGITS.test(after)) return 'bad';
      target.after = Number(after);
    }
    const viewer = query.get('viewer') ?? '';
    if (NAME.test(viewer)) target.viewer = viewer;
    const relay = query.get('relay') ?? '';
    const viewers = query.get('viewers') ?? '';
    if (NAME.test(relay) && DIGITS.test(viewers)) {
      target.report = { relay, viewers: Number(viewers) };
    }
  }
  const isPlaylist = target.path.endsWith('.m3u8');
  if (isPlaylist && target.token !== undefined) marks.push(TOKEN_MARK);
  target.key = addressOf(target.path, [...waits, ...marks]);
  target.openKey = addressOf(target.path, marks);
  return target;
}

const addressOf = (path: string, marks: readonly string[]): string =>
  marks.length === 0 ? path : `${path}?${marks.join('&')}`;

/** Remembers what URLs ask for: the same few hundred are asked again and again. */
export class TargetMemo {
  readonly #limit: number;
  #recent = new Map<string, Target | 'bad' | undefined>();
  #older = new Map<string, Target | 'bad' | undefined>();

  constructor(limit = 8_192) {
    this.#limit = limit;
  }

  get(url: string): Target | 'bad' | undefined {
    const known = this.#recent.get(url);
    if (known !== undefined) return known;
    let target = this.#older.get(url);
    if (target === undefined) target = targetOf(url);
    if (this.#recent.size >= this.#limit) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(url, target);
    return target;
  }
}
