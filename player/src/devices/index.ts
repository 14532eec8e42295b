export { type Inputs, listInputs, openCamera, openScreen } from './inputs.ts';
export { LevelMeter } from './level-meter.tsx';
export { type DeviceProblem, problemOfDevice } from './problem.ts';
