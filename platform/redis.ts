import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '#base';
import { messageOf } from '#base';

export type { Redis } from 'ioredis';

/** `redis://…`, `rediss://…`, or `unix:/path` for the private server of this machine. */
export type RedisAddress = string;

const retryStrategy = (attempt: number): number => Math.min(attempt * 50, 500);

/**
 * Connects, and goes on reconnecting for ever. With `failFast` a command that
 * finds no connection fails at once, for callers that can do without; else it
 * waits in line.
 */
export function connectRedis(
  address: RedisAddress,
  options: { log: Logger; failFast?: boolean },
): Redis {
  const common: RedisOptions = {
    retryStrategy,
    enableOfflineQueue: options.failFast !== true,
    maxRetriesPerRequest: options.failFast ? 0 : 20,
    enableReadyCheck: true,
    connectTimeout: 5_000,
  };
  const redis = address.startsWith('unix:')
    ? new Redis(address.slice('unix:'.length), common)
    : new Redis(address, common);
  watch(redis, options.log);
  return redis;
}

/**
 * A second connection to the same server, for what keeps a connection to
 * itself: subscribing, or a call that blocks.
 */
export function extraConnection(redis: Redis, log: Logger, use: 'subscribe' | 'block'): Redis {
  const extra = redis.duplicate({
    maxRetriesPerRequest: null,
    // A subscribed connection may not ask the server how it is.
    enableReadyCheck: use === 'block',
  });
  watch(extra, log);
  return extra;
}

function watch(redis: Redis, log: Logger): void {
  let reported = false;
  redis.on('error', (error) => {
    if (reported) return;
    reported = true;
    log.warn({ reason: messageOf(error) }, 'redis is not reachable; trying again');
  });
  redis.on('ready', () => {
    if (reported) log.info({}, 'redis is back');
    reported = false;
  });
}

/**
 * A number that is larger than any handed out under this key before, even when
 * Redis lost its memory in between: at least the current time in milliseconds.
 */
export async function nextFence(redis: Redis, name: string, nowMs = Date.now()): Promise<number> {
  const result = await redis.eval(NEXT_FENCE, 1, `amphi:fence:${name}`, String(nowMs));
  return Number(result);
}

const NEXT_FENCE = `
local fence = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') + 1, tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.0f', fence), 'EX', 604800)
return string.format('%.0f', fence)`;
