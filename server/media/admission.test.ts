import { expect, it } from 'vitest';
import { TokenIssuer, TokenVerifier } from '#platform';
import { isOpened, partingOf } from './admission.ts';

const tokens = new TokenIssuer('secret');
const verifier = new TokenVerifier(tokens);

it('an event is opened by a play token of its own, whichever is shown first, and by nothing else', async () => {
  const play = (eventId: string) => tokens.sign('play', { sub: eventId }, 60);
  const [own, other] = [await play('event'), await play('other')];
  const session = await tokens.sign('user', { sub: 'event' }, 60);
  const opened = (...shown: (string | undefined)[]) => isOpened('event', shown, verifier);
  expect(await opened(own)).toBe(true);
  expect(await opened(undefined, own)).toBe(true);
  expect(await opened(other, own)).toBe(true);
  expect(await opened()).toBe(false);
  expect(await opened(undefined, other, session, 'x.y.z', '')).toBe(false);
  expect(await opened('x'.repeat(3_000))).toBe(false);
});

it.each([
  ['live', 'public', false, undefined],
  ['live', 'unlisted', false, undefined],
  ['interrupted', 'private', true, undefined],
  ['live', 'private', false, 'private'],
  ['interrupted', 'private', false, 'private'],
  ['ended', 'private', false, 'over'],
  ['idle', 'public', true, 'over'],
] as const)(
  'of an event that is %s and %s, who has a token (… %s) parts: %s',
  (status, visibility, hasToken, parting) => {
    expect(partingOf({ status, visibility }, hasToken)).toBe(parting);
  },
);
