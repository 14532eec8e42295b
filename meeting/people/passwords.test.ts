import { expect, it } from 'vitest';
import { hashPassword, isPassword } from './passwords.ts';

it('knows a password again, however it was typed, and no other', async () => {
  const kept = await hashPassword('caf\u00e9 🔑');
  expect(kept).not.toContain('caf');
  expect(await isPassword('cafe\u0301 🔑', kept)).toBe(true);
  expect(await isPassword('cafe 🔑', kept)).toBe(false);
  expect(await isPassword('', kept)).toBe(false);
  expect(await hashPassword('caf\u00e9 🔑')).not.toBe(kept);
  expect(await isPassword('x', 'md5$abc')).toBe(false);
});

it('looks at 32 passwords at a time, two of them at once, and at no 33rd', async () => {
  const answers = await Promise.allSettled(
    // The dearest work is left out: what is counted is who comes.
    Array.from({ length: 33 }, () => isPassword('x', 'scrypt$2$8$1$AAAA$AAAA')),
  );
  expect(answers.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 32 }, () => 'fulfilled'),
    'rejected',
  ]);
  expect(answers[32]).toMatchObject({
    reason: { code: 'unavailable', status: 503, retryAfterSeconds: 3 },
  });
  expect(await isPassword('x', 'scrypt$2$8$1$AAAA$AAAA')).toBe(false);
});
