import { textOf } from '../net/wire.ts';
import type { Playback } from '../playback.ts';
import { readStoryboard, type Thumbnail } from '../storyboard.ts';

const FRESH_MS = 8_000;

/** The storyboard as it is on the server, asked for when somebody looks at it. */
export class Storyboard {
  readonly #playback: Playback;
  #thumbnails: readonly Thumbnail[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(playback: Playback) {
    this.#playback = playback;
  }

  get thumbnails(): readonly Thumbnail[] {
    return this.#thumbnails;
  }

  refresh(): void {
    const { play, info, wire } = this.#playback;
    const url = play?.thumbnails;
    const { startedAt } = info;
    if (url === undefined || startedAt === undefined) return;
    if (performance.now() - this.#askedAt < FRESH_MS) return;
    this.#askedAt = performance.now();
    wire
      .get(url)
      .then((answer) => {
        if (answer.status !== 200) return;
        const read = readStoryboard(textOf(answer), new URL(url, location.href).href, startedAt);
        this.#thumbnails = read.map((cue) => ({ ...cue, url: wire.addressed(cue.url) }));
      })
      // Without pictures the times are shown alone.
      .catch(() => {});
  }
}
