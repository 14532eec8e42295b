import type { Browser, Page } from 'playwright-core';
import type { ClientMessageInput } from '#contracts';
import { until } from '#support';

/** As much of the page's session as is looked at. */
interface Session {
  leave(): void;
  request(message: object): Promise<unknown>;
  connectionStats(): Promise<{ path: string; state: string; stats: { type: string }[] }[]>;
  local: { state: { tracks: Record<string, MediaStreamTrack> } };
  state: {
    get(): {
      phase: string;
      socket: string;
      people: Record<
        string,
        { participantId: string; displayName: string; video: boolean; connected: boolean }
      >;
      chat: readonly { message: string }[];
      route: { peers: 'mesh' | 'callserver' };
    };
  };
  remote: {
    get(id: string, slot: string): { path: string | undefined };
    voices(): Iterable<[string, RTCRtpReceiver]>;
  };
}

/** A voice that came by one way and comes by another one now. */
export interface Handover {
  /** Whose voice it is. */
  name: string;
  to: string;
  /** From the last new sound by the old way to the first one by the new way, in milliseconds. */
  gapMs: number;
}

interface Watching extends Window {
  handovers: (Omit<Handover, 'name'> & { id: string })[];
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
    page.setDefaultTimeout(30_000);
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
    ).catch((error) => this.#explain(error));
  }

  /** Waits until sound of somebody louder than silence has been decoded. */
  async hears(name: string, timeoutMs = 20_000): Promise<void> {
    let before: number | undefined;
    await until(
      `${this.name} to hear ${name}`,
      async () => {
        const energy = await this.#energy(name);
        // Less than before is a count that begins anew.
        if (before === undefined || (energy ?? before) < before) before = energy;
        return energy !== undefined && before !== undefined && energy > before + 1e-4;
      },
      timeoutMs,
      100,
    ).catch((error) => this.#explain(error));
  }

  /** Waits until everybody's sound and picture come by this way, and the room says so. */
  async hasAllBy(path: 'mesh' | 'callserver', others: number, timeoutMs = 30_000): Promise<void> {
    await until(
      `${this.name} to have ${others} others by ${path}`,
      () =>
        this.page.evaluate(
          ({ path, others }) => {
            const { session } = document.getElementById('root') as unknown as { session: Session };
            const { people: all, route } = session.state.get();
            const people = Object.values(all);
            const comes = (id: string, slot: string) => session.remote.get(id, slot).path === path;
            const areHere = people.every(
              ({ participantId, video }) =>
                comes(participantId, 'microphone') && (!video || comes(participantId, 'camera')),
            );
            return route.peers === path && people.length === others && areHere;
          },
          { path, others },
        ),
      timeoutMs,
      100,
    );
  }

  /**
   * From now on measures each voice's gap where it changes from one way to the
   * other. Time in which the page itself could not run does not count: nothing
   * is changed over then, and what plays plays on by itself.
   */
  watchHandovers(): Promise<void> {
    return this.page.evaluate(() => {
      const everyMs = 10;
      const { session } = document.getElementById('root') as unknown as { session: Session };
      interface Voice {
        path: string | undefined;
        mark: string;
        heardAtMs: number;
        /** When the way before this one was heard last. */
        leftAtMs?: number;
      }
      const voices = new Map<string, Voice>();
      const handovers: Watching['handovers'] = [];
      Object.assign(window, { handovers });
      let before = performance.now();
      let ranMs = 0;
      setInterval(() => {
        const now = performance.now();
        ranMs += Math.min(now - before, 2 * everyMs);
        before = now;
        for (const [id, receiver] of session.remote.voices()) {
          const { path } = session.remote.get(id, 'microphone');
          // What of each source was played last.
          const mark = receiver
            .getSynchronizationSources()
            .map(({ source, rtpTimestamp }) => `${source} ${rtpTimestamp}`)
            .join();
          const voice = voices.get(id);
          if (voice === undefined) {
            // Who has not been heard yet is not silent.
            if (mark !== '') voices.set(id, { path, mark, heardAtMs: ranMs });
          } else if (voice.path !== path) {
            voice.leftAtMs ??= voice.heardAtMs;
            Object.assign(voice, { path, mark });
          } else if (voice.mark !== mark) {
            Object.assign(voice, { mark, heardAtMs: ranMs });
            if (voice.leftAtMs === undefined) continue;
            handovers.push({ id, to: path ?? '', gapMs: ranMs - voice.leftAtMs });
            delete voice.leftAtMs;
          }
        }
      }, everyMs);
    });
  }

  /** Those since `watchHandovers`. */
  handovers(): Promise<Handover[]> {
    return this.page.evaluate(() => {
      const { session } = document.getElementById('root') as unknown as { session: Session };
      const { people } = session.state.get();
      return (window as unknown as Watching).handovers.map(({ id, ...rest }) => ({
        name: people[id]?.displayName ?? id,
        ...rest,
      }));
    });
  }

  /** Who has a tile. */
  tiles(): Promise<string[]> {
    return this.page.locator('.tile .tile-name').allInnerTexts();
  }

  /** Whose sound comes. */
  voices(): Promise<string[]> {
    return this.page.evaluate(() => {
      const { session } = document.getElementById('root') as unknown as { session: Session };
      const { people } = session.state.get();
      return [...session.remote.voices()].map(([id]) => people[id]?.displayName ?? id);
    });
  }

  /** Says something by the page's own signalling; resolves once the server has done it. */
  async says(message: ClientMessageInput): Promise<void> {
    await this.page.evaluate((message) => {
      const { session } = document.getElementById('root') as unknown as { session: Session };
      return session.request(message);
    }, message);
  }

  /** How the page believes that things stand. */
  room(): Promise<{
    socket: string;
    others: { name: string; connected: boolean }[];
    chat: string[];
  }> {
    return this.page.evaluate(() => {
      const { session } = document.getElementById('root') as unknown as { session: Session };
      const { socket, people, chat } = session.state.get();
      const others = Object.values(people).map(({ displayName, connected }) => ({
        name: displayName,
        connected,
      }));
      return { socket, others, chat: chat.map(({ message }) => message) };
    });
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

  /** Leaves, so that the others need not wait whether this one comes back. */
  async leave(): Promise<void> {
    await this.page
      .evaluate(() => {
        const root = document.getElementById('root') as unknown as { session?: Session };
        root.session?.leave();
      })
      // The page may have gone.
      .catch(() => {});
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

  /** Throws the error again, with how things stand in the page. */
  async #explain(error: Error): Promise<never> {
    const stand = await this.page.evaluate(async () => {
      const { session } = document.getElementById('root') as unknown as { session: Session };
      const { people, socket, route } = session.state.get();
      const told = ['candidate-pair', 'inbound-rtp', 'outbound-rtp'];
      const connections = (await session.connectionStats()).map(({ path, state, stats }) => ({
        path,
        state,
        stats: stats.filter(({ type }) => told.includes(type)),
      }));
      const { tracks } = session.local.state;
      const own = Object.entries(tracks).map(([slot, { readyState }]) => `${slot} ${readyState}`);
      return JSON.stringify({ people, socket, route, own, connections });
    });
    throw new Error(`${error.message}: ${stand}`, { cause: error.cause });
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
