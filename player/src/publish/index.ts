export { Publisher, type PublisherState } from './publisher.ts';
export type { SendFigures } from './stats.ts';
