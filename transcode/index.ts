export { findEncoder } from './encoders/encoder.ts';
export { TranscodeWorker, type WorkerOptions } from './worker.ts';
