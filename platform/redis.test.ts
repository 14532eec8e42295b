import { describe, expect, it } from 'vitest';
import { AmphiError, silentLogger } from '#base';
import { connectRedis, extraConnection, translateAway } from './redis.ts';

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

describe('translateAway', () => {
  it.each([
    'Command timed out',
    'Connection is closed.',
    "Stream isn't writeable and enableOfflineQueue options is false",
    'Reached the max retries per request limit (which is 20). Refer to "maxRetriesPerRequest" option for details.',
  ])('says of “%s” that Redis is not available', (message) => {
    expect(translateAway(new Error(message))).toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 2,
    });
  });

  it.each([
    new AmphiError('unavailable', 'the database went away'),
    new Error('Connection terminated unexpectedly'),
    new Error('connect ECONNREFUSED 127.0.0.1:5432'),
  ])('says of a query that failed by “$message” that the database is not available', (cause) => {
    const translated = translateAway(new Error('Failed query: select 1', { cause }));
    expect(translated).toMatchObject({ code: 'unavailable', retryAfterSeconds: 2 });
    expect(String(translated)).not.toContain('select');
  });

  it('leaves all else as it is', () => {
    for (const error of [
      new Error('ERR wrong type'),
      new Error('Failed query', { cause: new Error('duplicate key') }),
      new AmphiError('conflict'),
      'text',
    ]) {
      expect(translateAway(error)).toBe(error);
    }
  });
});
