import { raisedWarningSchema, type Warning, warningsKey } from '#contracts';
import type { Redis } from './redis.ts';

/** Nothing is warned of for longer than this without being raised again. */
const MAX_LIFE_MS = 3_600_000;

/**
 * Warns the studio of something about an event, for so long or until raised
 * again under the same code. What still holds then is to be raised anew: a
 * process that dies takes its warnings with it.
 */
export async function raiseWarning(
  redis: Redis,
  eventId: string,
  { code, level, text }: Warning,
  forMs: number,
): Promise<void> {
  const until = Date.now() + Math.min(forMs, MAX_LIFE_MS);
  const key = warningsKey(eventId);
  await redis
    .multi()
    .hset(key, code, JSON.stringify({ level, text, until }))
    .pexpire(key, MAX_LIFE_MS)
    .exec();
}

/** What processes warn of now. */
export async function raisedWarnings(redis: Redis, eventId: string): Promise<Warning[]> {
  const nowMs = Date.now();
  const warnings: Warning[] = [];
  for (const [code, value] of Object.entries(await redis.hgetall(warningsKey(eventId)))) {
    const raised = raisedWarningSchema.safeParse(JSON.parse(value));
    if (!raised.success || raised.data.until < nowMs) continue;
    const { level, text } = raised.data;
    warnings.push({ code, level, text });
  }
  return warnings;
}
