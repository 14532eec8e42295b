import type { Capabilities } from '#contracts';

/** As much of the Network Information API as is used; browsers other than Chromium have none. */
export interface NetworkLike {
  effectiveType?: string;
  /** Mbit/s, rounded by the browser. */
  downlink?: number;
}

/** So high a picture such networks bear in both directions; others bear what the devices bear. */
const HEIGHTS: Readonly<Record<string, number>> = { 'slow-2g': 180, '2g': 180, '3g': 360 };

/** What this device bears on this network. Pure. */
export function onNetwork(device: Capabilities, network: NetworkLike | undefined): Capabilities {
  const { effectiveType = '', downlink } = network ?? {};
  const height = HEIGHTS[effectiveType];
  const isBelow = height !== undefined && height < (device.maxHeight ?? Infinity);
  return {
    ...device,
    ...(isBelow ? { maxWidth: Math.round((height * 16) / 9), maxHeight: height } : {}),
    ...(downlink === undefined || downlink <= 0 ? {} : { downlink: Math.round(downlink * 1e6) }),
  };
}

/** The network of this page, where the browser says anything of it. */
export const thisNetwork = (): (NetworkLike & EventTarget) | undefined =>
  Reflect.get(navigator, 'connection') as (NetworkLike & EventTarget) | undefined;
