/** A meeting as a calendar file (RFC 5545). */
export interface CalendarMeeting {
  meetingId: string;
  title: string;
  joinUrl: string;
  startsAt: Date;
  durationMinutes: number;
  /** When it was made. */
  createdAt: Date;
}

/** The file's text, with CRLF line ends and lines of at most 75 octets. */
export function calendarFile(meeting: CalendarMeeting): string {
  const { meetingId, title, joinUrl, startsAt, durationMinutes, createdAt } = meeting;
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Amphi//Rooms//EN',
    'METHOD:PUBLISH',
    'BEGIN:VEVENT',
    `UID:${meetingId}@amphi`,
    `DTSTAMP:${utc(createdAt)}`,
    `DTSTART:${utc(startsAt)}`,
    `DTEND:${utc(new Date(startsAt.getTime() + durationMinutes * 60_000))}`,
    `SUMMARY:${escaped(title)}`,
    `DESCRIPTION:${escaped(`Join: ${joinUrl}`)}`,
    `LOCATION:${escaped(joinUrl)}`,
    `URL:${joinUrl}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ]
    .map(folded)
    .join('');
}

/** RFC 5545 3.3.5, form 2. */
const utc = (at: Date): string => at.toISOString().replace(/[-:]|\.\d{3}/g, '');

/** RFC 5545 3.3.11; other control characters are not allowed at all. */
const escaped = (text: string): string =>
  text
    .replace(/[\\;,]/g, '\\$&')
    .replace(/\r\n|\r|\n/g, '\\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');

const MAX_LINE_OCTETS = 75;

/** RFC 5545 3.1: never within a character. */
function folded(line: string): string {
  let text = '';
  let octets = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > MAX_LINE_OCTETS) {
      text += '\r\n ';
      octets = 1;
    }
    text += character;
    octets += size;
  }
  return `${text}\r\n`;
}
