import { describe, expect, it } from 'vitest';
import { playSchema, viewerStatusSchema } from '#contracts';
import { readPlay, readStatus } from './answers.ts';

const STATUS = {
  eventId: 'main',
  version: 5,
  status: 'live',
  title: 'Main stage',
  runId: 'yvnk1cf7jd3y7qpn',
  startedAt: 1_795_221_074_460,
  viewers: 3,
  dvrSeconds: 7200,
};

const PLAY = {
  eventId: 'main',
  title: 'Main stage',
  status: 'live',
  llhls: 'http://h/hls/main/master.m3u8',
  hls: 'http://h/hls/main/plain.m3u8',
  statusUrl: 'http://h/hls/main/status.json',
  dvr: true,
  dvrSeconds: 7200,
  latency: 'ultra',
  thumbnails: 'http://h/t.vtt',
  poster: 'http://h/p.jpg',
  token: 'secret',
};

describe('readStatus', () => {
  it('reads what the contract says, and the contract accepts what it reads', () => {
    expect(readStatus(JSON.stringify(STATUS))).toEqual(STATUS);
    expect(viewerStatusSchema.parse(readStatus(JSON.stringify(STATUS)))).toEqual(STATUS);
  });

  it('reads an event that has not begun', () => {
    const { runId: _, startedAt: __, ...idle } = { ...STATUS, status: 'idle' };
    expect(readStatus(JSON.stringify(idle))).toEqual(idle);
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '"live"',
    '{"eventId":"main"}',
    JSON.stringify({ ...STATUS, status: 'paused' }),
  ])('refuses %s', (text) => {
    expect(readStatus(text)).toBeUndefined();
  });

  it('leaves out what it cannot use', () => {
    const odd = { ...STATUS, startedAt: 'yesterday', viewers: null, extra: 1 };
    const read = readStatus(JSON.stringify(odd));
    expect(read).toMatchObject({ viewers: 0 });
    expect(read).not.toHaveProperty('startedAt');
    expect(read).not.toHaveProperty('extra');
  });
});

describe('readPlay', () => {
  it('reads what the contract says, and the contract accepts what it reads', () => {
    expect(readPlay(JSON.stringify(PLAY))).toEqual(PLAY);
    expect(playSchema.parse(readPlay(JSON.stringify(PLAY)))).toEqual(PLAY);
  });

  it('takes an unknown latency for the usual one', () => {
    expect(readPlay(JSON.stringify({ ...PLAY, latency: 'warp' }))?.latency).toBe('low');
  });

  it.each(['', '{}', JSON.stringify({ ...PLAY, statusUrl: 7 })])('refuses %s', (text) => {
    expect(readPlay(text)).toBeUndefined();
  });
});
