export { type Inputs, listInputs, NO_INPUTS, openCamera, openScreen } from './inputs.ts';
export { watchLevel } from './level.ts';
export { LevelMeter } from './level-meter.tsx';
export { openInputs } from './open.ts';
export { type DeviceProblem, problemOfDevice } from './problem.ts';
