import { type Closable, type Logger, messageOf } from '#base';
import type { Cast, CastMember, PublicationUnit } from '#contracts';
import { TAG_AUDIO, TAG_VIDEO } from '#protocol';
import { systemTicker, type Ticker } from '../program/ticker.ts';
import type { PublisherSink } from '../rtmp/session.ts';
import { StageEncoder } from './encoder.ts';
import { avatar, nameLabel } from './label.ts';
import { type Size, type Tile, tilesOf } from './layout.ts';
import { Person } from './person.ts';
import { blend, fill, newPicture, type Overlay, place } from './picture.ts';
import { CHANNELS, mixdown, SOUND_RATE } from './sound.ts';

const CANVAS: Size = { width: 1280, height: 720 };
const FPS = 30;
const TICK_MS = 10;
const SAMPLES_A_FRAME = SOUND_RATE / FPS;
/** An encoder that is further behind begins anew; what it had is lost. */
const MAX_BACKLOG_FRAMES = 20;
/** Times of the stage begin here, so that an encoder's priming lies in front of none. */
const FIRST_MS = 10_000;
const LEAST_LIFE_MS = 1_000;
const MAX_DRAWN = 128;
const BACKGROUND = { y: 22, u: 130, v: 127 };
const TITLE = 'Amphi room';

export interface StageOptions {
  sink: PublisherSink;
  log: Logger;
  ticker?: Ticker;
  /** Monotonic milliseconds. */
  nowMs?: () => number;
}

interface Place {
  person: Person;
  tile: Tile;
  /** The picture that stands there; -1 for the avatar, undefined for nothing yet. */
  shown: number | undefined;
  label: Overlay | undefined;
  avatar: Overlay | undefined;
}

/**
 * Makes one camera of a room: decodes everybody on the cast, keeps everyone's
 * latest picture, and composes at an even pace what an encoder gets, with the
 * sound of all. One who freezes stands still alone.
 */
export class Stage implements Closable {
  readonly #options: StageOptions;
  readonly #nowMs: () => number;
  readonly #canvas = newPicture(CANVAS);
  readonly #people = new Map<string, Person>();
  readonly #byTrack = new Map<number, Person>();
  readonly #drawn = new Map<string, Overlay | undefined>();
  readonly #stop: () => void;
  readonly #startMs: number;
  #places: Place[] = [];
  #encoder: StageEncoder | undefined;
  #encoderAtMs = Number.NEGATIVE_INFINITY;
  #frames = 0;
  #closed = false;

  constructor(options: StageOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#startMs = this.#nowMs();
    options.sink.onMetadata({ encoder: TITLE, framerate: FPS });
    this.#clear();
    this.#stop = (options.ticker ?? systemTicker).every(TICK_MS, () => this.#tick());
  }

  /** Who is on stage from now on, and how they stand. */
  setCast({ layout, members }: Cast): void {
    const gone = new Set(this.#people.keys());
    this.#byTrack.clear();
    for (const member of members) {
      gone.delete(member.id);
      const person = this.#person(member);
      for (const track of [member.sound, member.picture]) {
        if (track !== undefined) this.#byTrack.set(track, person);
      }
    }
    for (const id of gone) {
      this.#people.get(id)?.close();
      this.#people.delete(id);
    }
    const tiles = tilesOf(layout, members.length, CANVAS);
    this.#places = members.flatMap((member, i) => {
      const person = this.#people.get(member.id);
      const tile =
        member.picture === undefined && members.length > tiles.length ? undefined : tiles[i];
      person?.pictures.want(
        member.picture === undefined ? undefined : tiles[i],
        member.screen === true ? 'contain' : 'cover',
      );
      if (person === undefined || tile === undefined) return [];
      return [{ person, tile, shown: undefined, label: undefined, avatar: undefined }];
    });
    this.#clear();
    for (const one of this.#places) this.#draw(one);
  }

  push(track: number, unit: PublicationUnit): void {
    const person = this.#byTrack.get(track);
    if (person === undefined) return;
    if (track === person.member.sound) person.sound.push(unit);
    else person.pictures.push(unit);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
    for (const person of this.#people.values()) person.close();
    this.#encoder?.kill();
  }

  #person(member: CastMember): Person {
    const known = this.#people.get(member.id);
    if (known !== undefined) {
      known.member = member;
      return known;
    }
    const person = new Person(member, this.#options.log, this.#nowMs);
    this.#people.set(member.id, person);
    return person;
  }

  #clear(): void {
    fill(this.#canvas, { x: 0, y: 0, ...CANVAS }, BACKGROUND);
  }

  /** Name and avatar, as soon as they are drawn. */
  #draw(one: Place): void {
    const { name } = one.person.member;
    const { width, height } = one.tile;
    const size = `${width}x${height}`;
    this.#overlay(
      `label ${size} ${name}`,
      () => nameLabel(name, one.tile),
      (overlay) => {
        one.label = overlay;
        one.shown = undefined;
      },
    );
    this.#overlay(
      `avatar ${size} ${name}`,
      () => avatar(name, one.tile),
      (overlay) => {
        one.avatar = overlay;
        one.shown = undefined;
      },
    );
  }

  #overlay(key: string, draw: () => Promise<Overlay>, use: (overlay: Overlay) => void): void {
    const known = this.#drawn.get(key);
    if (known !== undefined) {
      use(known);
      return;
    }
    draw()
      .then((overlay) => {
        const [oldest] = this.#drawn.keys();
        if (this.#drawn.size >= MAX_DRAWN && oldest !== undefined) this.#drawn.delete(oldest);
        this.#drawn.set(key, overlay);
        use(overlay);
      })
      .catch((error) =>
        this.#options.log.warn({ reason: messageOf(error) }, 'a name could not be drawn'),
      );
  }

  /** As many frames as are due; the last one again where the process was away. */
  #tick(): void {
    if (this.#closed) return;
    const due = Math.floor(((this.#nowMs() - this.#startMs) * FPS) / 1000) - this.#frames;
    if (due <= 0) return;
    if (due > FPS) {
      // Too long away for the encoder to make up for.
      this.#frames += due;
      this.#encoder?.kill();
      this.#encoder = undefined;
      return;
    }
    const encoder = this.#encoderNow();
    this.#compose();
    for (let i = 0; i < due; i++) {
      const sound = this.#mix();
      encoder?.write(Buffer.from(this.#canvas.bytes), sound);
      this.#frames++;
    }
  }

  #encoderNow(): StageEncoder | undefined {
    const behind =
      (this.#encoder?.backlogBytes ?? 0) > MAX_BACKLOG_FRAMES * this.#canvas.bytes.length;
    if (behind) {
      this.#options.log.warn({}, 'the encoder of the stage is behind; it begins anew');
      this.#encoder?.kill();
      this.#encoder = undefined;
    }
    if (this.#encoder !== undefined) return this.#encoder;
    if (this.#nowMs() - this.#encoderAtMs < LEAST_LIFE_MS) return undefined;
    this.#encoderAtMs = this.#nowMs();
    const baseMs = FIRST_MS + Math.round((this.#frames * 1000) / FPS);
    const encoder = new StageEncoder({
      size: CANVAS,
      fps: FPS,
      log: this.#options.log,
      onTag: ({ type, timestampMs, body }) => {
        if (this.#closed || (type !== TAG_AUDIO && type !== TAG_VIDEO)) return;
        this.#options.sink.onMedia(type, baseMs + timestampMs, body);
      },
      onEnd: () => {
        if (this.#encoder === encoder) this.#encoder = undefined;
      },
    });
    this.#encoder = encoder;
    return encoder;
  }

  #compose(): void {
    for (const one of this.#places) {
      const { person, tile } = one;
      const picture = person.pictures.latest;
      const version = picture === undefined ? -1 : person.pictures.version;
      if (one.shown === version) continue;
      if (picture !== undefined) place(this.#canvas, picture, tile);
      else if (one.avatar !== undefined) blend(this.#canvas, one.avatar, tile.x, tile.y);
      else fill(this.#canvas, tile, BACKGROUND);
      if (one.label !== undefined) {
        const below = tile.y + tile.height - one.label.picture.height - LABEL_MARGIN;
        blend(this.#canvas, one.label, tile.x + LABEL_MARGIN, Math.max(tile.y, below));
      }
      one.shown = version;
    }
  }

  #mix(): Int16Array {
    const sum = new Int32Array(SAMPLES_A_FRAME * CHANNELS);
    for (const { sound } of this.#people.values()) sound.ring.addTo(sum);
    return mixdown(sum);
  }
}

/** Between a name and the edges of its tile, in pixels. */
const LABEL_MARGIN = 8;
