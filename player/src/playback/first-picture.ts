import type { Answer } from './net/wire.ts';
import type { Opening, Preflight } from './preflight.ts';

/**
 * The picture that is there before the player. Fetching and running the
 * player's code takes much longer than fetching the first second of media, so
 * a plain, silent video element shows that second meanwhile. The player begins
 * about where the picture has got to by then, and takes its place.
 */

/** Distance from the live edge to begin at: what the player takes to begin, and its own distance. */
const BEHIND_SECONDS = 1;
/** Beyond this the player has something to say that should not be covered. */
const PLAYER_HAS_MS = 4_000;

/** What it needs of a player. */
export interface Successor {
  readonly video: HTMLVideoElement;
  on(event: 'view', listener: (view: { name: string }) => void): unknown;
}

export class FirstPicture {
  /** It is on the screen, or will never be. */
  readonly settled: Promise<void>;
  readonly #video = document.createElement('video');
  readonly #abort = new AbortController();
  #url: string | undefined;

  /** Undefined where there is nothing to show, or the browser cannot. */
  static async of(
    { opening: opens }: Preflight,
    host: HTMLElement,
  ): Promise<FirstPicture | undefined> {
    const opening = await opens;
    if (opening === undefined || opening.media.length === 0) return undefined;
    if (!('MediaSource' in window)) return undefined;
    if (opening.type === '' || !MediaSource.isTypeSupported(opening.type)) return undefined;
    return new FirstPicture(opening, host);
  }

  private constructor(opening: Opening, host: HTMLElement) {
    const video = this.#video;
    video.muted = true;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    video.setAttribute('aria-hidden', 'true');
    video.tabIndex = -1;
    video.style.cssText =
      'position:absolute;inset:0;z-index:1;width:100%;height:100%;object-fit:contain;pointer-events:none';
    host.append(video);
    this.settled = new Promise((resolve) => {
      this.#abort.signal.addEventListener('abort', () => resolve());
      video.addEventListener('playing', () => resolve(), { once: true });
    });
    this.#play(opening).catch(() => this.close());
  }

  /** Goes when the player shows a picture of its own, or something else in its place. */
  giveWayTo(player: Successor): void {
    const { signal } = this.#abort;
    const close = () => this.close();
    if (!player.video.paused && player.video.readyState >= 3) {
      close();
      return;
    }
    player.video.addEventListener(
      'playing',
      // Playing is decided before the first picture is on the screen.
      () => player.video.requestVideoFrameCallback?.(close) ?? close(),
      { signal, once: true },
    );
    player.on('view', ({ name }) => {
      if (name !== 'playing' && name !== 'loading') close();
    });
    const timer = setTimeout(close, PLAYER_HAS_MS);
    signal.addEventListener('abort', () => clearTimeout(timer));
  }

  close(): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#video.remove();
    this.#video.removeAttribute('src');
    this.#video.load();
    if (this.#url !== undefined) URL.revokeObjectURL(this.#url);
  }

  async #play({ media, seconds, type }: Opening): Promise<void> {
    const source = new MediaSource();
    this.#url = URL.createObjectURL(source);
    const opened = this.#once(source, 'sourceopen');
    this.#video.src = this.#url;
    // Taken as the place to begin at as soon as there is something to begin with.
    this.#video.currentTime = Math.max(0, seconds - BEHIND_SECONDS);
    await opened;
    const buffer = source.addSourceBuffer(type);
    // Counts from zero, whatever the clock of the programme says.
    buffer.mode = 'sequence';
    this.#video.play().catch(() => {});
    for (const answer of media) await this.#append(buffer, await answer);
  }

  async #append(buffer: SourceBuffer, { status, body }: Answer): Promise<void> {
    if (this.#abort.signal.aborted) return;
    if (status !== 200) throw new Error(`HTTP ${status}`);
    const done = this.#once(buffer, 'updateend');
    buffer.appendBuffer(body);
    await done;
  }

  #once(target: EventTarget, event: string): Promise<void> {
    const { signal } = this.#abort;
    return new Promise((resolve) =>
      target.addEventListener(event, () => resolve(), { once: true, signal }),
    );
  }
}
