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
