import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, Instance, Publisher, until } from '#support';

/** Who may see a private event, at every address that shows something of it. */

const run = promisify(execFile);
const AMPHI = join(import.meta.dirname, '..', '..', 'config', 'amphi.mjs');

interface Made {
  token: string;
  expiresAt: number;
  watchUrl: string;
  embedUrl: string;
  hlsUrl: string;
}

let amphi: Instance;
let eventId: string;
let other: string;
let publisher: Publisher;

beforeAll(async () => {
  amphi = await Instance.start();
  const made = await amphi.createEvent({ title: 'Board meeting', visibility: 'private' });
  ({ eventId } = made);
  other = (await amphi.createEvent({ title: 'Another', visibility: 'private' })).eventId;
  publisher = new Publisher(made.rtmpUrl, { size: '320x180' });
  const { hlsUrl } = await newToken(eventId);
  await until('a playlist', async () => (await fetch(hlsUrl)).ok, 30_000);
});

afterAll(async () => {
  await publisher?.kill();
  await amphi?.stop();
});

const newToken = (id: string, body: object = {}): Promise<Made> =>
  amphi.api('POST', `/api/events/${id}/play-tokens`, body);

const statusOf = async (path: string, headers: Record<string, string> = {}) =>
  (await fetch(`${amphi.base}${path}`, { headers })).status;

describe('a private event', () => {
  it('shows nothing to those without a token', async () => {
    const paths = ['master.m3u8', 'plain.m3u8', '240p/media.m3u8', 'status.json', 'poster.jpg'];
    for (const path of paths) {
      expect([path, await statusOf(`/hls/${eventId}/${path}`)]).toEqual([path, 401]);
    }
    expect(await statusOf(`/api/play/${eventId}`)).toBe(401);
    const { items } = await amphi.api<{ items: { eventId: string }[] }>('GET', '/api/live');
    expect(items.map((item) => item.eventId)).not.toContain(eventId);
  });

  it('cannot be told from an unknown one under /hls/ before it has been on air', async () => {
    for (const id of [other, 'nowhere']) {
      const answer = await fetch(`${amphi.base}/hls/${id}/master.m3u8`);
      expect([id, answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
        id,
        404,
        'event_not_found',
      ]);
    }
  });

  it('opens to a link from the command line', async () => {
    const { stdout } = await run(
      process.execPath,
      [AMPHI, '--url', amphi.base, '--json', 'event', 'link', eventId, '--hours', '2'],
      { env: { ...process.env, AMPHI_ADMIN_TOKEN: ADMIN_TOKEN } },
    );
    const { hlsUrl, expiresAt } = JSON.parse(stdout) as Made;
    expect((await fetch(hlsUrl)).status).toBe(200);
    expect(Math.abs(expiresAt - Date.now() - 7_200_000)).toBeLessThan(10_000);
  });

  it('opens to a token in the address, as a bearer, and to the cookie that follows', async () => {
    const { token, hlsUrl } = await newToken(eventId);
    expect(await statusOf(`/api/play/${eventId}?token=${token}`)).toBe(200);
    const bearer = { authorization: `Bearer ${token}` };
    expect(await statusOf(`/api/play/${eventId}`, bearer)).toBe(200);
    expect(await statusOf(`/hls/${eventId}/master.m3u8`, bearer)).toBe(200);

    const answer = await fetch(hlsUrl);
    const text = await answer.text();
    expect(text).toContain('#EXT-X-DEFINE:QUERYPARAM="token"');
    // The token itself is never written into what may be kept.
    expect(text).not.toContain(token);
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(await statusOf(`/hls/${eventId}/240p/media.m3u8`, { cookie })).toBe(200);
  });

  it('stays closed to the token of another event, and to one that was tampered with', async () => {
    const { token: foreign } = await newToken(other);
    const { token } = await newToken(eventId);
    for (const wrong of [foreign, `${token.slice(0, -3)}AAA`, 'x', '']) {
      const query = `token=${encodeURIComponent(wrong)}`;
      expect(await statusOf(`/hls/${eventId}/master.m3u8?${query}`)).toBe(401);
      expect(await statusOf(`/api/play/${eventId}?${query}`)).toBe(401);
    }
  });

  it('gives a token to whoever runs it', async () => {
    const play = await amphi.api<{ token: string }>('GET', `/api/play/${eventId}`);
    expect(await statusOf(`/hls/${eventId}/master.m3u8?token=${play.token}`)).toBe(200);
  });

  it('makes links that live between a minute and a year', async () => {
    for (const expiresInSeconds of [59, 31_536_001, 1.5]) {
      await expect(newToken(eventId, { expiresInSeconds })).rejects.toThrow(/expiresInSeconds/);
    }
    for (const expiresInSeconds of [60, 31_536_000]) {
      const { expiresAt } = await newToken(eventId, { expiresInSeconds });
      expect(Math.abs(expiresAt - Date.now() - expiresInSeconds * 1_000)).toBeLessThan(10_000);
    }
    await expect(newToken('nowhere')).rejects.toThrow(/404|nowhere/);
  });
});
