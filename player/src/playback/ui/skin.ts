import videojs from 'video.js/core.es.js';
import type { Playback } from '../playback.ts';
import { rememberSound } from '../sound.ts';
import { Captions } from './captions.ts';
import { castButton } from './cast.ts';
import { Curtain } from './curtain.ts';
import { h, setText } from './dom.ts';
import { Freeze } from './freeze.ts';
import { bindGestures } from './gestures.ts';
import { Help } from './help.ts';
import { bindKeys } from './keys.ts';
import { LiveBadge } from './live-badge.ts';
import { toggleFullscreen, togglePictureInPicture } from './screen.ts';
import { Settings } from './settings.ts';
import { Stats } from './stats.ts';
import { Storyboard } from './storyboard-loader.ts';
import { Timeline } from './timeline.ts';
import './skin.css';

const UPDATE_MS = 250;

export interface SkinOptions {
  /** Title and viewers over the picture: always in an embed, in full screen on the watch page. */
  header: 'always' | 'fullscreen';
  /** Where the title leads. */
  titleLink?: string;
}

/** Dresses the player: video.js's own controls and ours beside them. */
export class Skin {
  readonly #playback: Playback;
  readonly #timeline: Timeline;
  readonly #badge: LiveBadge;
  readonly #settings: Settings;
  readonly #curtain: Curtain;
  readonly #stats: Stats;
  readonly #title: HTMLElement;
  readonly #viewers = h('span', { class: 'amphi-header-viewers' });
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #undo: (() => void)[] = [];

  constructor(playback: Playback, options: SkinOptions) {
    this.#playback = playback;
    const { player, video } = playback;
    const { titleLink } = options;
    const about = { class: 'amphi-header-title', dir: 'auto' };
    this.#title =
      titleLink === undefined
        ? h('span', about)
        : h('a', { ...about, href: titleLink, target: '_blank', rel: 'noopener' });
    const help = new Help();
    const captions = new Captions(playback);
    this.#stats = new Stats(playback);
    this.#timeline = new Timeline(playback, new Storyboard(playback));
    this.#badge = new LiveBadge(playback);
    this.#curtain = new Curtain(playback);
    this.#settings = new Settings(playback, {
      toggleStats: () => this.#stats.toggle(),
      toggleHelp: () => help.toggle(),
      statsShown: () => this.#stats.shown,
    });
    const root = player.el();
    root.classList.add('amphi-skin');
    root.setAttribute('aria-label', 'Video player');
    const header = h(
      'div',
      { class: `amphi-header amphi-header-${options.header}` },
      this.#title,
      this.#viewers,
    );
    root.append(new Freeze(playback).el, header, this.#curtain.el, this.#stats.el, help.el);
    this.#addBar(castButton(video));
    // What floats over the picture lies below the controls, and the dialog above all.
    root.append(help.el);
    this.#undo.push(
      bindGestures(playback, root as HTMLElement),
      bindKeys(playback, {
        toggleCaptions: () => captions.toggle(),
        toggleStats: () => this.#stats.toggle(),
        toggleHelp: () => help.toggle(),
        toggleFullscreen: () => toggleFullscreen(playback),
        togglePictureInPicture: () => togglePictureInPicture(playback),
        wake: () => player.userActive(true),
      }),
    );
    video.addEventListener('volumechange', () => {
      rememberSound({ volume: video.volume, muted: video.muted && playback.blocked === undefined });
    });
    for (const name of ['view', 'info', 'mode', 'rungs', 'quality'] as const) {
      playback.on(name, () => this.#update());
    }
    for (const name of [
      'play',
      'pause',
      'seeking',
      'seeked',
      'playing',
      'waiting',
      'ended',
      'resize',
    ]) {
      video.addEventListener(name, () => this.#update());
    }
    this.#timer = setInterval(() => this.#update(), UPDATE_MS);
    this.#update();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const undo of this.#undo) undo();
  }

  #addBar(cast: HTMLElement | undefined): void {
    const { player } = this.#playback;
    const Component = videojs.getComponent('Component');
    const wrap = (el: HTMLElement) => new Component(player, { el } as never);
    const bar = player.addChild('ControlBar', { children: [] }) as unknown as {
      addChild(child: unknown, options?: object): unknown;
      el(): Element;
    };
    bar.el().setAttribute('role', 'group');
    bar.el().setAttribute('aria-label', 'Player controls');
    bar.addChild(wrap(this.#timeline.el));
    const toggle = bar.addChild('PlayToggle', { replay: true }) as { handleClick(): void };
    // Its own way asks the element, which has nothing before a viewer wants it.
    toggle.handleClick = () => this.#playback.togglePlay();
    bar.addChild('VolumePanel', { inline: true });
    bar.addChild(wrap(this.#badge.el));
    bar.addChild(wrap(h('div', { class: 'amphi-space' })));
    bar.addChild('SubsCapsButton');
    bar.addChild(wrap(this.#settings.el));
    if (cast !== undefined) bar.addChild(wrap(cast));
    bar.addChild('PictureInPictureToggle');
    bar.addChild('FullscreenToggle');
  }

  #update(): void {
    const { info, player, video, view } = this.#playback;
    this.#timeline.update();
    this.#badge.update();
    this.#settings.update();
    this.#curtain.update();
    this.#stats.update();
    setText(this.#title, info.title);
    setText(this.#viewers, info.viewers > 0 ? `${info.viewers.toLocaleString()} watching` : '');
    const root = player.el();
    const isBare = this.#curtain.down || (view.name !== 'playing' && !this.#playback.started);
    root.classList.toggle('amphi-bare', isBare);
    root.classList.toggle('amphi-sound-only', this.#playback.soundOnly);
    // Controls stay while something in them is being used.
    if (this.#settings.open || this.#timeline.scrubbing || video.paused) player.userActive(true);
  }
}
