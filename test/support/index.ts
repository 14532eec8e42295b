export { type Amf0Input, amf0 } from './amf0.ts';
export { seriousFindings } from './axe.ts';
export { type BrowserName, launchBrowser, openPage } from './browser.ts';
export { CallServerStage } from './call-server-stage.ts';
export { childrenOf } from './children.ts';
export { type CmafOptions, type CmafPartOptions, cmafInit, cmafPart } from './cmaf.ts';
export { CountingRedis } from './counting-redis.ts';
export { DelayProxy } from './delay-proxy.ts';
export { TestExchange } from './exchange.ts';
export { encodeFlv, readFlv } from './flv-file.ts';
export { type FollowedPart, Follower } from './follower.ts';
export { HlsChecker } from './hls/checker.ts';
export { attributes, type ReadPlaylist, type ReadSegment, readPlaylist } from './hls/parse.ts';
export { ADMIN_TOKEN, Instance, type InstanceOptions, type ProcessStatus } from './instance.ts';
export { LossyRelay, type LossyRelayOptions } from './lossy-relay.ts';
export * as media from './media.ts';
export { Mutations } from './mutations.ts';
export { NativeClient } from './native-client.ts';
export { Network } from './network.ts';
export { ObsStudio } from './obs.ts';
export { freePorts } from './ports.ts';
export { descriptorsOf, residentBytesOf } from './process-stat.ts';
export { Publisher, type PublishOptions, publishArgs } from './publisher.ts';
export { GRID, PART_US, partAt, partIndexAt, rendition } from './push.ts';
export { RedisServer } from './redis.ts';
export { Replay, type ReplayOptions } from './replay.ts';
export { RoomOwner } from './room-owner.ts';
export * as attacks from './rtmp-attacks.ts';
export { RtmpClient, type RtmpClientOptions } from './rtmp-client.ts';
export * as wire from './rtmp-wire.ts';
export { RecordedWire, rtpPacket, vp8Payload } from './rtp-rig.ts';
export { seedDatabase } from './seed.ts';
export { createMeeting, SignalClient } from './signal-client.ts';
export { SignalingNode } from './signaling-node.ts';
export { SimClock } from './sim-clock.ts';
export {
  Agenda,
  numbers,
  SimulatedLink,
  type SimulatedLinkOptions,
} from './simulated-link.ts';
export { connectivityCheck, isStunSuccess, stunGreeting } from './stun.ts';
export { SvcStream } from './svc-stream.ts';
export { TurnClient } from './turn-client.ts';
export { until } from './wait.ts';
