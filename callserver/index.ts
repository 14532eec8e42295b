export type { MediaFeed } from './client/media-feed.ts';
export { MediaTap } from './client/media-tap.ts';
export { Router, Session } from './client/router.ts';
export { WorkerProcess } from './client/worker-process.ts';
export { CODECS, type CodecName } from './codecs.ts';
export { FrameReader, frame } from './control/frames.ts';
export type { TransportStats, WorkerSettings } from './control/messages.ts';
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
