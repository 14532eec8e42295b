import { describe, expect, it } from 'vitest';
import { levelOf } from './level.ts';
import { problemOfDevice } from './problem.ts';

describe('levelOf', () => {
  it.each([
    ['silence', 0, 0],
    ['a thousandth', 0.001, 0],
    ['a tenth', 0.1, 2 / 3],
    ['full scale', 1, 1],
  ])('of %s', (_what, sample, level) => {
    expect(levelOf([sample, -sample])).toBeCloseTo(level, 5);
  });
});

describe('problemOfDevice', () => {
  it.each([
    ['NotAllowedError', 'devices', 'denied'],
    ['NotAllowedError', 'screen', 'cancelled'],
    ['NotFoundError', 'devices', 'no-device'],
    ['NotReadableError', 'devices', 'device-busy'],
    ['OtherError', 'devices', 'other'],
  ] as const)('%s for %s means %s', (name, wanted, code) => {
    expect(problemOfDevice(new DOMException('', name), wanted).code).toBe(code);
  });
});
