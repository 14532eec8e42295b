import type { Playback } from '../playback.ts';
import { h } from './dom.ts';

/** Keeps the last picture on the screen while the stream is being opened anew. */
export class Freeze {
  readonly el = h('canvas', { class: 'amphi-freeze', hidden: true, 'aria-hidden': 'true' });
  readonly #video: HTMLVideoElement;

  constructor(playback: Playback) {
    this.#video = playback.video;
    playback.on('reopening', () => this.#hold());
    this.#video.addEventListener('playing', () => this.#release());
    playback.on('view', ({ name }) => {
      if (name !== 'playing') this.#release();
    });
  }

  #hold(): void {
    const video = this.#video;
    if (!this.el.hidden || video.readyState < 2 || video.videoWidth === 0) return;
    this.el.width = video.videoWidth;
    this.el.height = video.videoHeight;
    this.el.getContext('2d')?.drawImage(video, 0, 0);
    this.el.hidden = false;
  }

  #release(): void {
    this.el.hidden = true;
  }
}
