import { describe, expect, it } from 'vitest';
import { onNetwork } from './network.ts';

describe('onNetwork', () => {
  const device = { maxWidth: 1280, maxHeight: 720, videoCodecs: ['video/VP8'] };

  it.each([
    [undefined, device],
    [{ effectiveType: '4g' }, device],
    [{ effectiveType: '3g' }, { ...device, maxWidth: 640, maxHeight: 360 }],
    [
      { effectiveType: 'slow-2g', downlink: 0 },
      { ...device, maxWidth: 320, maxHeight: 180 },
    ],
    [
      { effectiveType: '4g', downlink: 1.45 },
      { ...device, downlink: 1_450_000 },
    ],
  ])('of %o', (network, expected) => {
    expect(onNetwork(device, network)).toEqual(expected);
  });

  it('never bears more than the device', () => {
    const small = { maxWidth: 320, maxHeight: 180 };
    expect(onNetwork(small, { effectiveType: '3g' })).toEqual(small);
  });
});
