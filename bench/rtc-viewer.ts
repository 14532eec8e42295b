import type { Browser, Page } from 'playwright-core';
import { openPage } from '#support';

interface Viewing extends Window {
  peer: RTCPeerConnection | undefined;
  resource: string;
}

/** So long a viewer would not wait. */
const GIVE_UP_MS = 10_000;
/** RFC 5905: NTP counts from 1900. */
const NTP_EPOCH_MS = 2_208_988_800_000;

/** A page that plays by WHEP, with nothing between the browser's own player and the screen. */
export class RtcViewer {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, base: string): Promise<RtcViewer> {
    return new RtcViewer(await openPage(browser, base, { width: 1280, height: 800 }));
  }

  /** Milliseconds from the offer to the first picture on the screen. Rejects when the server refuses. */
  join(whepUrl: string, { sound = true } = {}): Promise<number> {
    return this.page.evaluate(joinInPage, { whepUrl, sound, giveUpMs: GIVE_UP_MS });
  }

  leave(): Promise<void> {
    return this.page.evaluate(async () => {
      const state = window as unknown as Viewing;
      state.peer?.close();
      state.peer = undefined;
      await fetch(state.resource, { method: 'DELETE' });
    });
  }

  /** How old the browser takes its picture for, by the sender reports; undefined when it does not say. */
  async toldMs(): Promise<number | undefined> {
    const told = await this.page.evaluate(async () => {
      const { peer } = window as unknown as Viewing;
      const now = performance.timeOrigin + performance.now();
      for (const entry of (await peer?.getStats())?.values() ?? []) {
        const { type, kind, estimatedPlayoutTimestamp: at } = entry;
        if (type === 'inbound-rtp' && kind === 'video' && at !== undefined) return { now, at };
      }
      return undefined;
    });
    if (told === undefined) return undefined;
    return told.now - (told.at > NTP_EPOCH_MS ? told.at - NTP_EPOCH_MS : told.at);
  }

  /** How long pictures, or sound, have waited in the browser's buffer on average. */
  bufferMs(kind: 'audio' | 'video'): Promise<number> {
    return this.page.evaluate(async (kind) => {
      const { peer } = window as unknown as Viewing;
      for (const entry of (await peer?.getStats())?.values() ?? []) {
        if (entry.type !== 'inbound-rtp' || entry.kind !== kind) continue;
        return (entry.jitterBufferDelay / entry.jitterBufferEmittedCount) * 1_000;
      }
      return Number.NaN;
    }, kind);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

/** Runs in the page. */
async function joinInPage(options: {
  whepUrl: string;
  sound: boolean;
  giveUpMs: number;
}): Promise<number> {
  const { whepUrl, sound, giveUpMs } = options;
  document.querySelector('video')?.remove();
  const video = document.createElement('video');
  // As the player's own is found.
  video.className = 'vjs-tech';
  Object.assign(video, { autoplay: true, playsInline: true });
  video.style.cssText = 'position:fixed;inset:0;width:100%;height:100%';
  document.body.append(video);
  const stream = new MediaStream();
  video.srcObject = stream;
  const startedAt = performance.now();
  const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  peer.ontrack = ({ track }) => stream.addTrack(track);
  peer.addTransceiver('video', { direction: 'recvonly' });
  if (sound) peer.addTransceiver('audio', { direction: 'recvonly' });
  await peer.setLocalDescription();
  const response = await fetch(whepUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription?.sdp ?? '',
  });
  const sdp = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${sdp}`);
  Object.assign(window, { peer, resource: response.headers.get('location') ?? '' });
  const shown = new Promise<number>((resolve, reject) => {
    video.requestVideoFrameCallback((_now, { expectedDisplayTime }) =>
      resolve(expectedDisplayTime - startedAt),
    );
    setTimeout(async () => {
      const { iceConnectionState: ice, connectionState } = peer;
      const known = [...(await peer.getStats()).values()].filter(({ type }) =>
        ['candidate-pair', 'inbound-rtp', 'transport'].includes(type),
      );
      reject(new Error(`no picture: ICE ${ice}, ${connectionState}, ${JSON.stringify(known)}`));
    }, giveUpMs);
  });
  await peer.setRemoteDescription({ type: 'answer', sdp });
  return await shown;
}
