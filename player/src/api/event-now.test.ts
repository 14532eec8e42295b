import { expect, it } from 'vitest';
import type { EventLive, EventView, SourceHealth } from '#contracts';
import { withNow } from './event-now.ts';

const health: SourceHealth = {
  sourceId: 'a',
  connected: true,
  driftMs: 0,
  dropped: 0,
  jumps: 0,
  advice: [],
};

const event: EventView = {
  eventId: 'main',
  title: 'Main stage',
  visibility: 'public',
  latency: 'low',
  dvrSeconds: 7_200,
  record: false,
  status: 'live',
  open: true,
  viewers: 5,
  started: 1,
  onAir: 'a',
  createdAt: 0,
  renditions: [],
  warnings: [],
  watchUrl: 'http://host/watch/main',
  studioUrl: 'http://host/studio/main',
  sources: [
    { sourceId: 'a', name: 'Camera 1', kind: 'rtmp', health },
    { sourceId: 'b', name: 'Camera 2', kind: 'rtmp' },
  ],
};

const quiet: EventLive = {
  at: 2,
  status: 'ended',
  open: false,
  viewers: 0,
  renditions: [],
  warnings: [],
  sources: [],
};

it('withNow takes what has moved and keeps the rest', () => {
  const live = {
    ...quiet,
    status: 'live' as const,
    sources: [{ ...health, sourceId: 'b' }],
    onAir: 'b',
  };
  const merged = withNow(event, live);
  expect(merged).toMatchObject({ title: 'Main stage', onAir: 'b', viewers: 0 });
  expect(merged.sources.map(({ name, health: h }) => [name, h?.connected])).toEqual([
    ['Camera 1', undefined],
    ['Camera 2', true],
  ]);
});

it('withNow forgets what is no longer so', () => {
  const merged = withNow(event, quiet);
  expect(merged.status).toBe('ended');
  expect(merged).not.toHaveProperty('onAir');
  expect(merged).not.toHaveProperty('started');
  expect(merged).not.toHaveProperty('at');
});
