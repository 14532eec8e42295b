import { clockText, clockWords, dayTime } from '../format.ts';
import type { Playback } from '../playback.ts';
import { type Thumbnail, thumbnailAt } from '../storyboard.ts';
import { h, setText, toggleAttribute } from './dom.ts';
import type { Storyboard } from './storyboard-loader.ts';

/** Behind live by no more than this reads as live. */
const STEP_SECONDS = 5;
const PAGE_SECONDS = 60;
/** A window shorter than this is no place to go back to. */
const LEAST_WINDOW_MS = 12_000;

/** The bar of what is kept: shows where the viewer is, previews and seeks anywhere in it. */
export class Timeline {
  readonly el: HTMLElement;
  readonly #playback: Playback;
  readonly #storyboard: Storyboard;
  readonly #bar = h('div', { class: 'amphi-timeline-bar' });
  readonly #buffered = h('div', { class: 'amphi-timeline-buffered' });
  readonly #played = h('div', { class: 'amphi-timeline-played' });
  readonly #hover = h('div', { class: 'amphi-timeline-hover' });
  readonly #knob = h('div', { class: 'amphi-timeline-knob' });
  readonly #picture = h('img', { alt: '', class: 'amphi-preview-picture', hidden: true });
  readonly #behind = h('span', { class: 'amphi-preview-behind' });
  readonly #clock = h('span', { class: 'amphi-preview-clock' });
  readonly #preview: HTMLElement;
  /** Programme time under the pointer while it is held down. */
  #scrubMs: number | undefined;
  #hoverShare: number | undefined;
  #shown: Thumbnail | undefined;

  constructor(playback: Playback, storyboard: Storyboard) {
    this.#playback = playback;
    this.#storyboard = storyboard;
    this.#bar.append(this.#buffered, this.#hover, this.#played);
    this.#preview = h(
      'div',
      { class: 'amphi-preview', 'aria-hidden': 'true', hidden: true },
      this.#picture,
      h('div', { class: 'amphi-preview-times' }, this.#behind, this.#clock),
    );
    this.el = h(
      'div',
      {
        class: 'amphi-timeline',
        role: 'slider',
        tabindex: '0',
        'aria-label': 'Position in the broadcast',
        'aria-valuemin': '0',
        'aria-valuemax': '0',
        'aria-valuenow': '0',
      },
      this.#bar,
      this.#knob,
      this.#preview,
    );
    this.#picture.addEventListener('load', () => this.#picture.removeAttribute('hidden'));
    this.#picture.addEventListener('error', () => this.#picture.setAttribute('hidden', ''));
    this.#listen();
  }

  get scrubbing(): boolean {
    return this.#scrubMs !== undefined;
  }

  update(): void {
    const { follower, video } = this.#playback;
    const window = follower.windowMs;
    const position = this.#scrubMs ?? follower.positionMs;
    const usable = window !== undefined && window.end - window.start >= LEAST_WINDOW_MS;
    this.el.toggleAttribute('hidden', !usable);
    if (follower === undefined || window === undefined || position === undefined || !usable) return;
    const span = window.end - window.start;
    const atEdge = follower.following && this.#scrubMs === undefined;
    const share = atEdge ? 1 : clamp((position - window.start) / span);
    const ahead = clamp((position + follower.bufferMs - window.start) / span);
    this.el.style.setProperty('--played', String(share));
    this.el.style.setProperty('--buffered', String(Math.max(share, ahead)));
    this.el.classList.toggle('amphi-at-edge', atEdge);
    this.el.classList.toggle('amphi-paused', video.paused);
    const behindSeconds = Math.max(0, (window.end - position) / 1000);
    toggleAttribute(this.el, 'aria-valuemax', String(Math.round(span / 1000)));
    toggleAttribute(this.el, 'aria-valuenow', String(Math.round((position - window.start) / 1000)));
    const words = atEdge
      ? 'Live'
      : `${clockWords(behindSeconds)} ${this.#live ? 'behind live' : 'before the end'}, ${dayTime(position)}`;
    toggleAttribute(this.el, 'aria-valuetext', words);
    if (this.#hoverShare !== undefined) this.#showPreview(this.#hoverShare);
  }

  get #live(): boolean {
    return this.#playback.session?.live ?? true;
  }

  #listen(): void {
    const { el } = this;
    el.addEventListener('pointerenter', () => this.#storyboard.refresh());
    el.addEventListener('pointermove', (event) => {
      const share = this.#shareAt(event.clientX);
      this.#hoverShare = share;
      if (this.#scrubMs !== undefined) this.#scrubMs = this.#epochAt(share);
      this.#showPreview(share);
      if (this.#scrubMs !== undefined) this.update();
    });
    el.addEventListener('pointerleave', () => {
      if (this.#scrubMs === undefined) this.#hidePreview();
    });
    el.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      el.setPointerCapture(event.pointerId);
      this.#storyboard.refresh();
      this.#scrubMs = this.#epochAt(this.#shareAt(event.clientX));
      el.classList.add('amphi-scrubbing');
      this.update();
    });
    const release = (seek: boolean) => (event: PointerEvent) => {
      const target = this.#scrubMs;
      this.#scrubMs = undefined;
      el.classList.remove('amphi-scrubbing');
      if (event.pointerType !== 'mouse') this.#hidePreview();
      if (seek && target !== undefined) this.#playback.follower.seekTo(target);
      this.update();
    };
    el.addEventListener('pointerup', release(true));
    el.addEventListener('pointercancel', release(false));
    el.addEventListener('keydown', (event) => this.#onKey(event));
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { follower } = this.#playback;
    const window = follower.windowMs;
    if (follower === undefined || window === undefined) return;
    const by: Readonly<Record<string, number>> = {
      ArrowLeft: -STEP_SECONDS,
      ArrowDown: -STEP_SECONDS,
      ArrowRight: STEP_SECONDS,
      ArrowUp: STEP_SECONDS,
      PageDown: -PAGE_SECONDS,
      PageUp: PAGE_SECONDS,
    };
    const step = by[event.key];
    if (step !== undefined) follower.seekBy(step);
    else if (event.key === 'Home') follower.seekTo(window.start);
    else if (event.key === 'End') follower.goLive();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.update();
  }

  #shareAt(clientX: number): number {
    const box = this.#bar.getBoundingClientRect();
    return clamp((clientX - box.left) / Math.max(1, box.width));
  }

  #epochAt(share: number): number {
    const window = this.#playback.follower.windowMs;
    return window === undefined ? 0 : window.start + share * (window.end - window.start);
  }

  #showPreview(share: number): void {
    const window = this.#playback.follower.windowMs;
    if (window === undefined) return;
    const at = this.#epochAt(share);
    this.el.style.setProperty('--hover', String(share));
    this.#preview.removeAttribute('hidden');
    setText(
      this.#behind,
      this.#live && share > 0.995 ? 'Live' : `−${clockText((window.end - at) / 1000)}`,
    );
    setText(this.#clock, dayTime(at));
    const thumbnail = thumbnailAt(this.#storyboard.thumbnails, at);
    if (thumbnail !== this.#shown) {
      this.#shown = thumbnail;
      if (thumbnail === undefined) this.#picture.setAttribute('hidden', '');
      else this.#picture.src = thumbnail.url;
    }
    const half = this.#preview.offsetWidth / 2;
    const wide = this.el.clientWidth;
    const left = Math.min(Math.max(share * wide, half), wide - half);
    this.#preview.style.left = `${left}px`;
  }

  #hidePreview(): void {
    this.#hoverShare = undefined;
    this.el.style.setProperty('--hover', '0');
    this.#preview.setAttribute('hidden', '');
  }
}

const clamp = (share: number): number => Math.min(1, Math.max(0, share));
