/** How well somebody's media comes through, as bars, and why it is not better. */
export interface Quality {
  /** 4 is good, 1 hardly usable. */
  bars: 1 | 2 | 3 | 4;
  reason: string | undefined;
  /** What may help, where that is not what helps a weak network. */
  advice?: string;
}

/** Nothing of the media has come through for a while. */
export const NO_WAY: Quality = {
  bars: 1,
  reason: 'no way for sound and pictures is found',
  advice: 'A firewall may keep them out: another network helps, or another browser.',
};

/**
 * For how many looks in a row connections have tried in vain: `before` is that
 * of the look before. One that has not begun says nothing, one that stands is enough.
 */
export function triesInVain(before: number, states: readonly RTCPeerConnectionState[]): number {
  if (states.length === 0 || states.includes('connected')) return 0;
  const isTrying = states.some((state) => state !== 'new' && state !== 'closed');
  return isTrying ? before + 1 : before;
}

/** What was measured of one person over the last seconds. Undefined where nothing is known. */
export interface Measured {
  /** Share of packets lost, 0 to 1. */
  loss: number | undefined;
  roundTripMs: number | undefined;
  jitterMs: number | undefined;
  /** Share of the time that the picture stood still, 0 to 1. */
  frozen: number | undefined;
  /** Share of the sound that had to be made up, 0 to 1. */
  concealed: number | undefined;
  /** What keeps an own picture from being better. */
  limitedBy?: 'cpu' | 'bandwidth' | undefined;
}

type Step = readonly [from: number, bars: Quality['bars']];
const STEPS: readonly {
  of: (measured: Measured) => number | undefined;
  steps: readonly Step[];
  reason: (value: number) => string;
}[] = [
  {
    of: ({ loss }) => loss,
    steps: [
      [0.15, 1],
      [0.06, 2],
      [0.02, 3],
    ],
    reason: (value) => `${Math.round(value * 100)} % of the packets get lost`,
  },
  {
    of: ({ frozen }) => frozen,
    steps: [
      [0.3, 1],
      [0.1, 2],
      [0.03, 3],
    ],
    reason: () => 'the picture stands still now and then',
  },
  {
    of: ({ concealed }) => concealed,
    steps: [
      [0.2, 1],
      [0.08, 2],
      [0.03, 3],
    ],
    reason: () => 'parts of the sound are missing',
  },
  {
    of: ({ roundTripMs }) => roundTripMs,
    steps: [
      [800, 1],
      [400, 2],
      [250, 3],
    ],
    reason: (value) => `it takes ${Math.round(value)} ms there and back`,
  },
  {
    of: ({ jitterMs }) => jitterMs,
    steps: [
      [120, 2],
      [60, 3],
    ],
    reason: () => 'packets come unevenly',
  },
  {
    of: ({ limitedBy }) => (limitedBy === undefined ? undefined : limitedBy === 'cpu' ? 2 : 1),
    steps: [[1, 3]],
    reason: (value) =>
      value === 2 ? 'this device does not encode faster' : 'the network does not carry more',
  },
];

/** The worst of what was measured decides. */
export function gradeOf(measured: Measured): Quality {
  let worst: Quality = { bars: 4, reason: undefined };
  for (const { of, steps, reason } of STEPS) {
    const value = of(measured);
    const bars = value === undefined ? 4 : (steps.find(([from]) => value >= from)?.[1] ?? 4);
    if (value !== undefined && bars < worst.bars) worst = { bars, reason: reason(value) };
  }
  return worst;
}
