import { expect, it } from 'vitest';
import { CountingRedis } from '#support';
import { AccountLimits } from './account-limits.ts';

it.each([
  [60, 'call'],
  [60, 'capabilities'],
  [120, 'message'],
  [120, 'message-history'],
  [240, 'messages-seen'],
  [240, 'missed-seen'],
] as const)(
  'takes %i × %s of one account and not one more; others do not matter',
  async (most, type) => {
    const measures = new AccountLimits(new CountingRedis().redis);
    for (let i = 0; i < most; i++) await measures.spend('ann', type);
    await expect(measures.spend('ann', type)).rejects.toMatchObject({ code: 'too_many' });
    await measures.spend('bob', type);
  },
);

it('has one measure for what was seen, and none for what is bounded otherwise', async () => {
  const measures = new AccountLimits(new CountingRedis().redis);
  for (let i = 0; i < 120; i++) {
    await measures.spend('ann', 'messages-seen');
    await measures.spend('ann', 'missed-seen');
  }
  await expect(measures.spend('ann', 'missed-seen')).rejects.toMatchObject({ code: 'too_many' });
  for (let i = 0; i < 1_000; i++) await measures.spend('ann', 'hang-up');
});
