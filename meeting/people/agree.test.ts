import { expect, it } from 'vitest';
import { agree } from './agree.ts';

it('settles on what the weaker one bears, kind by kind', () => {
  const caller = {
    audioCodecs: ['audio/opus', 'audio/PCMU'],
    videoCodecs: ['video/VP9', 'video/VP8', 'video/H264'],
    maxWidth: 1920,
    maxHeight: 1080,
    uplink: 5_000_000,
    downlink: 500_000,
  };
  const callee = {
    audioCodecs: ['audio/opus'],
    videoCodecs: ['VIDEO/vp8', 'video/H264'],
    maxWidth: 1280,
    maxHeight: 1440,
    uplink: 1_000_000,
    downlink: 2_000_000,
  };
  expect(agree(caller, callee)).toEqual({
    audioCodecs: ['audio/opus'],
    videoCodecs: ['video/VP8', 'video/H264'],
    maxWidth: 1280,
    maxHeight: 1080,
    forward: 2_000_000,
    backward: 500_000,
  });
});

it('takes one side’s word where the other says nothing', () => {
  expect(agree({ maxWidth: 640 }, { downlink: 9 })).toEqual({
    audioCodecs: [],
    videoCodecs: [],
    maxWidth: 640,
    forward: 9,
  });
});
