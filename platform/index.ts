export { type AttemptLimits, Attempts } from './attempts.ts';
export { type Child, type ChildExit, lastWords, startChild } from './child.ts';
export { cpuSecondsOf, idleSeconds } from './cpu.ts';
export { EndedSessions, SESSION_ENDED_CHANNEL, type Session } from './ended-sessions.ts';
export {
  type FfmpegCommand,
  type FfmpegInfo,
  ffmpegArgs,
  ffmpegSucceeds,
  probeFfmpeg,
} from './ffmpeg.ts';
export {
  cookieOf,
  type Handler,
  type Listener,
  listen,
  listenInternal,
  type Problem,
  problemOf,
  readJson,
  retryAfterOf,
  run,
  sendJson,
  sendProblem,
  validate,
} from './http.ts';
export { Lease, type LeaseOptions } from './lease.ts';
export { createLogger } from './logger.ts';
export {
  type Counter,
  type Gauge,
  type Histogram,
  METRICS_CONTENT_TYPE,
  Metrics,
  mergeExpositions,
} from './metrics.ts';
export { networkOf } from './network-of.ts';
export { NodeClient, nodeAuthorization, readProblem } from './node-client.ts';
export { type Objects, openObjects } from './objects/index.ts';
export { callServerOf } from './placement.ts';
export {
  LIVE_JOB_TIMINGS,
  type LiveJob,
  openProcessor,
  openQueue,
  openWorker,
  type Queue,
  type Worker,
} from './queue.ts';
export { connectRedis, extraConnection, nextFence, type Redis, translateAway } from './redis.ts';
export { NodeRegistry } from './registry.ts';
export { RoomMedia, type RoomMediaOptions } from './room-media.ts';
export {
  type Audience,
  bearerOf,
  sameSecret,
  sha256Hex,
  type TokenClaims,
  TokenIssuer,
  TokenVerifier,
} from './tokens.ts';
export { viewerAddress } from './viewer-address.ts';
export { raisedWarnings, raiseWarning } from './warnings.ts';
