import { afterAll, beforeAll, expect, it } from 'vitest';
import { Instance, Publisher, until } from '#support';

let amphi: Instance;

beforeAll(async () => {
  amphi = await Instance.start();
});

afterAll(async () => {
  await amphi.stop();
});

it('carries a published stream to a playlist with every rung of the ladder', async () => {
  const { eventId, rtmpUrl } = await amphi.createEvent();
  const publisher = new Publisher(rtmpUrl, { size: '640x360' });
  try {
    const master = await until('a multivariant playlist', async () => {
      const response = await fetch(`${amphi.base}/hls/${eventId}/master.m3u8`);
      return response.ok ? response.text() : undefined;
    });
    expect(master).toContain('RESOLUTION=640x360');
    expect(master).toContain('RESOLUTION=426x240');
    expect(master).toContain('audio/media.m3u8');
    expect((await amphi.event(eventId)).status).toBe('live');
  } finally {
    await publisher.kill();
  }
});
