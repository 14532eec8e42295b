import { expect, it } from 'vitest';
import { createMeetingSchema } from './meeting.ts';

const LATEST = Date.UTC(9999, 11, 30);

it.each([
  ['1970-01-01T00:00:00Z', 0],
  ['2027-02-03T10:00:00+01:00', Date.UTC(2027, 1, 3, 9)],
  [0, 0],
  [LATEST, LATEST],
])('a meeting may begin at %s', (startTime, atMs) => {
  expect(createMeetingSchema.parse({ title: 'x', startTime })).toMatchObject({ startTime: atMs });
});

it.each([
  ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+23:59', '1969-12-31T23:59:59Z'],
  ...['9999-12-30T00:00:01Z', -1, LATEST + 1, 8_640_000_000_000_000, 1.5],
])('but not at %s, which no calendar file or table takes', (startTime) => {
  expect(createMeetingSchema.safeParse({ title: 'x', startTime }).success).toBe(false);
});
