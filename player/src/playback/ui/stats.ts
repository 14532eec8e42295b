import { bitrateText, secondsText } from '../format.ts';
import type { Playback } from '../playback.ts';
import { rungLabel } from '../quality.ts';
import { h, iconButton, setText } from './dom.ts';
import { icon } from './icons.ts';

/** How much of the past the curves show. */
const CURVE_SAMPLES = 120;
const CURVE_WIDTH = 120;
const CURVE_HEIGHT = 26;

/** The figures behind the picture, for those who want to know. */
export class Stats {
  readonly el: HTMLElement;
  readonly #playback: Playback;
  readonly #values = new Map<string, HTMLElement>();
  readonly #latency = new Curve('Latency');
  readonly #buffer = new Curve('Buffer');

  constructor(playback: Playback) {
    this.#playback = playback;
    const close = iconButton('amphi-panel-close', 'Close statistics', icon('close'));
    close.addEventListener('click', () => this.toggle(false));
    this.el = h(
      'section',
      { class: 'amphi-stats', 'aria-label': 'Statistics', hidden: true },
      close,
      this.#latency.el,
      this.#buffer.el,
      h('dl', { class: 'amphi-stats-list' }),
    );
  }

  get shown(): boolean {
    return !this.el.hidden;
  }

  toggle(shown = !this.shown): void {
    this.el.hidden = !shown;
    if (shown) this.update();
  }

  update(): void {
    if (!this.shown) return;
    const { video, follower, session, wire, rungs } = this.#playback;
    const { latencyMs, bufferMs = 0, targetMs } = follower ?? {};
    this.#latency.add(latencyMs ?? 0, secondsText(latencyMs, 2));
    this.#buffer.add(bufferMs, secondsText(bufferMs, 2));
    const rung = rungs.find((r) => r.height === video.videoHeight && r.width === video.videoWidth);
    const frames = video.getVideoPlaybackQuality?.();
    const { stalls = 0, stalledMs = 0, jumps = 0, holes = 0 } = follower.counters ?? {};
    this.#set(
      'Picture',
      `${video.videoWidth}×${video.videoHeight}${rung ? ` · ${rungLabel(rung)}` : ''}`,
    );
    this.#set('Bit rate', rung === undefined ? '–' : bitrateText(rung.bitsPerSecond));
    this.#set('Bandwidth', session === undefined ? '–' : bitrateText(session.bandwidth));
    this.#set(
      'Frames',
      frames === undefined
        ? '–'
        : `${frames.droppedVideoFrames} dropped of ${frames.totalVideoFrames}`,
    );
    this.#set(
      'Target',
      `${secondsText(targetMs, 2)} · ${follower.following ? 'live' : 'in the past'}`,
    );
    this.#set('Rate', `${video.playbackRate.toFixed(2)}×`);
    this.#set('Stalls', `${stalls} (${secondsText(stalledMs)}) · ${jumps} jumps · ${holes} holes`);
    this.#set('Round trip', wire.rttMs === undefined ? '–' : `${Math.round(wire.rttMs)} ms`);
    const { offsetMs, uncertaintyMs } = wire.clock;
    this.#set('Clock', `${signed(offsetMs)} ms ± ${Math.round(Math.min(uncertaintyMs, 9_999))}`);
    this.#set(
      'Requests',
      `${wire.counters.requests} · ${wire.counters.used} ahead · ${wire.counters.failed} failed`,
    );
    this.#set('Protocol', session?.protocol === 'rtc' ? 'WebRTC' : 'HLS');
    this.#set('Server', this.#playback.host);
  }

  #set(name: string, value: string): void {
    let place = this.#values.get(name);
    if (place === undefined) {
      place = h('dd');
      this.#values.set(name, place);
      this.el.querySelector('dl')?.append(h('dt', {}, name), place);
    }
    setText(place, value);
  }
}

const signed = (ms: number): string => `${ms < 0 ? '−' : '+'}${Math.round(Math.abs(ms))}`;

/** A figure with its recent course. */
class Curve {
  readonly el: HTMLElement;
  readonly #canvas = h('canvas', {
    width: String(CURVE_WIDTH * 2),
    height: String(CURVE_HEIGHT * 2),
    'aria-hidden': 'true',
  });
  readonly #value = h('output', { class: 'amphi-curve-value' });
  #samples: number[] = [];

  constructor(name: string) {
    this.el = h('div', { class: 'amphi-curve' }, h('span', {}, name), this.#canvas, this.#value);
  }

  add(sample: number, text: string): void {
    this.#samples = [...this.#samples.slice(1 - CURVE_SAMPLES), sample];
    setText(this.#value, text);
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    const { width, height } = this.#canvas;
    const top = Math.max(1_000, ...this.#samples) * 1.1;
    context.clearRect(0, 0, width, height);
    context.strokeStyle = getComputedStyle(this.el).color;
    context.lineWidth = 2.5;
    context.beginPath();
    for (const [i, value] of this.#samples.entries()) {
      const x = width - ((this.#samples.length - 1 - i) * width) / (CURVE_SAMPLES - 1);
      context.lineTo(x, height - (value / top) * (height - 4) - 2);
    }
    context.stroke();
  }
}
