import { describe, expect, it } from 'vitest';
import { linkTo } from '../http-session/index.ts';
import { readLayers } from './layers.ts';
import { problemOfAnswer } from './problem.ts';
import { readStats } from './stats.ts';

describe('readLayers', () => {
  it('reads the layers of the section that has some, best first', () => {
    const data = JSON.stringify({
      1: [
        { rid: '240p', width: 426, height: 240, bitrate: 350_000 },
        { rid: '360p', width: 640, height: 360, bitrate: 700_000, extra: true },
        { spatialLayerId: 0 },
      ],
    });
    expect(readLayers(data)).toEqual({
      section: '1',
      layers: [
        { rid: '360p', width: 640, height: 360, bitsPerSecond: 700_000 },
        { rid: '240p', width: 426, height: 240, bitsPerSecond: 350_000 },
      ],
    });
  });

  it.each(['', 'null', '[]', '{"0":{}}', '7'])('finds none in %j', (data) => {
    expect(readLayers(data)).toBeUndefined();
  });
});

describe('linkTo', () => {
  it('finds the address of an extension among other links', () => {
    const field =
      '<stun:s.example.org>; rel="ice-server", </whep/main/t.1/layer>; rel="urn:x:layer", </e>; rel="urn:x:sse"; events="layers,active"';
    expect(linkTo(field, 'urn:x:layer')).toBe('/whep/main/t.1/layer');
    expect(linkTo(field, 'urn:x:sse')).toBe('/e');
    expect(linkTo(field, 'urn:x:other')).toBeUndefined();
  });
});

describe('readStats', () => {
  const NTP_1970_MS = 2_208_988_800_000;
  const report = (bytes: number, frozen: number, playout?: number) => [
    {
      type: 'inbound-rtp',
      kind: 'video',
      bytesReceived: bytes,
      packetsReceived: bytes / 1_000,
      packetsLost: bytes / 10_000,
      totalFreezesDuration: frozen,
      jitterBufferDelay: bytes / 10_000,
      jitterBufferEmittedCount: bytes / 1_000,
      framesDecoded: 5,
      codecId: 'c',
      estimatedPlayoutTimestamp: playout,
    },
    { type: 'codec', id: 'c', mimeType: 'video/H264' },
    { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.03 },
  ];

  it('counts between two readings: rate, loss, wait and stillness', () => {
    const first = readStats(report(100_000, 1), 1_000, undefined);
    const { figures } = readStats(report(200_000, 1.5), 2_000, first.mark);
    expect(figures).toMatchObject({ bitsPerSecond: 800_000, codec: 'H264', rttMs: 30 });
    expect(figures.lost).toBeCloseTo(10 / 110);
    expect(figures.bufferMs).toBeCloseTo(100);
    expect(figures.frozen).toBeCloseTo(0.5);
  });

  it.each([
    ['counted from 1900', NTP_1970_MS + 1_790_000_000_000],
    ['counted from 1970', 1_790_000_000_000],
  ])('tells when the picture was captured, %s', (_, playout) => {
    const { figures } = readStats(report(1_000, 0, playout), 1_000, undefined);
    expect(figures.capturedMs).toBe(1_790_000_000_000);
  });

  it('knows nothing of an empty report', () => {
    const { figures } = readStats([], 1_000, undefined);
    expect(figures).toMatchObject({ bitsPerSecond: 0, capturedMs: undefined, bufferMs: undefined });
  });
});

it.each([
  [401, 'locked', false],
  [404, 'gone', false],
  [406, 'codecs', true],
  [409, 'off-air', true],
  [429, 'busy', true],
  [503, 'busy', true],
  [0, 'busy', true],
])('%d means %s', (status, code, passing) => {
  expect(problemOfAnswer(status)).toEqual({ code, passing });
});
