import { AmphiError, delay, isAmphiError, type Logger, messageOf } from '#base';
import { STAGE_DOOR_SECONDS, stageDoorKey } from '#contracts';
import type { Redis } from '#platform';
import { castOf } from '../room/stage.ts';
import type { RoomState, Staged } from '../room/state.ts';
import type { MediaLink } from './media-link.ts';

export interface StagingOptions {
  media: Pick<MediaLink, 'stage' | 'leaveStage'>;
  redis: Pick<Redis, 'set' | 'del'>;
  state: () => RoomState;
  /** The event shows the room no longer, and will not again. */
  ended: (reason: string) => void;
  log: Logger;
}

const RENEW_MS = (STAGE_DOOR_SECONDS * 1000) / 3;
/** An ingest node that has gone is back, or another one in its place, within seconds. */
const RETRY_MS = 1_000;
const ATTEMPTS = 15;
/** What no further attempt mends. */
const FINAL = ['unauthorized', 'event_not_found', 'source_not_found', 'forbidden', 'bad_request'];

/** Keeps what the call server shows of a room on stage in step with the room. */
export class Staging {
  readonly #options: StagingOptions;
  #told = '';
  #door: { key: string; timer: NodeJS.Timeout } | undefined;
  #retrying = false;
  #closed = false;

  constructor(options: StagingOptions) {
    this.#options = options;
  }

  /** Throws what the event says against it. */
  async enter(stage: Staged): Promise<void> {
    const state = { ...this.#options.state(), stage };
    await this.#options.media.stage(planOf(state, stage));
  }

  /** To be called after every change of the room. */
  follow(): void {
    if (this.#closed) return;
    const state = this.#options.state();
    const { stage } = state;
    this.#keepDoor(state);
    if (stage === undefined) {
      if (this.#told !== '') {
        this.#told = '';
        this.#options.media.leaveStage().catch((error) => this.#debug(error));
      }
      return;
    }
    const plan = planOf(state, stage);
    const text = JSON.stringify(plan);
    if (text === this.#told || this.#retrying) return;
    this.#told = text;
    this.#options.media.stage(plan).catch((error) => this.broken(messageOf(error)));
  }

  /** The call server has forgotten all. */
  restarted(): void {
    this.#told = '';
    this.follow();
  }

  /** The way to the event has broken, or the event has ended it: which of the two, an attempt tells. */
  broken(reason: string): void {
    if (this.#closed || this.#retrying || this.#options.state().stage === undefined) return;
    this.#retrying = true;
    this.#again(reason)
      .catch((error) => this.#options.ended(messageOf(error)))
      .finally(() => {
        this.#retrying = false;
        this.follow();
      });
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#door?.timer);
  }

  async #again(reason: string): Promise<void> {
    let failure: unknown = new AmphiError('unavailable', reason);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      await delay(RETRY_MS);
      const state = this.#options.state();
      if (this.#closed || state.stage === undefined) return;
      try {
        const plan = planOf(state, state.stage);
        await this.#options.media.stage(plan);
        this.#told = JSON.stringify(plan);
        return;
      } catch (error) {
        failure = error;
        if (FINAL.some((code) => isAmphiError(error, code as never))) break;
      }
    }
    throw failure;
  }

  /** What viewers of the event find the room by; gone soon after nobody renews it. */
  #keepDoor({ meetingId, stage }: RoomState): void {
    const key = stage?.open === true ? stageDoorKey(stage.eventId) : undefined;
    if (key === this.#door?.key) return;
    const { redis } = this.#options;
    if (this.#door !== undefined) {
      clearInterval(this.#door.timer);
      redis.del(this.#door.key).catch((error) => this.#debug(error));
      this.#door = undefined;
    }
    if (key === undefined) return;
    const renew = () => {
      redis.set(key, meetingId, 'EX', STAGE_DOOR_SECONDS).catch((error) => this.#debug(error));
    };
    this.#door = { key, timer: setInterval(renew, RENEW_MS) };
    renew();
  }

  #debug(error: unknown): void {
    this.#options.log.debug({ reason: messageOf(error) }, 'stage not kept in step');
  }
}

const planOf = (state: RoomState, { eventId, keyHash, layout }: Staged) => ({
  eventId,
  credential: { keyHash },
  layout,
  people: castOf(state),
});
