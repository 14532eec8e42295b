import { expect, it } from 'vitest';
import { calendarFile } from './calendar.ts';

const meeting = {
  meetingId: '4h2k-9xqe-m0tz-77ab',
  title: 'Plan; budget, \\ and\nBEGIN:VEVENT',
  joinUrl: 'https://a.example/room/4h2k-9xqe-m0tz-77ab',
  startsAt: new Date('2027-02-03T04:05:06.789Z'),
  durationMinutes: 90,
  createdAt: new Date('2027-01-01T00:00:00Z'),
};

it('says when, in UTC, and escapes what people typed', () => {
  const lines = calendarFile(meeting).split('\r\n');
  expect(lines).toContain('DTSTART:20270203T040506Z');
  expect(lines).toContain('DTEND:20270203T053506Z');
  expect(lines).toContain('SUMMARY:Plan\\; budget\\, \\\\ and\\nBEGIN:VEVENT');
  expect(lines.filter((line) => line === 'BEGIN:VEVENT')).toHaveLength(1);
  expect(lines.at(-1)).toBe('');
});

it('folds lines at 75 octets, never within a character', () => {
  const title = '🎉é'.repeat(40);
  const text = calendarFile({ ...meeting, title });
  for (const line of text.split('\r\n')) {
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    expect(line).not.toContain('\ufffd');
  }
  expect(text.replaceAll('\r\n ', '')).toContain(`SUMMARY:${title}`);
});
