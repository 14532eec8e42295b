export { type BrowserName, launchBrowser } from './browser.ts';
export { type FollowedPart, Follower } from './follower.ts';
export { Instance, type InstanceOptions, type ProcessStatus } from './instance.ts';
export { freePorts } from './ports.ts';
export { Publisher, type PublishOptions, publishArgs } from './publisher.ts';
export { RedisServer } from './redis.ts';
export { seedDatabase } from './seed.ts';
export { until } from './wait.ts';
