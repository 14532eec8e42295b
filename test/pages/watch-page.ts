import type { Browser, Page } from 'playwright-core';
import { until } from '#support';

/** What the tests read off the player behind the page. */
interface PlayerState {
  time: number;
  paused: boolean;
  height: number;
  latencyMs: number | undefined;
  following: boolean;
  view: string;
  soundOnly: boolean;
}

/** The part of the player that the page leaves on its stage. */
interface Stage extends HTMLElement {
  playback: {
    video: HTMLVideoElement;
    following: boolean;
    soundOnly: boolean;
    view: { name: string };
    follower: { latencyMs: number | undefined };
  };
}

/** A watch page in a real browser, and what can be seen and heard there. */
export class WatchPage {
  readonly page: Page;
  readonly errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(error.stack ?? error.message));
  }

  static async open(browser: Browser, url: string): Promise<WatchPage> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
    const watch = new WatchPage(await context.newPage());
    await watch.page.goto(url);
    await watch.player();
    return watch;
  }

  /** Resolves when the page's player has been built. */
  async player(): Promise<void> {
    await this.page.waitForFunction(
      () => (document.getElementById('stage') as Partial<Stage> | null)?.playback !== undefined,
    );
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  state(): Promise<PlayerState> {
    return this.page.evaluate(() => {
      const { playback } = document.getElementById('stage') as Stage;
      const { video, following, soundOnly, view, follower } = playback;
      return {
        time: video.currentTime,
        paused: video.paused,
        height: video.videoHeight,
        latencyMs: follower.latencyMs,
        following,
        soundOnly,
        view: view.name,
      };
    });
  }

  /** Waits until the state is such. */
  when(
    what: string,
    is: (state: PlayerState) => boolean,
    timeoutMs = 15_000,
  ): Promise<PlayerState> {
    return until(
      what,
      async () => {
        const state = await this.state();
        return is(state) ? state : undefined;
      },
      timeoutMs,
      100,
    );
  }

  /** The decoded picture, scaled down to some grey values. */
  picture(): Promise<number[]> {
    return this.page.evaluate(() => {
      const video = document.querySelector<HTMLVideoElement>('video.vjs-tech');
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [32, 18];
      const context = canvas.getContext('2d');
      if (video === null || context === null) throw new Error('no picture');
      context.drawImage(video, 0, 0, 32, 18);
      const { data } = context.getImageData(0, 0, 32, 18);
      return Array.from({ length: 32 * 18 }, (_, i) => data[i * 4] ?? 0);
    });
  }

  /** Waits until the decoded pixels differ from what they were. */
  async pictureMoves(timeoutMs = 15_000): Promise<void> {
    const before = await until(
      'a picture',
      async () => {
        const pixels = await this.picture();
        return pixels.some((value) => value > 0) ? pixels : undefined;
      },
      timeoutMs,
    );
    await until(
      'the picture to move',
      async () => {
        const now = await this.picture();
        return now.filter((value, i) => Math.abs(value - (before[i] ?? 0)) > 24).length > 4;
      },
      timeoutMs,
    );
  }

  /** Waits until what the element plays is louder than silence. */
  soundLevel(timeoutMs = 10_000): Promise<number> {
    return until(
      'sound',
      async () => {
        // Recorded and decoded again: an AudioContext would need a sound card in Firefox.
        const level = await this.page.evaluate(async () => {
          const video = document.querySelector<HTMLVideoElement>(
            'video.vjs-tech',
          ) as HTMLVideoElement & {
            captureStream?: () => MediaStream;
            mozCaptureStream?: () => MediaStream;
          };
          video.muted = false;
          const stream = video.mozCaptureStream?.() ?? video.captureStream?.();
          const recorder = new MediaRecorder(new MediaStream(stream?.getAudioTracks() ?? []));
          const chunks: Blob[] = [];
          recorder.addEventListener('dataavailable', ({ data }) => chunks.push(data));
          const stopped = new Promise((resolve) => recorder.addEventListener('stop', resolve));
          recorder.start();
          setTimeout(() => recorder.stop(), 500);
          await stopped;
          const bytes = await new Blob(chunks).arrayBuffer();
          const decoder = new OfflineAudioContext(1, 48_000, 48_000);
          const samples = (await decoder.decodeAudioData(bytes)).getChannelData(0);
          return Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
        });
        return level > 0.005 ? level : undefined;
      },
      timeoutMs,
    );
  }

  /** Chooses a rung as a viewer does. */
  async choose(label: string): Promise<void> {
    const { page } = this;
    await page.mouse.move(500, 300);
    await page.mouse.move(510, 310);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('menuitem', { name: /^Quality/ }).click();
    await page.getByRole('menuitemradio', { name: new RegExp(`^${label}`) }).click();
  }
}
