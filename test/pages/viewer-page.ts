import type { Browser, Page } from 'playwright-core';
import { openPage, until } from '#support';
import { pictureMoves } from './moving-picture.ts';

interface Watching extends Window {
  peer: RTCPeerConnection;
  resource: string;
  links: string;
  firstFrameMs: number | undefined;
}

export interface JoinOptions {
  whepUrl: string;
  token?: string;
  /** Takes pictures in this codec only. */
  codec?: string;
}

/** A page that plays by WHEP with nothing but what browsers have. */
export class ViewerPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, base: string): Promise<ViewerPage> {
    return new ViewerPage(await openPage(browser, base));
  }

  /** Posts an offer and takes the answer. Returns its status. */
  join(options: JoinOptions): Promise<number> {
    return this.page.evaluate(async ({ whepUrl, token, codec }) => {
      const state = window as unknown as Watching;
      state.peer?.close();
      state.resource = '';
      document.querySelector('video')?.remove();
      const peer = new RTCPeerConnection();
      const video = document.createElement('video');
      Object.assign(video, { autoplay: true, playsInline: true });
      document.body.append(video);
      const stream = new MediaStream();
      video.srcObject = stream;
      peer.ontrack = ({ track }) => stream.addTrack(track);
      const picture = peer.addTransceiver('video', { direction: 'recvonly' });
      peer.addTransceiver('audio', { direction: 'recvonly' });
      if (codec !== undefined) {
        const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
        picture.setCodecPreferences(
          all.filter(({ mimeType }) => [`video/${codec}`, 'video/rtx'].includes(mimeType)),
        );
      }
      await peer.setLocalDescription();
      const startedAt = performance.now();
      const response = await fetch(whepUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/sdp',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: peer.localDescription?.sdp ?? '',
      });
      if (response.status !== 201) return response.status;
      Object.assign(window, {
        peer,
        resource: response.headers.get('location') ?? '',
        links: response.headers.get('link') ?? '',
        firstFrameMs: undefined,
      });
      video.requestVideoFrameCallback((now) => {
        state.firstFrameMs = now - startedAt;
      });
      await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
      return response.status;
    }, options);
  }

  get resource(): Promise<string> {
    return this.page.evaluate(() => (window as unknown as Watching).resource);
  }

  get links(): Promise<string> {
    return this.page.evaluate(() => (window as unknown as Watching).links);
  }

  /** Waits for the first picture. Returns how long it took from the offer on. */
  firstFrameMs(timeoutMs = 10_000): Promise<number> {
    return until(
      'the first picture',
      () => this.page.evaluate(() => (window as unknown as Watching).firstFrameMs),
      timeoutMs,
      20,
    );
  }

  /** Waits until the decoded picture is this high. */
  async height(expected: number, timeoutMs = 10_000): Promise<void> {
    await until(
      `a picture ${expected} high`,
      async () => (await this.heightNow()) === expected,
      timeoutMs,
      50,
    );
  }

  heightNow(): Promise<number> {
    return this.page.evaluate(() => document.querySelector('video')?.videoHeight ?? 0);
  }

  /** Waits until the decoded pixels have changed. */
  pictureMoves(timeoutMs = 10_000): Promise<void> {
    return pictureMoves(this.page, timeoutMs);
  }

  /** What the browser says of a stream that it receives. */
  inbound(kind: 'audio' | 'video'): Promise<RTCInboundRtpStreamStats | undefined> {
    return this.page.evaluate(async (kind) => {
      const { peer } = window as unknown as Watching;
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type === 'inbound-rtp' && entry.kind === kind) return entry;
      }
      return undefined;
    }, kind);
  }

  /** Waits for sound louder than silence. */
  async sound(timeoutMs = 10_000): Promise<void> {
    await until(
      'sound',
      async () => ((await this.inbound('audio'))?.totalAudioEnergy ?? 0) > 0.001,
      timeoutMs,
    );
  }

  /** Ends the session, where there is one, as a player does when it goes. */
  async leave(): Promise<void> {
    await this.page.evaluate(async () => {
      const state = window as unknown as Watching;
      state.peer?.close();
      if (state.resource) await fetch(state.resource, { method: 'DELETE' });
      state.resource = '';
    });
  }

  async close(): Promise<void> {
    await this.leave().catch(() => {});
    await this.page.context().close();
  }
}
