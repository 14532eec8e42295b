import { expect, it } from 'vitest';
import { silentLogger } from '#base';
import type { NodeRecord } from '#contracts';
import type { Redis } from './redis.ts';
import { NodeRegistry } from './registry.ts';

const RECORD: NodeRecord = { nodeId: 'a', role: 'origin', url: 'http://127.0.0.1:1', startedAt: 1 };
/** Longer than an answer is kept. */
const LATER_MS = 1_100;

/** A Redis that knows one node, and answers, refuses or hangs. */
class OneNode {
  mood: 'answers' | 'refuses' | 'hangs' = 'answers';
  asked = 0;

  async smembers(): Promise<string[]> {
    this.asked++;
    if (this.mood === 'refuses') throw new Error('away');
    if (this.mood === 'hangs') await new Promise(() => {});
    return ['a'];
  }

  async mget(): Promise<string[]> {
    return [JSON.stringify(RECORD)];
  }
}

const later = () => new Promise((resolve) => setTimeout(resolve, LATER_MS));

it.each(['refuses', 'hangs'] as const)(
  'a registry whose Redis %s gives its last answer',
  async (mood) => {
    const redis = new OneNode();
    const registry = new NodeRegistry(redis as unknown as Redis, silentLogger);
    expect(await registry.find('origin')).toEqual([RECORD]);
    await later();
    redis.mood = mood;
    const at = performance.now();
    for (let n = 0; n < 50; n++) expect(await registry.find('origin')).toEqual([RECORD]);
    expect(performance.now() - at).toBeLessThan(5_000);
    if (mood === 'hangs') expect(redis.asked).toBe(2);
  },
);

it.each([
  ['refuses', 'away'],
  ['hangs', 'does not answer'],
] as const)('a registry that knows nobody yet says that its Redis %s', async (mood, words) => {
  const redis = new OneNode();
  redis.mood = mood;
  const registry = new NodeRegistry(redis as unknown as Redis, silentLogger);
  await expect(registry.find('origin')).rejects.toThrow(words);
});
