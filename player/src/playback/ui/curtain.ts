import type { View } from '../live/view.ts';
import type { Playback } from '../playback.ts';
import { h, setText } from './dom.ts';
import { arcs, icon } from './icons.ts';

interface Words {
  title: string;
  text: string;
  /** Label of the button, where there is something to do. */
  action?: string;
}

/** What stands in place of the picture when there is none. */
function wordsFor(view: View, title: string): Words | undefined {
  switch (view.name) {
    case 'loading':
    case 'playing':
      return undefined;
    case 'soon':
      return {
        title: title || 'Starting soon',
        text: 'Starting soon. The picture comes by itself.',
      };
    case 'ended':
      return {
        title: title || 'The end',
        text: view.replay
          ? 'This event has ended.'
          : 'This event has ended. Thank you for watching.',
        ...(view.replay ? { action: 'Watch again' } : {}),
      };
    case 'missing':
      return {
        title: 'No such event',
        text: 'There is nothing at this address. Check the link, or ask whoever sent it.',
      };
    case 'locked':
      return {
        title: 'This event is private',
        text: 'It opens with a personal link. Ask the host for yours.',
      };
    case 'unreachable':
      return { title: 'No connection', text: 'The server does not answer. Trying again …' };
  }
}

/** Everything that covers the picture or floats over it on its own: states, waiting, sound, start. */
export class Curtain {
  readonly el: HTMLElement;
  readonly #playback: Playback;
  readonly #panel: HTMLElement;
  readonly #title = h('h2', { class: 'amphi-curtain-title', dir: 'auto' });
  readonly #text = h('p', { class: 'amphi-curtain-text' });
  readonly #action = h('button', { class: 'amphi-pill amphi-curtain-action', type: 'button' });
  readonly #spinner = h(
    'div',
    { class: 'amphi-spinner', hidden: true, role: 'img', 'aria-label': 'Loading' },
    arcs(3, 'amphi-spinner-arcs'),
  );
  readonly #start = h(
    'button',
    { class: 'amphi-start', type: 'button', 'aria-label': 'Play', hidden: true },
    icon('play'),
  );
  readonly #unmute = h(
    'button',
    { class: 'amphi-pill amphi-unmute', type: 'button', hidden: true },
    icon('speakerOff'),
    h('span', {}, 'Turn on sound'),
  );
  readonly #poster = h('img', { class: 'amphi-poster', alt: '', hidden: true });
  readonly #notice = h('p', { class: 'amphi-notice', hidden: true });
  /** The same words once more, for screen readers, when they change. */
  readonly #spoken = h('p', { class: 'amphi-spoken', role: 'status', 'aria-live': 'polite' });
  #waitingSince: number | undefined;

  constructor(playback: Playback) {
    this.#playback = playback;
    this.#panel = h(
      'div',
      { class: 'amphi-curtain', hidden: true },
      arcs(7, 'amphi-curtain-arcs'),
      h('div', { class: 'amphi-curtain-words' }, this.#title, this.#text, this.#action),
    );
    this.el = h(
      'div',
      { class: 'amphi-front' },
      this.#poster,
      this.#panel,
      this.#spinner,
      this.#start,
      this.#notice,
      this.#unmute,
      this.#spoken,
    );
    this.#action.addEventListener('click', () => playback.replay());
    this.#start.addEventListener('click', () => playback.resume());
    this.#unmute.addEventListener('click', () => this.#turnSoundOn());
    playback.on('blocked', () => this.update());
    playback.on('view', () => this.update());
    playback.on('info', () => this.update());
    playback.video.addEventListener('volumechange', () => this.update());
  }

  /** There is nothing to be seen but what this says. */
  get down(): boolean {
    return !this.#panel.hidden;
  }

  update(): void {
    const { view, video, info, blocked, following } = this.#playback;
    const watching = view.name === 'ended' && this.#stillWatching();
    const words = watching ? undefined : wordsFor(view, info.title);
    this.#panel.hidden = words === undefined;
    this.#panel.dataset['view'] = view.name;
    if (words !== undefined) {
      setText(this.#title, words.title);
      setText(this.#text, words.text);
      setText(this.#action, words.action ?? '');
      this.#action.hidden = words.action === undefined;
    }
    const interrupted = view.name === 'playing' && view.interrupted && following;
    const notice = interrupted ? 'Back in a moment' : '';
    // The slate says it as well, as soon as there is one.
    this.#notice.hidden = !interrupted || !this.#starved;
    setText(this.#notice, notice);
    setText(this.#spoken, words === undefined ? notice : `${words.title}. ${words.text}`);
    this.#unmute.hidden = words !== undefined || blocked !== 'muted' || !video.muted;
    this.#start.hidden = words !== undefined || !this.#mayStart();
    this.#showPoster(!this.#start.hidden);
    this.#showSpinner(words === undefined && this.#start.hidden);
  }

  /** Paused at the beginning, because the browser or the page wants a gesture first. */
  #mayStart(): boolean {
    const { view, video, started, wantsToPlay } = this.#playback;
    return view.name === 'playing' && video.paused && !started && !wantsToPlay;
  }

  /** A picture of the programme for those who have not started it. */
  #showPoster(shown: boolean): void {
    const { play, wire } = this.#playback;
    this.#poster.hidden = !shown || play?.poster === undefined;
    if (this.#poster.hidden || play?.poster === undefined || this.#poster.src !== '') return;
    this.#poster.addEventListener('error', () => this.#poster.remove());
    this.#poster.src = wire.addressed(play.poster);
  }

  #showSpinner(may: boolean): void {
    const { video, view } = this.#playback;
    const waiting = may && (view.name === 'loading' || this.#starved || video.seeking);
    this.#waitingSince = waiting ? (this.#waitingSince ?? performance.now()) : undefined;
    // What is over at once need not be announced.
    const long = this.#waitingSince !== undefined && performance.now() - this.#waitingSince > 300;
    this.#spinner.hidden = !long;
  }

  get #starved(): boolean {
    const { video, wantsToPlay } = this.#playback;
    return wantsToPlay && video.readyState < 3 && !video.ended;
  }

  #stillWatching(): boolean {
    const { video, session, started } = this.#playback;
    if (session === undefined || !started || video.ended) return false;
    return !video.paused || !this.#playback.following;
  }

  #turnSoundOn(): void {
    const { video } = this.#playback;
    video.muted = false;
    if (video.volume < 0.1) video.volume = 0.8;
    this.#playback.resume();
  }
}
