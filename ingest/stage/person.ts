import type { Logger } from '#base';
import type { CastMember, PublicationUnit } from '#contracts';
import { vp8KeyFrameSize, vp9KeyFrameSize } from '#protocol';
import { Decoder } from './decoder.ts';
import type { Size } from './layout.ts';
import { newPicture, type Picture, pictureBytes } from './picture.ts';
import { SoundRing } from './sound.ts';

/** Without a new picture for so long they are taken to have none. */
const STALE_MS = 3_000;
/** Between two beginnings of a decoder: what fails at once is not tried again with every frame. */
const LEAST_LIFE_MS = 500;

interface Life {
  decoder: Decoder;
  size: Size;
  fit: 'cover' | 'contain';
  over: boolean;
}

/** The latest picture of one person, in the size in which it is shown. */
export class PictureStore {
  readonly #log: Logger;
  readonly #nowMs: () => number;
  #current: Life | undefined;
  /** Begun for another size; takes over with its first picture. */
  #next: Life | undefined;
  #latest: Picture | undefined;
  #latestAtMs = Number.NEGATIVE_INFINITY;
  #begunAtMs = Number.NEGATIVE_INFINITY;
  #wanted: { size: Size; fit: 'cover' | 'contain' } | undefined;
  #needsKey = true;
  /** Grows with each picture. */
  version = 0;

  constructor(log: Logger, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** How large its pictures are shown from now on; undefined for not at all. */
  want(size: Size | undefined, fit: 'cover' | 'contain'): void {
    this.#wanted = size && { size: { width: size.width, height: size.height }, fit };
    if (size === undefined) this.close();
  }

  /** The latest one; undefined while there is none, and when the last one is too old. */
  get latest(): Picture | undefined {
    return this.#nowMs() - this.#latestAtMs > STALE_MS ? undefined : this.#latest;
  }

  push(unit: PublicationUnit): void {
    const { codec } = unit;
    if (codec === 'opus' || this.#wanted === undefined) return;
    if (unit.key) this.#beginWhereNeeded(codec, unit.payload);
    if (this.#needsKey && !unit.key) return;
    const timeMs = Math.max(0, Math.round(unit.mediaUs / 1000));
    const taken = [this.#current, this.#next].map(
      (life) => life === undefined || life.over || life.decoder.push(timeMs, unit),
    );
    this.#needsKey = !taken.every(Boolean);
  }

  close(): void {
    for (const life of [this.#current, this.#next]) life?.decoder.kill();
    this.#current = undefined;
    this.#next = undefined;
    this.#latest = undefined;
    this.#needsKey = true;
  }

  #beginWhereNeeded(codec: Exclude<PublicationUnit['codec'], 'opus'>, frame: Uint8Array): void {
    const { size, fit } = this.#wanted ?? {};
    if (size === undefined || fit === undefined) return;
    const newest = this.#next ?? this.#current;
    const fits =
      newest?.over === false &&
      newest.fit === fit &&
      newest.size.width === size.width &&
      newest.size.height === size.height;
    if (fits || this.#nowMs() - this.#begunAtMs < LEAST_LIFE_MS) return;
    const source = SOURCE_SIZE[codec](frame);
    if (source === undefined) return;
    this.#begunAtMs = this.#nowMs();
    this.#next?.decoder.kill();
    const life: Life = { size, fit, over: false } as Life;
    const frames = new FrameCutter(size, (picture) => {
      if (this.#next === life) {
        this.#current?.decoder.kill();
        this.#current = life;
        this.#next = undefined;
      }
      if (this.#current !== life) return;
      this.#latest = picture;
      this.#latestAtMs = this.#nowMs();
      this.version++;
    });
    life.decoder = Decoder.ofPicture(codec, source, size, fit, {
      log: this.#log,
      onData: (chunk) => frames.push(chunk),
      onEnd: () => {
        life.over = true;
      },
    });
    this.#next = life;
  }
}

/** H.264 tells its size to the decoder itself. */
const SOURCE_SIZE = {
  H264: (): Size => ({ width: 2, height: 2 }),
  VP8: vp8KeyFrameSize,
  VP9: vp9KeyFrameSize,
};

/** Cuts raw video into pictures. Two take turns: one is shown while the other one fills. */
class FrameCutter {
  readonly #pictures: [Picture, Picture];
  readonly #onPicture: (picture: Picture) => void;
  #filling = 0;
  #at = 0;

  constructor(size: Size, onPicture: (picture: Picture) => void) {
    this.#pictures = [newPicture(size), newPicture(size)];
    this.#onPicture = onPicture;
  }

  push(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; ) {
      const picture = this.#pictures[this.#filling] as Picture;
      const missing = pictureBytes(picture) - this.#at;
      const part = chunk.subarray(from, from + missing);
      picture.bytes.set(part, this.#at);
      this.#at += part.length;
      from += part.length;
      if (part.length < missing) return;
      this.#at = 0;
      this.#filling = 1 - this.#filling;
      this.#onPicture(picture);
    }
  }
}

/** One person's sound, decoded and evened out. */
class SoundStore {
  readonly ring = new SoundRing();
  readonly #log: Logger;
  readonly #nowMs: () => number;
  #decoder: Decoder | undefined;
  #begunAtMs = Number.NEGATIVE_INFINITY;
  #odd = new Uint8Array(0);

  constructor(log: Logger, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  push(unit: PublicationUnit): void {
    if (unit.codec !== 'opus') return;
    if (this.#decoder === undefined) {
      if (this.#nowMs() - this.#begunAtMs < LEAST_LIFE_MS) return;
      this.#begunAtMs = this.#nowMs();
      this.#begin();
    }
    this.#decoder?.push(Math.max(0, Math.round(unit.mediaUs / 1000)), unit);
  }

  close(): void {
    this.#decoder?.kill();
    this.#decoder = undefined;
  }

  #begin(): void {
    this.#odd = new Uint8Array(0);
    const decoder = Decoder.ofSound({
      log: this.#log,
      onData: (chunk) => this.#take(chunk),
      onEnd: () => {
        if (this.#decoder === decoder) this.#decoder = undefined;
      },
    });
    this.#decoder = decoder;
  }

  #take(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#odd.length + chunk.length);
    bytes.set(this.#odd);
    bytes.set(chunk, this.#odd.length);
    const whole = bytes.length - (bytes.length % SAMPLE_BYTES);
    this.#odd = bytes.slice(whole);
    this.ring.push(new Int16Array(bytes.buffer, 0, whole / 2));
  }
}

/** Of both channels. */
const SAMPLE_BYTES = 4;

/** One person on stage. */
export class Person {
  readonly pictures: PictureStore;
  readonly sound: SoundStore;
  member: CastMember;

  constructor(member: CastMember, log: Logger, nowMs: () => number) {
    this.member = member;
    this.pictures = new PictureStore(log, nowMs);
    this.sound = new SoundStore(log, nowMs);
  }

  close(): void {
    this.pictures.close();
    this.sound.close();
  }
}
