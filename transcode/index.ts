export { findEncoder, workingEncoders } from './encoders/encoder.ts';
export { RoomRenditionWorker } from './room/worker.ts';
export { TranscodeWorker, type WorkerOptions } from './worker.ts';
