export { Front, type FrontOptions } from './front.ts';
export { type OriginDeps, OriginService } from './origin/service.ts';
export { Relay } from './relay/relay.ts';
export { Upstream } from './relay/upstream.ts';
