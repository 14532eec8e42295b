import { describe, expect, it } from 'vitest';
import { layersEvent, layersOf } from './layers.ts';

const stream = (layer: number, rank: number, height: number, live = true) => ({
  layer,
  rank,
  ssrc: layer,
  live,
  width: (height * 16) / 9,
  height,
  bitsPerSecond: height * 1_000.4,
  packets: 0,
  lost: 0,
  repaired: 0,
  duplicates: 0,
  malformed: 0,
  keyFrameRequests: 0,
});
const sound = { producerId: 'sound', streams: [stream(0, 0, 0)] };
const NAMES = ['360p', '720p', '1080p'];

describe('layersOf', () => {
  it('lists what comes in, best first, by the names of the bank', () => {
    const streams = [
      stream(0, 0, 360),
      stream(1, 1, 720),
      stream(2, 2, 1080, false),
      stream(3, 3, 0),
    ];
    const layers = layersOf(
      { producers: [sound, { producerId: 'picture', streams }] },
      (i) => NAMES[i],
    );
    expect(layers).toEqual([
      { rid: '720p', rank: 1, width: 1280, height: 720, bitrate: 720_288 },
      { rid: '360p', rank: 0, width: 640, height: 360, bitrate: 360_144 },
    ]);
    expect(layersEvent('1', layers)).toEqual({
      1: [
        { rid: '720p', width: 1280, height: 720, bitrate: 720_288 },
        { rid: '360p', width: 640, height: 360, bitrate: 360_144 },
      ],
    });
  });

  it('calls the streams of a camera by their size, and has none of sound alone', () => {
    const camera = { producerId: 'camera', streams: [stream(0, 0, 180)] };
    expect(layersOf({ producers: [camera] }, () => undefined)).toMatchObject([{ rid: '180p' }]);
    expect(layersOf({ producers: [sound] }, () => undefined)).toEqual([]);
  });
});
