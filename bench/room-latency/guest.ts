import type { Browser, Page } from 'playwright-core';
import { until } from '#support';
import { BLOCK } from '../barcode.ts';
import { barcodeInPage } from '../barcode-camera.ts';
import { PICTURE } from '../barcode-source.ts';
import { type ShownPicture, takePictures, watchClocks } from '../clock-page.ts';
import { bringDevices, type JoinMarks, type PageState, watchJoining } from './in-page.ts';
import { EAR, MOUTH } from './sound.ts';

export type PictureSize = 'large' | 'medium' | 'small';

export interface GuestOptions {
  name: string;
  picture: PictureSize;
  hostToken?: string;
  /** Where the call server is reached instead of at its own UDP port. */
  port?: number | undefined;
}

/** What was heard of one voice. */
export interface Heard {
  /** Epoch milliseconds at which each burst left the decoder. */
  bursts: number[];
  /** The longest without any sound, and the longest that was made up for missing packets. */
  longestSilenceMs: number;
  longestConcealedMs: number;
  /** Of all samples, those that were made up. */
  concealedShare: number;
  /** How long sound waited in the jitter buffer, on average. */
  bufferMs: number;
  /** From the decoder to the loudspeaker, as the browser knows it. */
  playoutMs: number;
}

/** As much of the page's session as is looked at. */
interface Session {
  state: { get(): { people: Record<string, { participantId: string; displayName: string }> } };
  remote: {
    get(
      id: string,
      slot: string,
    ): { shown: MediaStreamTrack | undefined; path: string | undefined };
    voices(): Iterable<[string, RTCRtpReceiver]>;
  };
}

interface Listening extends PageState {
  stopListening: () => Promise<Heard>;
}

const JOINED_MS = 30_000;
const CONCEALMENT_EVERY_MS = 40;

/** Somebody in the room: the page as it is, in a real browser, with a camera and a microphone whose time can be told. */
export class Guest {
  readonly page: Page;
  readonly name: string;

  private constructor(page: Page, name: string) {
    this.page = page;
    this.name = name;
  }

  /** In the lobby, with everything loaded. */
  static async open(browser: Browser, url: string, options: GuestOptions): Promise<Guest> {
    const { name, picture, hostToken, port } = options;
    const context = await browser.newContext({
      viewport: { width: 1000, height: 700 },
      // The worklets come as blobs.
      bypassCSP: true,
    });
    await context.addInitScript(`window.barcodeOf = ${barcodeInPage()}`);
    await context.addInitScript(bringDevices, { mouth: MOUTH, block: BLOCK, width: PICTURE.width });
    await context.addInitScript(watchJoining, { port });
    await context.addInitScript((picture) => {
      localStorage['amphi.room'] ??= JSON.stringify({ preferences: { picture } });
    }, picture);
    const page = await context.newPage();
    await page.goto(hostToken === undefined ? url : `${url}#host=${hostToken}`);
    const guest = new Guest(page, name);
    await guest.#readyToJoin();
    return guest;
  }

  static async join(browser: Browser, url: string, options: GuestOptions): Promise<Guest> {
    const guest = await Guest.open(browser, url, options);
    await guest.join();
    await guest.page.locator('.tile').first().waitFor();
    return guest;
  }

  join(): Promise<void> {
    return this.page.getByRole('button', { name: /^(Join|Ask to join)$/ }).click();
  }

  /** Leaves, and stands in the lobby again as somebody who comes for the first time. */
  async again(): Promise<void> {
    await this.page.evaluate(() => {
      const { session } = document.getElementById('root') as unknown as {
        session: { leave(): void };
      };
      session.leave();
    });
    await this.page.reload();
    await this.#readyToJoin();
  }

  async #readyToJoin(): Promise<void> {
    await this.page.getByLabel('Your name').fill(this.name);
    await this.page.locator('.lobby-picture video').waitFor();
    await this.page.waitForLoadState('networkidle');
  }

  /** Waits until a picture of somebody else is on the page. */
  async marks(): Promise<JoinMarks> {
    return until(
      `${this.name} to see somebody`,
      async () => {
        const marks = await this.page.evaluate(() => (window as unknown as PageState).marks);
        return marks.picture === undefined ? undefined : marks;
      },
      JOINED_MS,
      50,
    );
  }

  /** Waits until somebody's picture and sound come by the call server. */
  async receives(name: string): Promise<void> {
    await until(
      `${this.name} to receive ${name}`,
      () =>
        this.page.evaluate((name) => {
          const { session } = document.getElementById('root') as unknown as { session: Session };
          const people = Object.values(session?.state.get().people ?? {});
          const id = people.find(({ displayName }) => displayName === name)?.participantId ?? '';
          return ['camera', 'microphone'].every((slot) => {
            const { shown, path } = session.remote.get(id, slot);
            return path === 'callserver' && shown?.muted === false;
          });
        }, name),
      JOINED_MS,
      100,
    );
  }

  watch(name: string, every: number): Promise<void> {
    return watchClocks(this.page, every, `.tile video[aria-label="Camera of ${name}"]`);
  }

  /** What was shown since the last time. */
  seen(): Promise<ShownPicture[]> {
    return takePictures(this.page);
  }

  /** Begins to listen to somebody's voice. */
  listen(name: string): Promise<void> {
    return this.page.evaluate(listenInPage, { name, ear: EAR, everyMs: CONCEALMENT_EVERY_MS });
  }

  heard(): Promise<Heard> {
    return this.page.evaluate(() => (window as unknown as Listening).stopListening());
  }

  /** Epoch milliseconds of the bursts that were made since the last time. */
  said(): Promise<number[]> {
    return this.page.evaluate(() => (window as unknown as PageState).bursts.splice(0));
  }

  async leave(): Promise<void> {
    await this.page.context().close();
  }
}

/** Runs in the page. */
async function listenInPage(options: {
  name: string;
  ear: string;
  everyMs: number;
}): Promise<void> {
  const { session } = document.getElementById('root') as unknown as { session: Session };
  const people = Object.values(session.state.get().people);
  const id = people.find((one) => one.displayName === options.name)?.participantId ?? '';
  const track = session.remote.get(id, 'microphone').shown;
  const receiver = [...session.remote.voices()].find(([one]) => one === id)?.[1];
  if (track === undefined || receiver === undefined) throw new Error(`no voice of ${options.name}`);
  const context = new AudioContext({ sampleRate: 48_000 });
  const url = URL.createObjectURL(new Blob([options.ear], { type: 'text/javascript' }));
  await context.audioWorklet.addModule(url);
  const ear = new AudioWorkletNode(context, 'ear', { numberOfOutputs: 0 });
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const bursts: number[] = [];
  let longestSilenceMs = 0;
  ear.port.onmessage = ({ data }) => {
    if (data.burst !== undefined) bursts.push(data.burst);
    if (data.silenceMs !== undefined) longestSilenceMs = data.silenceMs;
  };
  source.connect(ear);
  await context.resume();

  const read = async () => {
    const figures = { concealed: 0, events: 0, samples: 0, waited: 0, emitted: 0 };
    let playoutMs: number | undefined;
    for (const entry of (await receiver.getStats()).values()) {
      if (entry.type === 'inbound-rtp') {
        figures.concealed = entry.concealedSamples;
        figures.events = entry.concealmentEvents;
        figures.samples = entry.totalSamplesReceived;
        figures.waited = entry.jitterBufferDelay;
        figures.emitted = entry.jitterBufferEmittedCount;
      }
      if (entry.type === 'media-playout' && entry.totalSamplesCount > 0) {
        playoutMs = (entry.totalPlayoutDelay / entry.totalSamplesCount) * 1000;
      }
    }
    return { ...figures, playoutMs };
  };
  const first = await read();
  let before = first;
  // What was made up before the present stretch of it.
  let base = first.concealed;
  let longestConcealed = 0;
  const timer = setInterval(async () => {
    const now = await read();
    if (now.events !== before.events) base = before.concealed;
    longestConcealed = Math.max(longestConcealed, now.concealed - base);
    before = now;
  }, options.everyMs);
  const stopListening = async (): Promise<Heard> => {
    clearInterval(timer);
    const last = await read();
    const { outputLatency } = context;
    await context.close();
    return {
      bursts,
      longestSilenceMs,
      longestConcealedMs: longestConcealed / 48,
      concealedShare: (last.concealed - first.concealed) / (last.samples - first.samples),
      bufferMs: ((last.waited - first.waited) / (last.emitted - first.emitted)) * 1000,
      playoutMs: last.playoutMs ?? outputLatency * 1000,
    };
  };
  Object.assign(window, { stopListening });
}
