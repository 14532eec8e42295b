import { expect, it } from 'vitest';
import { CountingRedis } from '#support';
import { Accounts } from './accounts.ts';
import { hashPassword } from './passwords.ts';
import type { PeopleRepository } from './repository.ts';

const OWN = { email: 'own@example.org', password: 'correct horse' };
const ADDRESS = '192.0.2.1';

it('signIn takes 20 wrong passwords from an address and not one more, whatever is right in between', async () => {
  const passwordHash = await hashPassword(OWN.password);
  const people = {
    byEmail: async (email: string) => (email === OWN.email ? { email, passwordHash } : undefined),
  } as unknown as PeopleRepository;
  const accounts = new Accounts({ people, redis: new CountingRedis().redis });
  const guess = (n: number) =>
    accounts.signIn({ email: `n${n}@example.org`, password: 'guess' }, ADDRESS);
  for (let n = 0; n < 20; n++) {
    if (n % 5 === 4) await accounts.signIn(OWN, ADDRESS);
    await expect(guess(n)).rejects.toMatchObject({ code: 'unauthorized' });
  }
  await expect(guess(20)).rejects.toMatchObject({ code: 'too_many' });
  await expect(accounts.signIn(OWN, ADDRESS)).rejects.toMatchObject({ code: 'too_many' });
  await accounts.signIn(OWN, '192.0.2.2');
}, 120_000);
