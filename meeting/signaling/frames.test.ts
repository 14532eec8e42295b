import { expect, it } from 'vitest';
import { bodyOf, frame, LastBody, unnumbered } from './frames.ts';

it('a frame has its type and number first, and all that the message has', () => {
  const words = { type: 'reaction', from: 'a "b"', emoji: '👏' } as const;
  const text = frame(words.type, 7, bodyOf(words));
  expect(text).toBe('{"type":"reaction","sequence":7,"from":"a \\"b\\"","emoji":"👏"}');
  expect(unnumbered({ type: 'resumed' })).toBe('{"type":"resumed","sequence":0}');
});

it('a message to many is made once', () => {
  const bodies = new LastBody();
  let made = 0;
  const message = {
    type: 'reaction' as const,
    emoji: '👏',
    get from() {
      made++;
      return 'a';
    },
  };
  expect([bodies.of(message), bodies.of(message)]).toEqual([
    bodyOf({ ...message }),
    bodies.of(message),
  ]);
  made = 0;
  bodies.of(message);
  expect(made).toBe(0);
  bodies.forget();
  bodies.of(message);
  expect(made).toBe(1);
  expect(bodies.of({ ...message, emoji: '🎉' })).toContain('🎉');
});
