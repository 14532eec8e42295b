export { Front, type FrontOptions } from './front/front.ts';
export { type OriginDeps, OriginService } from './origin/service.ts';
export { Relay, type RelayOptions } from './relay/relay.ts';
export { Upstream, type UpstreamOptions } from './relay/upstream.ts';
