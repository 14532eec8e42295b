import { describe, expect, it } from 'vitest';
import { findingOf, type Known, type View, viewOf, wantsMedia } from './view.ts';

const known = (over: Partial<Known>): Known => ({
  finding: 'found',
  status: 'live',
  media: true,
  ...over,
});

describe('viewOf', () => {
  const table: [string, Partial<Known>, View][] = [
    [
      'nothing is known',
      { finding: 'unknown', status: undefined, media: false },
      { name: 'loading' },
    ],
    ['nothing answers', { finding: 'unreachable', status: undefined }, { name: 'unreachable' }],
    ['there is no such event', { finding: 'missing', status: undefined }, { name: 'missing' }],
    ['a token is needed', { finding: 'locked', status: undefined }, { name: 'locked' }],
    ['a token has run out', { finding: 'locked', status: 'live' }, { name: 'locked' }],
    ['nobody is live yet', { status: 'idle', media: false }, { name: 'soon' }],
    [
      'nothing answers before it began',
      { finding: 'unreachable', status: 'idle' },
      { name: 'unreachable' },
    ],
    ['it is on air', {}, { name: 'playing', interrupted: false }],
    ['the source is gone', { status: 'interrupted' }, { name: 'playing', interrupted: true }],
    [
      'the network fails on air',
      { finding: 'unreachable' },
      { name: 'playing', interrupted: false },
    ],
    ['it is over, with a recording', { status: 'ended' }, { name: 'ended', replay: true }],
    ['it is over', { status: 'ended', media: false }, { name: 'ended', replay: false }],
    [
      'it is over and nothing answers',
      { status: 'ended', finding: 'unreachable' },
      { name: 'ended', replay: true },
    ],
  ];
  it.each(table)('when %s', (_, over, view) => {
    expect(viewOf(known(over))).toEqual(view);
  });
});

describe('findingOf', () => {
  it.each([
    [200, 'found'],
    [204, 'found'],
    [401, 'locked'],
    [403, 'locked'],
    [404, 'missing'],
    [400, 'missing'],
    [429, 'unreachable'],
    [500, 'unreachable'],
    [503, 'unreachable'],
  ] as const)('%i means %s', (status, finding) => {
    expect(findingOf(status)).toBe(finding);
  });
});

describe('wantsMedia', () => {
  it('is for events on air, with or without their source', () => {
    expect((['idle', 'live', 'interrupted', 'ended'] as const).map(wantsMedia)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(wantsMedia(undefined)).toBe(false);
  });
});
