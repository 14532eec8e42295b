import type { Browser, Page } from 'playwright-core';
import { BLOCK, BLOCKS, barcodeOf } from './barcode.ts';
import { PICTURE } from './barcode-source.ts';

/**
 * A browser that publishes by WHIP what it draws: 720p30 with the wall clock in
 * the picture and a tone, as `BarcodeSource` is by RTMP.
 */
export class BarcodeCamera {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** Publishes in this codec. Rejects when the server refuses it. */
  static async publish(
    browser: Browser,
    target: { base: string; whipUrl: string; streamKey: string; codec: string },
  ): Promise<BarcodeCamera> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(target.base);
    await page.evaluate(`window.barcodeOf = ${barcodeInPage()}`);
    await page.evaluate(publishInPage, {
      ...target,
      picture: PICTURE,
      block: BLOCK,
      blocks: BLOCKS,
    });
    return new BarcodeCamera(page);
  }

  async close(): Promise<void> {
    await this.#page.context().close();
  }
}

/** `barcodeOf` as text that a page can run: it leans on nothing but numbers of its module. */
export function barcodeInPage(): string {
  const probe = JSON.stringify([barcodeOf(0), barcodeOf(1)]);
  return `(() => {
    const [zero] = ${probe};
    const [white, black] = zero;
    return (ms) => {
      const clock = (ms % 2 ** 32) >>> 0;
      const bytes = [clock >>> 24, clock >>> 16, clock >>> 8, clock];
      const check = bytes.reduce((sum, byte) => (sum * 7 + (byte & 255)) & 255, 91);
      const bits = (value, count) => Array.from({ length: count },
        (_, i) => ((value >>> (count - 1 - i)) & 1 ? white : black));
      return [white, black, ...bits(clock, 32), ...bits(check, 8)];
    };
  })()`;
}

async function publishInPage(options: {
  whipUrl: string;
  streamKey: string;
  codec: string;
  picture: { width: number; height: number; fps: number };
  block: { width: number; height: number };
  blocks: number;
}): Promise<void> {
  const { whipUrl, streamKey, codec, picture, block } = options;
  const { barcodeOf } = window as unknown as { barcodeOf: (ms: number) => number[] };
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: picture.width, height: picture.height });
  document.body.append(canvas);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  let frame = 0;
  const draw = () => {
    frame++;
    for (let i = 0; i < 12; i++) {
      context.fillStyle = `hsl(${(frame * 2 + i * 30) % 360} 60% 45%)`;
      context.fillRect(((i * 107 + frame * 4) % picture.width) - 60, 60 + i * 54, 120, 54);
    }
    const luma = barcodeOf(performance.timeOrigin + performance.now());
    luma.forEach((level, i) => {
      context.fillStyle = level > 127 ? '#fff' : '#000';
      context.fillRect(i * block.width, 0, block.width, block.height);
    });
  };
  setInterval(draw, 1000 / picture.fps);
  const sound = new AudioContext();
  const tone = new OscillatorNode(sound, { frequency: 450 });
  const out = sound.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  const stream = new MediaStream([
    ...canvas.captureStream(picture.fps).getVideoTracks(),
    ...out.stream.getAudioTracks(),
  ]);
  const peer = new RTCPeerConnection();
  for (const track of stream.getTracks()) {
    const transceiver = peer.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
    if (track.kind !== 'video') continue;
    const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
    transceiver.setCodecPreferences(
      all.filter(({ mimeType }) => [`video/${codec}`, 'video/rtx'].includes(mimeType)),
    );
  }
  await peer.setLocalDescription();
  const response = await fetch(whipUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization: `Bearer ${streamKey}` },
    body: peer.localDescription?.sdp ?? '',
  });
  const sdp = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${sdp}`);
  await peer.setRemoteDescription({ type: 'answer', sdp });
  Object.assign(window, { peer });
}
