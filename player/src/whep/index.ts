export type { WhepLayer } from './layers.ts';
export type { PlayFigures } from './stats.ts';
export { WhepPlayer, type WhepState } from './whep-player.ts';
