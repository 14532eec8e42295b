import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Instance, launchBrowser, RoomOwner, until } from '#support';

const PATIENCE_MS = 40_000;

let owner: RoomOwner;
let amphi: Instance;
let browser: Browser;

beforeAll(async () => {
  owner = await RoomOwner.start();
  [amphi, browser] = await Promise.all([
    Instance.start({
      env: { ...owner.env, AMPHI_ROLES: 'callserver,transcode', AMPHI_TRANSCODE_WORKERS: '1' },
    }),
    launchBrowser('chromium'),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await amphi?.stop();
  await owner?.stop();
});

/** A screen that is sent in one size, and somebody who receives it; both in one page. */
async function offers(page: Page): Promise<{ send: string; receive: string }> {
  return page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 1280;
    canvas.height = 720;
    const draw = canvas.getContext('2d');
    let drawn = 0;
    setInterval(() => {
      if (draw === null) return;
      draw.fillStyle = `hsl(${drawn++ * 3} 80% 50%)`;
      draw.fillRect(0, 0, 1280, 720);
      draw.fillStyle = 'white';
      draw.fillRect((drawn * 8) % 1200, 300, 80, 80);
    }, 66);
    const sender = new RTCPeerConnection();
    sender.addTransceiver(canvas.captureStream(15).getVideoTracks()[0] as MediaStreamTrack, {
      direction: 'sendonly',
      sendEncodings: [{ maxBitrate: 2_500_000 }],
    });
    const receiver = new RTCPeerConnection();
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    receiver.addEventListener('track', ({ track }) => {
      video.srcObject = new MediaStream([track]);
    });
    document.body.append(video);
    receiver.addTransceiver('video', { direction: 'recvonly' });
    await sender.setLocalDescription();
    await receiver.setLocalDescription();
    Object.assign(globalThis, { sender, receiver, video });
    return {
      send: sender.localDescription?.sdp ?? '',
      receive: receiver.localDescription?.sdp ?? '',
    };
  });
}

const answer = (page: Page, who: 'sender' | 'receiver', sdp: string) =>
  page.evaluate(
    async ([name, text]) => {
      const peer = (globalThis as unknown as Record<string, RTCPeerConnection>)[name ?? ''];
      await peer?.setRemoteDescription({ type: 'answer', sdp: text ?? '' });
    },
    [who, sdp],
  );

/** Width of what is shown now, and how many pictures were decoded so far. */
const shown = (page: Page) =>
  page.evaluate(async () => {
    const { video, receiver } = globalThis as unknown as {
      video: HTMLVideoElement;
      receiver: RTCPeerConnection;
    };
    const stats = [...(await receiver.getStats()).values()];
    const inbound = stats.find(({ type }) => type === 'inbound-rtp');
    return { width: video.videoWidth, framesDecoded: Number(inbound?.framesDecoded ?? 0) };
  });

it('a browser goes over to the smaller picture and back without stopping', async () => {
  const room = await owner.openRoom('r');
  const page = await (await browser.newContext()).newPage();
  const { send, receive } = await offers(page);
  const labels = { 0: 'screen' } as const;
  const sent = await room.command('send', { participantId: 'ann', offer: send, labels });
  await answer(page, 'sender', sent.answer);
  const producerId = sent.producers[0]?.producerId ?? '';
  const wanted = [producerId];
  const got = await room.command('receive', { participantId: 'bob', offer: receive, wanted });
  await answer(page, 'receiver', got.answer);
  const { sessionId } = got;
  const want = (width: number, height: number) =>
    room.command('want', { sessionId, producerId, width, height });
  const shows = (width: number) =>
    until(
      `a picture of ${width}`,
      async () => {
        const now = await shown(page);
        return now.width === width && now;
      },
      PATIENCE_MS,
    );
  const goesOn = async () => {
    const { framesDecoded } = await shown(page);
    await until(
      'pictures to go on',
      async () => (await shown(page)).framesDecoded > framesDecoded + 20,
      PATIENCE_MS,
    );
  };
  await shows(1280);
  await want(640, 360);
  const small = await shows(640);
  await goesOn();
  await want(1280, 720);
  const back = await shows(1280);
  await goesOn();
  expect(back.framesDecoded).toBeGreaterThan(small.framesDecoded);
  await room.end();
});
