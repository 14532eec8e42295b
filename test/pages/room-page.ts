import type { Browser, Page } from 'playwright-core';
import type { ReceivingSession, Router, SendingSession } from '#callserver';
import { until } from '#support';

/** What the page keeps. */
interface Connected extends Window {
  peer: RTCPeerConnection;
  negotiate: (sdp: string) => Promise<string>;
  offerAgain: () => Promise<void>;
  addPicture: (hue: number) => string;
  /** Longest time between two pictures since it was last taken, by mid, in milliseconds. */
  gaps: Record<string, number>;
}

const SIZE = { width: 480, height: 270 } as const;

/** A page whose connection negotiates again and again, with nothing but what browsers have. */
export class RoomPage {
  readonly page: Page;
  /** By the session that answers it. */
  #answer: (offer: string) => Promise<string> = async () => '';

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, base = 'about:blank'): Promise<RoomPage> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(base);
    const room = new RoomPage(page);
    await page.exposeFunction('negotiate', (offer: string) => room.#answer(offer));
    await page.evaluate((size) => {
      const state = window as unknown as Connected;
      const peer = new RTCPeerConnection();
      state.peer = peer;
      state.gaps = {};
      let next = Promise.resolve();
      state.offerAgain = () => {
        next = next.then(async () => {
          await peer.setLocalDescription();
          const sdp = await state.negotiate(peer.localDescription?.sdp ?? '');
          await peer.setRemoteDescription({ type: 'answer', sdp });
        });
        return next;
      };
      state.addPicture = (hue) => {
        const canvas = Object.assign(document.createElement('canvas'), size);
        document.body.append(canvas);
        const context = canvas.getContext('2d') as CanvasRenderingContext2D;
        let frame = 0;
        setInterval(() => {
          frame++;
          context.fillStyle = `hsl(${hue} 90% ${40 + (frame % 20)}%)`;
          context.fillRect(0, 0, size.width, size.height);
        }, 33);
        const [track] = canvas.captureStream(30).getVideoTracks();
        peer.addTransceiver(track as MediaStreamTrack, { direction: 'sendonly' });
        return '';
      };
      peer.ontrack = ({ track, transceiver }) => {
        if (track.kind !== 'video') return;
        const id = `video-${transceiver.mid}`;
        const video =
          (document.getElementById(id) as HTMLVideoElement | null) ??
          document.createElement('video');
        Object.assign(video, { id, autoplay: true, muted: true, playsInline: true });
        document.body.append(video);
        video.srcObject = new MediaStream([track]);
        let last = Number.POSITIVE_INFINITY;
        const onFrame = (now: number) => {
          const mid = transceiver.mid ?? '';
          state.gaps[mid] = Math.max(state.gaps[mid] ?? 0, now - last);
          last = now;
          video.requestVideoFrameCallback(onFrame);
        };
        video.requestVideoFrameCallback(onFrame);
      };
    }, SIZE);
    return room;
  }

  /** The answer that it has. */
  answer(): Promise<string> {
    return this.page.evaluate(() => {
      const { peer } = window as unknown as Connected;
      return peer.remoteDescription?.sdp ?? '';
    });
  }

  /** Who answers its offers from now on. */
  negotiateWith(answer: (offer: string) => Promise<string>): void {
    this.#answer = answer;
  }

  /** Sends a picture, in a session of the router's. */
  async send(router: Router, hue: number): Promise<SendingSession> {
    let session: SendingSession | undefined;
    this.negotiateWith(async (offer) => {
      if (session !== undefined) return (await session.renegotiate(offer)).answer;
      session = await router.publish(offer, {
        several: true,
        codecs: ['VP8', 'opus'],
        order: 'codecs',
      });
      return session.answer;
    });
    await this.addPicture(hue);
    if (session === undefined) throw new Error('no session');
    return session;
  }

  addPicture(hue: number): Promise<void> {
    return this.page.evaluate((hue) => {
      const state = window as unknown as Connected;
      state.addPicture(hue);
      return state.offerAgain();
    }, hue);
  }

  /** Begins to receive with one section of sound, and nothing in it. */
  async receive(router: Router): Promise<(wanted: readonly string[]) => Promise<string[]>> {
    let session: ReceivingSession | undefined;
    let wanted: readonly string[] = [];
    let mids: string[] = [];
    this.negotiateWith(async (offer) => {
      if (session === undefined) {
        const begun = await router.receive(offer, wanted);
        session = begun.session;
        return session.answer;
      }
      const { answer, sections, left } = await session.renegotiate(offer, wanted);
      mids = wanted.map((id) => sections.find(({ producerId }) => producerId === id)?.mid ?? '');
      if (left.length > 0) throw new Error(JSON.stringify(left));
      return answer;
    });
    await this.offer('audio', 1);
    return async (ids) => {
      wanted = ids;
      await this.offer('video', ids.length);
      return mids;
    };
  }

  /** Offers to receive in so many sections of a kind at least. */
  offer(kind: 'audio' | 'video', count: number): Promise<void> {
    return this.page.evaluate(
      ({ kind, count }) => {
        const { peer, offerAgain } = window as unknown as Connected;
        const there = () =>
          peer.getTransceivers().filter(({ receiver }) => receiver.track.kind === kind);
        while (there().length < count) peer.addTransceiver(kind, { direction: 'recvonly' });
        return offerAgain();
      },
      { kind, count },
    );
  }

  async connected(): Promise<void> {
    await until('the connection', () =>
      this.page.evaluate(() => {
        const { peer } = window as unknown as Connected;
        return peer.connectionState === 'connected';
      }),
    );
  }

  /** Waits until the section of a mid shows a picture of about this hue. */
  async hue(mid: string, expected: number): Promise<void> {
    await until(`hue ${expected} in section ${mid}`, async () => {
      const hue = await this.page.evaluate((mid) => {
        const video = document.getElementById(`video-${mid}`) as HTMLVideoElement | null;
        if (video === null || video.videoWidth === 0) return undefined;
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [1, 1];
        const context = canvas.getContext('2d') as CanvasRenderingContext2D;
        context.drawImage(video, 0, 0, 1, 1);
        const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
        const most = Math.max(red, green, blue);
        const range = most - Math.min(red, green, blue);
        if (range < 40) return undefined;
        if (most === red) return (60 * (green - blue)) / range + (green < blue ? 360 : 0);
        return most === green
          ? 120 + (60 * (blue - red)) / range
          : 240 + (60 * (red - green)) / range;
      }, mid);
      if (hue === undefined) return false;
      const distance = Math.abs(hue - expected);
      return Math.min(distance, 360 - distance) < 25;
    });
  }

  /** The longest that a section's picture stood still since this was last asked. */
  takeLongestGapMs(mid: string): Promise<number> {
    return this.page.evaluate((mid) => {
      const { gaps } = window as unknown as Connected;
      const gap = gaps[mid] ?? 0;
      gaps[mid] = 0;
      return gap;
    }, mid);
  }

  /** Media sections of the description, and of those the stopped ones. */
  sections(): Promise<number> {
    return this.page.evaluate(() => {
      const { peer } = window as unknown as Connected;
      return (peer.localDescription?.sdp.match(/^m=/gm) ?? []).length;
    });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
