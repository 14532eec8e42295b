import { describe, expect, it } from 'vitest';
import { AmphiError, silentLogger } from '#base';
import { connectRedis, extraConnection, translateRedis } from './redis.ts';

describe('connections', () => {
  it('give a command up that nobody answers, and let those wait that block or subscribe', () => {
    const redis = connectRedis('unix:/nowhere/redis.sock', { log: silentLogger });
    const extra = (['block', 'subscribe'] as const).map((use) =>
      extraConnection(redis, silentLogger, use),
    );
    try {
      expect(redis.options.commandTimeout).toBe(5_000);
      for (const { options } of extra) {
        expect(options.commandTimeout).toBeUndefined();
        expect(options.path).toBe('/nowhere/redis.sock');
      }
    } finally {
      for (const one of [redis, ...extra]) one.disconnect();
    }
  });
});

describe('translateRedis', () => {
  it.each([
    'Command timed out',
    'Connection is closed.',
    "Stream isn't writeable and enableOfflineQueue options is false",
    'Reached the max retries per request limit (which is 20). Refer to "maxRetriesPerRequest" option for details.',
  ])('says of “%s” that Redis is not available', (message) => {
    expect(translateRedis(new Error(message))).toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 2,
    });
  });

  it('leaves all else as it is', () => {
    for (const error of [new Error('ERR wrong type'), new AmphiError('conflict'), 'text']) {
      expect(translateRedis(error)).toBe(error);
    }
  });
});
