import { type Logger, type Micros, messageOf, micros } from '#base';
import type { VideoUnit } from '#contracts';
import { SlatePlayer } from './filler.ts';
import type { SlateClip, SlateMaker, SlateSpec } from './slate.ts';

/** A slate that could not be made is tried again after this. */
const RETRY_US = 2_000_000;

/**
 * The picture that stands in for a missing one. What is wanted is said as
 * often as one likes; the slate is made while nothing shows or the one before
 * still does, and plays as soon as it is there, unless it is no longer wanted.
 */
export class StandIn {
  readonly #slates: Pick<SlateMaker, 'clip'>;
  readonly #log: Logger;
  #wanted: string | undefined;
  #shown: { key: string; player: SlatePlayer } | undefined;
  #ready: { key: string; clip: SlateClip } | undefined;
  #loading: string | undefined;
  #retryAtUs = 0;

  constructor(slates: Pick<SlateMaker, 'clip'>, log: Logger) {
    this.#slates = slates;
    this.#log = log;
  }

  /** True while a slate is on air. */
  get isShown(): boolean {
    return this.#shown !== undefined;
  }

  /** Has the slate drawn ahead of need. */
  prepare(spec: SlateSpec): void {
    this.#slates
      .clip(spec)
      .catch((error) => this.#log.warn({ reason: messageOf(error) }, 'no slate'));
  }

  show(spec: SlateSpec, nowUs: Micros): void {
    const key = JSON.stringify(spec);
    this.#wanted = key;
    if (this.#shown?.key === key || this.#ready?.key === key || this.#loading === key) return;
    if (nowUs < this.#retryAtUs) return;
    this.#loading = key;
    this.#slates
      .clip(spec)
      .then((clip) => {
        if (this.#wanted === key) this.#ready = { key, clip };
      })
      .catch((error) => {
        this.#retryAtUs = nowUs + RETRY_US;
        this.#log.error({ reason: messageOf(error) }, 'the slate cannot be shown');
      })
      .finally(() => {
        if (this.#loading === key) this.#loading = undefined;
      });
  }

  hide(): void {
    this.#wanted = undefined;
    this.#shown = undefined;
    this.#ready = undefined;
  }

  /** The units due by now. A slate that has just become ready begins at `fromUs`, or now when that is later. */
  *due(nowUs: Micros, fromUs: number): IterableIterator<[SlateClip, VideoUnit]> {
    if (this.#ready !== undefined && this.#ready.key === this.#wanted) {
      const { key, clip } = this.#ready;
      this.#ready = undefined;
      const startUs = micros(Math.round(Math.max(nowUs, fromUs)));
      this.#shown = { key, player: new SlatePlayer(clip, startUs) };
    }
    const player = this.#shown?.player;
    if (player === undefined) return;
    for (const unit of player.due(nowUs)) yield [player.clip, unit];
  }
}
