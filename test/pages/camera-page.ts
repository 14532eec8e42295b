import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { openPage } from '#support';

/** What the page keeps of its session. */
interface Publishing extends Window {
  peer: RTCPeerConnection;
  resource: string;
}

/** What the other project's client can do. */
interface OtherClient {
  publish(peer: RTCPeerConnection, url: string, token: string): Promise<void>;
  stop(): Promise<void>;
}

export interface CameraOptions {
  whipUrl: string;
  streamKey: string;
  /** Puts this codec first; the browser's own order when left out. */
  codec?: string;
  width?: number;
  height?: number;
  audio?: boolean;
}

/** A page that publishes the browser's camera by WHIP with nothing but what browsers have. */
export class CameraPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, base: string): Promise<CameraPage> {
    return new CameraPage(await openPage(browser, base));
  }

  /** Publishes; the answer's status and head. */
  publish(options: CameraOptions): Promise<{ status: number; answer: string; location: string }> {
    return this.page.evaluate(async ({ whipUrl, streamKey, codec, width, height, audio }) => {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { width: width ?? 640, height: height ?? 360, frameRate: 30 },
        audio: audio ?? true,
      });
      const peer = new RTCPeerConnection();
      for (const track of stream.getTracks()) {
        const transceiver = peer.addTransceiver(track, {
          direction: 'sendonly',
          streams: [stream],
        });
        if (track.kind !== 'video' || codec === undefined) continue;
        const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
        const own = all.filter(({ mimeType }) => mimeType === `video/${codec}`);
        const rest = all.filter(({ mimeType }) => mimeType === 'video/rtx');
        transceiver.setCodecPreferences?.([...own, ...rest]);
      }
      await peer.setLocalDescription();
      const response = await fetch(whipUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp', authorization: `Bearer ${streamKey}` },
        body: peer.localDescription?.sdp ?? '',
      });
      const answer = await response.text();
      const location = response.headers.get('location') ?? '';
      if (response.status === 201) await peer.setRemoteDescription({ type: 'answer', sdp: answer });
      Object.assign(window, { peer, resource: location });
      return { status: response.status, answer, location };
    }, options);
  }

  /** Publishes by another project's client: that of WHIP's author. Resolves once it is connected. */
  async publishByOther(options: CameraOptions): Promise<{ patches: number[] }> {
    const path = createRequire(import.meta.url).resolve('whip-whep/whip.js');
    const source = await readFile(path, 'utf8');
    const patches: number[] = [];
    this.page.on('response', (response) => {
      if (response.request().method() === 'PATCH') patches.push(response.status());
    });
    // The pages' security policy lets no script in: it is evaluated from outside.
    await this.page.evaluate(
      `(() => { ${source.replace('export class WHIPClient', 'window.Whip = class')} })()`,
    );
    await this.page.evaluate(async ({ whipUrl, streamKey }) => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
      const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      for (const track of stream.getTracks()) {
        peer.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
      }
      const { Whip } = window as unknown as { Whip: new () => OtherClient };
      const client = new Whip();
      await client.publish(peer, whipUrl, streamKey);
      Object.assign(window, { peer, client });
      while (peer.connectionState !== 'connected') {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }, options);
    return { patches };
  }

  /** Ends what `publishByOther` began. */
  stopOther(): Promise<void> {
    return this.page.evaluate(() => (window as unknown as { client: OtherClient }).client.stop());
  }

  /** Scales the picture down by this much from now on. */
  scaleDown(by: number): Promise<void> {
    return this.page.evaluate(async (by) => {
      const { peer } = window as unknown as Publishing;
      for (const sender of peer.getSenders()) {
        if (sender.track?.kind !== 'video') continue;
        const parameters = sender.getParameters();
        for (const encoding of parameters.encodings) encoding.scaleResolutionDownBy = by;
        await sender.setParameters(parameters);
      }
    }, by);
  }

  /** Its network is gone: nothing more comes, and nobody says so. */
  async vanish(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    // What has crashed does not answer.
    session.send('Page.crash').catch(() => {});
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
