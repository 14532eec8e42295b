import { BoxCutter, parseMoof } from '#protocol';

/** What a player saw of one rendition, part by part. */
export interface FollowedPart {
  uri: string;
  /** When it was there, on the monotonic clock, in milliseconds. */
  arrivedMs: number;
  /** Of its picture, in ticks. */
  start: number;
  end: number;
  /** Of its sound, in ticks; absent where it has none. */
  sound?: { start: number; end: number };
}

/**
 * Follows a low-latency media playlist as a player does: blocking reloads, one
 * part after the other, trying again when something does not answer.
 */
export class Follower {
  readonly parts: FollowedPart[] = [];
  /** Rules that a playlist broke: it stepped back, changed its past. */
  readonly faults: string[] = [];
  /** Parts and segments that were listed as missing for good. */
  gaps = 0;
  errors = 0;
  ended = false;
  readonly #base: string;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #hint: [number, number] | undefined;
  #lastSequence = 0;

  /** `base` is the rendition's folder, e.g. `http://host/hls/main/360p`. */
  constructor(base: string) {
    this.#base = base;
  }

  start(): void {
    this.#loop = this.#follow();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  /** The longest time between two parts, in milliseconds, since this moment. */
  longestWait(sinceMs = 0): number {
    let longest = 0;
    for (let i = 1; i < this.parts.length; i++) {
      const [before, part] = [this.parts[i - 1], this.parts[i]];
      if (before === undefined || part === undefined || part.arrivedMs < sinceMs) continue;
      longest = Math.max(longest, part.arrivedMs - before.arrivedMs);
    }
    return longest;
  }

  /** Holes and overlaps between parts that follow each other, in ticks. */
  seams(track: 'picture' | 'sound' = 'picture'): number[] {
    const seams: number[] = [];
    let end: number | undefined;
    for (const part of this.parts) {
      const span = track === 'picture' ? part : part.sound;
      if (span === undefined) continue;
      if (end !== undefined && span.start !== end) seams.push(span.start - end);
      end = span.end;
    }
    return seams;
  }

  async #follow(): Promise<void> {
    while (!this.#abort.signal.aborted && !this.ended) {
      try {
        await this.#step();
      } catch {
        if (this.#abort.signal.aborted) return;
        this.errors++;
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    }
  }

  async #step(): Promise<void> {
    const query =
      this.#hint === undefined ? '' : `?_HLS_msn=${this.#hint[0]}&_HLS_part=${this.#hint[1]}`;
    const text = await (await this.#get(`media.m3u8${query}`)).text();
    this.#check(text);
    const known = this.parts.at(-1)?.uri;
    const uris = [...text.matchAll(/#EXT-X-PART:[^\n]*URI="([^"]+)"([^\n]*)/g)];
    this.gaps = Math.max(this.gaps, (text.match(/GAP=YES|#EXT-X-GAP/g) ?? []).length);
    const fresh =
      known === undefined ? uris.slice(-1) : uris.filter(([, uri]) => later(uri ?? '', known));
    for (const [, uri = '', rest = ''] of fresh)
      if (!rest.includes('GAP=YES')) await this.#fetch(uri);
    const hint = text.match(/#EXT-X-PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s/);
    this.#hint = hint === null ? undefined : [Number(hint[1]), Number(hint[2])];
    if (text.includes('#EXT-X-ENDLIST')) this.ended = true;
  }

  #check(text: string): void {
    const sequence = Number(text.match(/#EXT-X-MEDIA-SEQUENCE:(\d+)/)?.[1]);
    if (sequence < this.#lastSequence)
      this.faults.push(`media sequence ${this.#lastSequence} -> ${sequence}`);
    this.#lastSequence = sequence;
    const hint = text.match(/#EXT-X-PRELOAD-HINT:TYPE=PART,URI="(\d+\.\d+)\.m4s/)?.[1];
    const before = this.#hint?.join('.');
    if (hint !== undefined && before !== undefined && later(before, hint)) {
      this.faults.push(`the next part was ${before} and is ${hint}`);
    }
  }

  async #fetch(uri: string): Promise<void> {
    const bytes = new Uint8Array(await (await this.#get(uri)).arrayBuffer());
    const boxes: Uint8Array[] = [];
    new BoxCutter(1e8, (box) => boxes.push(box.bytes)).push(bytes);
    const [moof, mdat] = boxes;
    if (moof === undefined || mdat === undefined) throw new Error(`${uri} is not a part`);
    const tracks = parseMoof(moof, mdat.length);
    const span = (id: number) => {
      const track = tracks.find(({ trackId }) => trackId === id);
      return track && { start: track.baseDecodeTime, end: track.baseDecodeTime + track.duration };
    };
    const picture = span(1) ?? span(2);
    const sound = span(2);
    if (picture === undefined) throw new Error(`${uri} has no track`);
    this.parts.push({
      uri,
      arrivedMs: performance.now(),
      ...picture,
      ...(sound === undefined ? {} : { sound }),
    });
  }

  async #get(name: string): Promise<Response> {
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(10_000)]);
    const response = await fetch(`${this.#base}/${name}`, { signal });
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    return response;
  }
}

/** True when part `a` comes behind part `b`; both as `segment.part`. */
function later(a: string, b: string): boolean {
  const [aSegment = 0, aPart = 0] = a.split('.').map(Number);
  const [bSegment = 0, bPart = 0] = b.split('.').map(Number);
  return aSegment === bSegment ? aPart > bPart : aSegment > bSegment;
}
