import { describe, expect, it } from 'vitest';
import { callServerOf } from './placement.ts';

const nodes = ['a', 'b', 'c', 'd'].map((nodeId) => ({ nodeId }));
const events = Array.from({ length: 400 }, (_, i) => `event-${i}`);

describe('callServerOf', () => {
  it('is the same whatever the order of the nodes, and spreads events over them', () => {
    const shares = new Map<string, number>();
    for (const event of events) {
      const home = callServerOf(event, nodes)?.nodeId ?? '';
      expect(callServerOf(event, nodes.toReversed())?.nodeId).toBe(home);
      shares.set(home, (shares.get(home) ?? 0) + 1);
    }
    expect(shares.size).toBe(4);
    for (const share of shares.values()) expect(share).toBeGreaterThan(60);
  });

  it('moves only the events of a node that goes', () => {
    const left = nodes.slice(0, 3);
    for (const event of events) {
      const before = callServerOf(event, nodes)?.nodeId;
      if (before !== 'd') expect(callServerOf(event, left)?.nodeId).toBe(before);
    }
  });

  it('is none where there is no node', () => {
    expect(callServerOf('main', [])).toBeUndefined();
  });
});
