import { Redis, type RedisOptions } from 'ioredis';
import { AmphiError, isAmphiError, type Logger, messageOf } from '#base';

export type { Redis } from 'ioredis';

/** `redis://…`, `rediss://…`, or `unix:/path` for the private server of this machine. */
export type RedisAddress = string;

/**
 * A command without an answer for so long is given up: a Redis that hangs, rather
 * than being away, would hold up whoever asks for ever. It may still be done later.
 */
const COMMAND_TIMEOUT_MS = 5_000;
const RETRY_AFTER_SECONDS = 2;

const retryStrategy = (attempt: number): number => Math.min(attempt * 50, 500);

/**
 * Connects, and goes on reconnecting for ever. With `failFast` a command that
 * finds no connection fails at once, for callers that can do without; else it
 * waits in line. A command that nobody answers fails after five seconds.
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
    commandTimeout: COMMAND_TIMEOUT_MS,
  };
  const redis = address.startsWith('unix:')
    ? new Redis(address.slice('unix:'.length), common)
    : new Redis(address, common);
  watch(redis, options.log);
  return redis;
}

/**
 * A second connection to the same server, for what keeps a connection to
 * itself: subscribing, or a call that blocks, for as long as it may take.
 */
export function extraConnection(redis: Redis, log: Logger, use: 'subscribe' | 'block'): Redis {
  const { commandTimeout: _, ...options } = redis.options;
  const extra = new Redis({
    ...options,
    maxRetriesPerRequest: null,
    // A subscribed connection may not ask the server how it is.
    enableReadyCheck: use === 'block',
  });
  watch(extra, log);
  return extra;
}

/** What PostgreSQL's library says of a server that is away, or takes no more connections. */
const DATABASE_AWAY =
  /^(Connection terminated|timeout exceeded when trying to connect|connect E|sorry, too many clients)/;
const isAway = (error: unknown) => error instanceof Error && DATABASE_AWAY.test(error.message);

/** What the library says of a server that is away or hangs. */
const AWAY =
  /^(Command timed out|Connection is closed\.|Stream isn't writeable|Reached the max retries)/;

/** Any error as it is said outside: one of a Redis or a database that is away is `unavailable`. */
export function translateAway(error: unknown): unknown {
  if (!(error instanceof Error) || isAmphiError(error)) return error;
  // The query layer has put it into words of its own, with all of the query.
  const { cause } = error;
  if (isAmphiError(cause, 'unavailable') || isAway(cause)) {
    return new AmphiError('unavailable', {
      detail: 'The database does not answer. Try again in a moment.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause,
    });
  }
  if (!AWAY.test(error.message)) return error;
  return new AmphiError('unavailable', {
    detail: 'Redis does not answer. Try again in a moment.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause: error,
  });
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
