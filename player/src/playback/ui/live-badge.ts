import { clockText, secondsText } from '../format.ts';
import type { Playback } from '../playback.ts';
import { h, setText } from './dom.ts';

/** Says whether the picture is live and how far behind; pressed, it goes live. */
/** Further behind than it wants to be by so much, the picture is not called live. */
const FAR_BEHIND_MS = 4_000;

export class LiveBadge {
  readonly el: HTMLElement;
  readonly #playback: Playback;
  readonly #button = h(
    'button',
    { class: 'amphi-live', type: 'button' },
    h('span', { class: 'amphi-live-dot', 'aria-hidden': 'true' }),
  );
  readonly #label = h('span', {}, 'Live');
  readonly #delay = h('span', { class: 'amphi-delay' });

  constructor(playback: Playback) {
    this.#playback = playback;
    this.#button.append(this.#label);
    this.#button.addEventListener('click', () => {
      playback.follower.goLive();
      playback.resume();
    });
    this.el = h('div', { class: 'amphi-live-group' }, this.#button, this.#delay);
  }

  update(): void {
    const { follower, info, session, video } = this.#playback;
    const live = session?.live ?? info.status !== 'ended';
    const latency = follower.latencyMs;
    const late = (latency ?? 0) > follower.targetMs + FAR_BEHIND_MS;
    const following = follower.following === true && !video.paused && !late;
    this.el.toggleAttribute('hidden', follower.positionMs === undefined);
    this.#button.classList.toggle('amphi-following', live && following);
    this.#button.classList.toggle('amphi-over', !live);
    this.#button.disabled = !live || following;
    setText(this.#label, !live ? 'Ended' : following ? 'Live' : 'Go live');
    this.#button.setAttribute(
      'aria-label',
      !live ? 'Ended' : following ? 'Watching live' : 'Go live',
    );
    const window = follower.windowMs;
    const position = follower.positionMs;
    if (live && following) {
      this.#delay.title = 'Behind the programme';
      // A clock that is off by more than the delay has nothing to say about it.
      setText(this.#delay, latency === undefined || latency <= 0 ? '' : secondsText(latency));
    } else if (window !== undefined && position !== undefined) {
      this.#delay.title = live ? 'Behind live' : 'Before the end';
      setText(this.#delay, `−${clockText((window.end - position) / 1000)}`);
    }
  }
}
