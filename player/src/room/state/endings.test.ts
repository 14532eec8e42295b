import { expect, it } from 'vitest';
import { endingOf } from './endings.ts';

const refused = (code: string) => ({ code: 4010, refusal: { code, message: `text of ${code}` } });

it.each(['meeting_locked', 'meeting_full', 'too_many', 'banned', 'unauthorized'])(
  'a refusal at the door keeps its reason: %s',
  (code) => {
    expect(endingOf(refused(code), false)).toEqual({
      why: 'refused',
      code,
      text: `text of ${code}`,
    });
  },
);

it('a meeting that is over is over, at the door and after a break', () => {
  expect(endingOf(refused('meeting_ended'), false)).toEqual({ why: 'ended' });
  expect(endingOf(refused('meeting_ended'), true)).toEqual({ why: 'ended' });
});

it('who comes back too late has lost the place', () => {
  const text = expect.stringContaining('away for too long');
  const ending = { why: 'lost', text, givenUp: true };
  expect(endingOf(refused('unauthorized'), true)).toEqual(ending);
  expect(endingOf({ code: 4010 }, true)).toEqual(ending);
  expect(endingOf({ code: 1006 }, true)).toEqual(ending);
});

it.each([
  [1008, { why: 'lost', text: expect.stringContaining('said more at once') }],
  [1009, { why: 'lost', text: expect.stringContaining('larger than the server takes') }],
  [4001, { why: 'elsewhere' }],
  [4003, { why: 'removed' }],
  [4004, { why: 'ended' }],
  [1006, { why: 'lost', text: expect.stringContaining('did not answer') }],
])('close code %d has words of its own', (code, ending) => {
  expect(endingOf({ code }, false)).toEqual(ending);
});
