export { findEncoder, workingEncoders } from './encoders/encoder.ts';
export { TranscodeWorker, type WorkerOptions } from './worker.ts';
