export { type Inputs, listInputs, openCamera, openScreen } from './inputs.ts';
export { watchLevel } from './level.ts';
export { type PublishProblem, problemOfDevice } from './problem.ts';
export { Publisher, type PublisherState } from './publisher.ts';
export type { SendFigures } from './stats.ts';
