export { Playback } from './playback.ts';
export type { EventInfo } from './playback-events.ts';
export type { Preflight } from './preflight.ts';
export { Climb } from './rtc/climb.ts';
export { Skin } from './ui/skin.ts';
