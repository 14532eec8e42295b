import type { Browser, Page } from 'playwright-core';
import { until } from '#support';

/** As much of the page's session as is looked at. */
interface Session {
  selfId: string;
  state: {
    get(): {
      phase: string;
      people: Record<string, { participantId: string; displayName: string; video: boolean }>;
      route: { peers: 'mesh' | 'callserver' };
    };
  };
  remote: {
    get(id: string, slot: string): { path: string | undefined };
    voices(): Iterable<[string, RTCRtpReceiver]>;
  };
}

interface Watching extends Window {
  /** The longest time without new sound of each voice that is heard, in milliseconds. */
  gaps: Record<string, number>;
}

/** Somebody in a room, in a real browser. */
export class RoomGuest {
  readonly page: Page;
  readonly name: string;

  private constructor(page: Page, name: string) {
    this.page = page;
    this.name = name;
  }

  static async open(
    browser: Browser,
    url: string,
    name: string,
    options: { hostToken?: string; camera?: boolean } = {},
  ): Promise<RoomGuest> {
    const context = await browser.newContext({ viewport: { width: 900, height: 640 } });
    // Everybody encodes on this one machine.
    const { hostToken, camera = true } = options;
    await context.addInitScript((camera) => {
      localStorage['amphi.room'] ??= JSON.stringify({ preferences: { picture: 'small', camera } });
    }, camera);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(hostToken === undefined ? url : `${url}#host=${hostToken}`);
    // Typed: what is filled in at once, React does not notice in Firefox.
    await page.getByLabel('Your name').pressSequentially(name);
    if (camera) await page.locator('.lobby-picture video').waitFor();
    return new RoomGuest(page, name);
  }

  /** Whoever shows a room on this page, however they came into it. */
  static on(page: Page, name: string): RoomGuest {
    return new RoomGuest(page, name);
  }

  /** Opens the lobby and goes in. */
  static async join(...args: Parameters<typeof RoomGuest.open>): Promise<RoomGuest> {
    const room = await RoomGuest.open(...args);
    await room.enter();
    await room.page.locator('.tile').first().waitFor();
    return room;
  }

  async enter(): Promise<void> {
    await this.button(/^(Join|Ask to join)$/).click();
  }

  button(name: string | RegExp) {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  /** Waits until somebody's picture, or screen, is decoded and moves. */
  async sees(name: string, timeoutMs = 20_000): Promise<void> {
    let before: number[] | undefined;
    await until(
      `${this.name} to see ${name} move`,
      async () => {
        const now = await this.#picture(name);
        if (now === undefined) return false;
        const moved = before?.filter((value, i) => Math.abs(value - (now[i] ?? 0)) > 24).length;
        before ??= now;
        return (moved ?? 0) > 4;
      },
      timeoutMs,
      100,
    );
  }

  /** Waits until sound of somebody louder than silence has been decoded. */
  async hears(name: string, timeoutMs = 20_000): Promise<void> {
    let before: number | undefined;
    await until(
      `${this.name} to hear ${name}`,
      async () => {
        const energy = await this.#energy(name);
        before ??= energy;
        return energy !== undefined && before !== undefined && energy > before + 1e-4;
      },
      timeoutMs,
      100,
    );
  }

  /** Waits until everybody's sound and picture come by the call server. */
  async hasAllByCallServer(others: number, timeoutMs = 25_000): Promise<void> {
    await until(
      `${this.name} to have ${others} others by the call server`,
      () =>
        this.page.evaluate((others) => {
          const { session } = document.getElementById('root') as unknown as { session: Session };
          const people = Object.values(session.state.get().people);
          const comes = (id: string, slot: string) =>
            session.remote.get(id, slot).path === 'callserver';
          const areHere = people.every(
            ({ participantId, video }) =>
              comes(participantId, 'microphone') && (!video || comes(participantId, 'camera')),
          );
          return people.length === others && areHere;
        }, others),
      timeoutMs,
      100,
    );
  }

  /** By which way somebody's media comes now. */
  path(name: string): Promise<string | undefined> {
    return this.page.evaluate((name) => {
      const { session } = document.getElementById('root') as unknown as { session: Session };
      const people = Object.values(session.state.get().people);
      const person = people.find(({ displayName }) => displayName === name);
      return session.remote.get(person?.participantId ?? '', 'camera').path;
    }, name);
  }

  /**
   * From now on measures for how long each voice is without new sound. Time in
   * which the page itself could not run does not count: nothing is changed over
   * then, and what plays plays on by itself.
   */
  watchGaps(): Promise<void> {
    return this.page.evaluate(() => {
      const everyMs = 10;
      const { session } = document.getElementById('root') as unknown as { session: Session };
      const voices = new Map<string, { mark: number; silentMs: number }>();
      const gaps: Record<string, number> = {};
      Object.assign(window, { gaps });
      let before = performance.now();
      setInterval(() => {
        const now = performance.now();
        const elapsedMs = Math.min(now - before, 2 * everyMs);
        before = now;
        for (const [id, receiver] of session.remote.voices()) {
          const mark = receiver.getSynchronizationSources()[0]?.rtpTimestamp ?? -1;
          const voice = voices.get(id);
          // Who has not been heard yet is not silent.
          if (mark === -1 && voice === undefined) continue;
          if (voice === undefined || voice.mark !== mark) {
            voices.set(id, { mark, silentMs: 0 });
            continue;
          }
          voice.silentMs += elapsedMs;
          gaps[id] = Math.max(gaps[id] ?? 0, voice.silentMs);
        }
      }, everyMs);
    });
  }

  /** The longest gap of any voice since `watchGaps`, in milliseconds. */
  longestGapMs(): Promise<number> {
    return this.page.evaluate(() =>
      Math.max(0, ...Object.values((window as unknown as Watching).gaps)),
    );
  }

  /** Shares a drawn screen: browsers without a window have none. */
  async share(): Promise<void> {
    await this.page.evaluate(() => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [960, 540];
      const picture = canvas.getContext('2d') as CanvasRenderingContext2D;
      let frame = 0;
      setInterval(() => {
        frame++;
        picture.fillStyle = `hsl(${(frame * 11) % 360} 70% 50%)`;
        picture.fillRect(0, 0, 960, 540);
      }, 100);
      const stream = canvas.captureStream(10);
      navigator.mediaDevices.getDisplayMedia = () => Promise.resolve(stream);
    });
    await this.button('Share screen').click();
  }

  async leave(): Promise<void> {
    await this.page.context().close();
  }

  #picture(name: string): Promise<number[] | undefined> {
    return this.page.evaluate((name) => {
      const tiles = [...document.querySelectorAll<HTMLElement>('.tile')];
      const tile = tiles.find((one) => one.querySelector('.tile-name')?.textContent === name);
      const video = tile?.querySelector('video');
      if (!video || video.videoWidth === 0) return undefined;
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [32, 18];
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      context.drawImage(video, 0, 0, 32, 18);
      return [...context.getImageData(0, 0, 32, 18).data];
    }, name);
  }

  #energy(name: string): Promise<number | undefined> {
    return this.page.evaluate(async (name) => {
      const { session } = document.getElementById('root') as unknown as { session: Session };
      const { people } = session.state.get();
      for (const [id, receiver] of session.remote.voices()) {
        if (people[id]?.displayName !== name) continue;
        for (const entry of (await receiver.getStats()).values()) {
          if (entry.type === 'inbound-rtp') return entry.totalAudioEnergy as number;
        }
      }
      return undefined;
    }, name);
  }
}
