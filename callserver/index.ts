export { DataPipe } from './client/data-pipe.ts';
export type { MediaFeed } from './client/media-feed.ts';
export { MediaTap } from './client/media-tap.ts';
export { Pipe } from './client/pipe.ts';
export type { PlaybackSession } from './client/playback-session.ts';
export type { Received, ReceivingSession } from './client/receiving-session.ts';
export { type PublishedDataProducer, Router, type Speaker } from './client/router.ts';
export type { PublishedProducer, SendingSession } from './client/sending-session.ts';
export { Session } from './client/session.ts';
export { WorkerClient } from './client/worker-client.ts';
export { WorkerProcess } from './client/worker-process.ts';
export { CODECS, type CodecName } from './codecs.ts';
export { FRAME_CONTROL, FrameReader, frame } from './control/frames.ts';
export {
  ControlRequest,
  isRequestName,
  type Notice,
  REQUESTS,
  type RequestInput,
  type RequestName,
  type RequestOutput,
  type TransportStats,
  type TransportSummary,
  type WorkerSettings,
  type WorkerStats,
} from './control/messages.ts';
export {
  CORS,
  type Joined,
  PREFLIGHT,
  SessionResources,
  type SessionResourcesOptions,
} from './http/session-resources.ts';
export type { AccessUnit } from './media/access-units.ts';
export { negotiatePlayback, type Playback, type PlayOptions } from './negotiation/play.ts';
export {
  negotiatePublication,
  type Publication,
  type PublishOptions,
} from './negotiation/publish.ts';
