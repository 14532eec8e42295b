import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewSource, Play, PlayToken } from '#contracts';
import { childrenOf, Instance, launchBrowser, Publisher, until } from '#support';
import { CameraPage } from '../pages/camera-page.ts';
import { ViewerPage } from '../pages/viewer-page.ts';
import { WatchPage } from '../pages/watch-page.ts';

/** The part of the player that the page leaves on its stage. */
interface Stage extends HTMLElement {
  playback: {
    video: HTMLVideoElement;
    following: boolean;
    session: { protocol: string } | undefined;
    follower: { seekBy(seconds: number): void };
  };
}

let amphi: Instance;
let browser: Browser;

beforeAll(async () => {
  amphi = await Instance.start({
    env: { AMPHI_MEDIA_MAX_VIEWERS: '2', AMPHI_X264_PRESET: 'ultrafast' },
  });
  browser = await launchBrowser('chromium', { fakeDevices: true });
});

afterAll(async () => {
  await browser?.close();
  await amphi?.stop();
});

const playOf = (eventId: string) => amphi.api<Play>('GET', `/api/play/${eventId}`);

/** The address to play from, once what is on air goes out there. */
const whepOf = (eventId: string): Promise<string> =>
  until('its address', async () => {
    const { whep } = await playOf(eventId);
    if (whep === undefined) return undefined;
    const preflight = await fetch(whep, { method: 'OPTIONS' });
    return preflight.status === 204 ? whep : undefined;
  });

/** Joins as soon as there is something to watch: right after the beginning, or a worker's end, it may be too soon. */
const join = (viewer: ViewerPage, options: Parameters<ViewerPage['join']>[0]) =>
  until('an answer', async () => {
    const status = await viewer.join(options);
    return status === 409 || status === 503 ? undefined : status;
  });

/** Whether a session is still there, asked without ending it. */
const hasEnded = async (resource: string): Promise<boolean> =>
  (
    await fetch(resource, {
      method: 'PATCH',
      headers: { 'content-type': 'application/trickle-ice-sdpfrag' },
      body: '',
    })
  ).status === 404;

/** Reads the events of a session until one is what is looked for. */
async function eventOf<T>(address: string, name: string, fits: (data: T) => boolean): Promise<T> {
  const abort = new AbortController();
  const response = await fetch(address, { signal: abort.signal });
  let text = '';
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      for (const [, data] of text.matchAll(new RegExp(`event: ${name}\ndata: (.*)\n\n`, 'g'))) {
        const value = JSON.parse(data ?? '') as T;
        if (fits(value)) return value;
      }
    }
  } finally {
    abort.abort();
  }
  throw new Error(`no event ${name} in ${text}`);
}

describe('WHEP of an RTMP source', () => {
  let eventId: string;
  let source: Publisher;
  let whepUrl: string;

  beforeAll(async () => {
    const made = await amphi.createEvent({ latency: 'ultra', ladder: ['360p', '240p'] });
    eventId = made.eventId;
    source = new Publisher(made.rtmpUrl, { size: '640x360' });
    whepUrl = await whepOf(eventId);
  });

  afterAll(async () => {
    await source?.kill();
  });

  it('shows and sounds what the bank makes, by layers that can be chosen', async () => {
    const viewer = await ViewerPage.open(browser, amphi.base);
    expect(await join(viewer, { whepUrl })).toBe(201);
    await viewer.firstFrameMs();
    await viewer.height(360);
    await viewer.pictureMoves();
    await viewer.sound();

    const links = await viewer.links;
    const linked = (rel: string) =>
      amphi.base +
      (new RegExp(`<([^>]+)>; rel="urn:ietf:params:whep:ext:core:${rel}"`).exec(links)?.[1] ?? '');
    const made = await fetch(linked('server-sent-events'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(['layers']),
    });
    expect(made.status).toBe(201);
    const stream = amphi.base + (made.headers.get('location') ?? '');
    type Layers = Record<string, { rid: string; width: number; height: number; bitrate: number }[]>;
    const layers = await eventOf<Layers>(stream, 'layers', ({ 0: all }) => all?.length === 2);
    expect(layers['0']).toMatchObject([
      { rid: '360p', width: 640, height: 360 },
      { rid: '240p', width: 426, height: 240 },
    ]);
    const choose = (body: unknown) =>
      fetch(linked('layer'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await choose({ mediaId: '0', rid: '240p' })).status).toBe(200);
    await viewer.height(240);
    expect((await choose({ rid: '4320p' })).status).toBe(404);
    expect((await fetch(linked('layer'), { method: 'DELETE' })).status).toBe(200);
    await viewer.height(360);
    expect((await fetch(stream, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(stream)).status).toBe(404);
    await viewer.close();
  });

  it('refuses a viewer without the codec, and one more than there may be', async () => {
    const viewer = await ViewerPage.open(browser, amphi.base);
    expect(await viewer.join({ whepUrl, codec: 'VP8' })).toBe(406);
    expect(await viewer.join({ whepUrl })).toBe(201);
    const others = await Promise.all([1, 2].map(() => ViewerPage.open(browser, amphi.base)));
    const [second, third] = others;
    expect(await second?.join({ whepUrl })).toBe(201);
    expect(await third?.join({ whepUrl })).toBe(503);
    await viewer.leave();
    expect(await third?.join({ whepUrl })).toBe(201);
    await third?.firstFrameMs();
    for (const page of [viewer, ...others]) await page.close();
  });

  it('opens private events with their token only', async () => {
    const offer = 'v=0\r\n';
    const post = (path: string, token?: string) =>
      fetch(`${amphi.base}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/sdp',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: offer,
      }).then(({ status }) => status);
    const { eventId: hidden } = await amphi.createEvent({ visibility: 'private' });
    const { token } = await amphi.api<PlayToken>('POST', `/api/events/${hidden}/play-tokens`, {});
    const { token: other } = await amphi.api<PlayToken>(
      'POST',
      `/api/events/${eventId}/play-tokens`,
      {},
    );
    expect(await post(`/whep/${hidden}`)).toBe(401);
    expect(await post(`/whep/${hidden}?token=${other}`)).toBe(401);
    expect(await post(`/whep/${hidden}`, 'x.y.z')).toBe(401);
    // Let in, it is told that nothing is on air.
    expect(await post(`/whep/${hidden}?token=${token}`)).toBe(409);
    expect(await post(`/whep/${hidden}`, token)).toBe(409);
    expect(await post('/whep/nowhere')).toBe(404);
    expect(await post(`/whep/${eventId}`)).toBe(400);
    expect((await fetch(`${amphi.base}/whep/${eventId}`)).status).toBe(405);
  });

  it('climbs to WebRTC on the watch page, leaves it for the past, and comes back', async () => {
    const watch = await WatchPage.open(browser, `${amphi.base}/watch/${eventId}`);
    const { page } = watch;
    const when = (protocol: string, following: boolean) =>
      page.waitForFunction(
        ({ protocol, following }) => {
          const { playback } = document.getElementById('stage') as Stage;
          return (
            playback.session?.protocol === protocol &&
            playback.following === following &&
            playback.video.readyState >= 3
          );
        },
        { protocol, following },
        { timeout: 15_000 },
      );
    await when('rtc', true);
    await watch.pictureMoves();
    // An encoder on a busy machine may have fallen behind for a while.
    await watch.when('a short distance', ({ latencyMs = 1_500 }) => latencyMs < 1_500, 20_000);
    await until('to be counted', async () => {
      const answer = await fetch(`${amphi.base}/hls/${eventId}/status.json`);
      return ((await answer.json()) as { viewers: number }).viewers > 0;
    });
    await watch.choose('240p');
    await watch.when('the small picture', ({ height }) => height === 240);
    await page.evaluate(() => {
      const { playback } = document.getElementById('stage') as Stage;
      playback.follower.seekBy(-6);
    });
    await when('hls', false);
    await page.getByRole('button', { name: 'Go live' }).click();
    await when('rtc', true);
    // Its worker dies: the page goes on by HLS.
    for (const pid of await childrenOf(await amphi.pid('callserver'), 'node'))
      process.kill(pid, 'SIGKILL');
    await when('hls', true);
    await watch.pictureMoves();
    expect(watch.errors).toEqual([]);
    await watch.close();
  });

  it('ends for those without a token when the event becomes private, and for all with the event', async () => {
    const path = `/api/events/${eventId}`;
    const { token } = await amphi.api<PlayToken>('POST', `${path}/play-tokens`, {});
    const [stranger, viewer] = [
      await ViewerPage.open(browser, amphi.base),
      await ViewerPage.open(browser, amphi.base),
    ];
    expect(await join(stranger, { whepUrl })).toBe(201);
    expect(await join(viewer, { whepUrl: `${whepUrl}?token=${token}` })).toBe(201);
    await viewer.firstFrameMs();
    const [shut, resource] = [
      amphi.base + (await stranger.resource),
      amphi.base + (await viewer.resource),
    ];
    expect([await hasEnded(shut), await hasEnded(resource)]).toEqual([false, false]);
    await amphi.api('PATCH', path, { visibility: 'private' });
    await until('the end of who has no token', () => hasEnded(shut));
    await stranger.close();
    expect(await hasEnded(resource)).toBe(false);
    await amphi.api('PATCH', `/api/events/${eventId}`, { status: 'ended' });
    await until('its end', () => hasEnded(resource));
    expect((await playOf(eventId)).whep).toBeUndefined();
    await viewer.close();
  });
});

it('forwards a camera’s VP8 to Firefox as it comes, and has the viewer begin anew when it leaves the air', async () => {
  const firefox = await launchBrowser('firefox');
  const { eventId, source } = await amphi.createEvent({ ladder: ['240p'] });
  const camera = await CameraPage.open(browser, amphi.base);
  try {
    const whipUrl = `${amphi.base}/whip/${eventId}`;
    const published = await camera.publish({
      whipUrl,
      streamKey: source.streamKey,
      codec: 'VP8',
    });
    const viewer = await ViewerPage.open(firefox, amphi.base);
    expect(await join(viewer, { whepUrl: `${amphi.base}/whep/${eventId}` })).toBe(201);
    await viewer.firstFrameMs();
    await viewer.pictureMoves();
    expect(await viewer.heightNow()).toBe(360);
    const resource = amphi.base + (await viewer.resource);
    expect(await hasEnded(resource)).toBe(false);
    await fetch(amphi.base + published.location, { method: 'DELETE' });
    await until('its end', () => hasEnded(resource));
  } finally {
    await camera.close();
    await firefox.close();
  }
});

it('takes the viewers of a camera along in their sessions, at takes and when the camera vanishes', async () => {
  const made = await amphi.createEvent({ latency: 'ultra', ladder: ['240p'] });
  const { eventId } = made;
  const whepUrl = `${amphi.base}/whep/${eventId}`;
  const onAir = (sourceId: string) =>
    until('the source on air', async () => (await amphi.event(eventId)).onAir === sourceId, 20_000);
  const take = async (sourceId: string) => {
    await until('its picture', async () => {
      const { sources } = await amphi.event(eventId);
      return sources.find((one) => one.sourceId === sourceId)?.health?.video !== undefined;
    });
    await amphi.api('PUT', `/api/events/${eventId}/program`, { take: sourceId });
    await onAir(sourceId);
  };
  const publish = async (camera: CameraPage, width: number, height: number) => {
    const source = await amphi.api<NewSource>('POST', `/api/events/${eventId}/sources`, {
      name: `Camera ${height}`,
      kind: 'whip',
    });
    const target = { whipUrl: source.whipUrl ?? '', streamKey: source.streamKey };
    const { status } = await camera.publish({ ...target, codec: 'H264', width, height });
    expect(status).toBe(201);
    return source.sourceId;
  };
  /** A viewer of the large camera, and what tells its stream from any other. */
  const watch = async () => {
    const viewer = await ViewerPage.open(browser, amphi.base);
    expect(await join(viewer, { whepUrl })).toBe(201);
    await viewer.height(360, 20_000);
    return { viewer, ssrc: (await viewer.inbound('video'))?.ssrc };
  };
  /** Waits until a picture of one of these heights, and sound, come in the session that there was. */
  const goesOver = async (
    { viewer, ssrc }: Awaited<ReturnType<typeof watch>>,
    ...heights: number[]
  ) => {
    await until(
      `a picture ${heights.join(' or ')} high`,
      async () => heights.includes(await viewer.heightNow()),
      20_000,
    );
    await viewer.pictureMoves();
    const energy = async () => (await viewer.inbound('audio'))?.totalAudioEnergy ?? 0;
    const before = await energy();
    await until('sound', async () => (await energy()) > before);
    expect((await viewer.inbound('video'))?.ssrc).toBe(ssrc);
    expect(await hasEnded(amphi.base + (await viewer.resource))).toBe(false);
  };
  const cameras = await Promise.all([1, 2].map(() => CameraPage.open(browser, amphi.base)));
  const [large, small] = cameras as [CameraPage, CameraPage];
  const encoder = new Publisher(made.rtmpUrl, { size: '640x360', videoKbps: 600 });
  try {
    const largeId = await publish(large, 640, 360);
    await take(largeId);
    const first = await watch();
    // In another worker, since that one has the first two sessions.
    await take(await publish(small, 320, 180));
    await goesOver(first, 180);
    await take(made.source.sourceId);
    await goesOver(first, 240);
    await take(largeId);
    const second = await watch();
    await large.vanish();
    await goesOver(second, 180, 240);
    for (const { viewer } of [first, second]) await viewer.close();
  } finally {
    await encoder.kill();
    for (const camera of cameras) await camera.close();
  }
}, 120_000);
