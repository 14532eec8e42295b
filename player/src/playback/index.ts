export { type EventInfo, Playback } from './playback.ts';
export type { Preflight } from './preflight.ts';
export { Skin } from './ui/skin.ts';
