export {
  type ChosenRung,
  chooseLadder,
  type FrameRate,
  framesPerSecond,
  type Rung,
  type SourcePicture,
  standardFrameRate,
} from './ladder.ts';
export { baseType, type LoadOptions, loadConfig, type Setting, settings } from './load.ts';
export { settingsReadme } from './readme.ts';
export { type Config, configSchema, ENCODERS, ROLES, type Role } from './schema.ts';
