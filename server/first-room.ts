import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CreatedMeeting, createdMeetingSchema, meetingViewSchema } from '#contracts';

export type FirstRoom = Pick<CreatedMeeting, 'meetingId' | 'hostToken'>;

const kept = createdMeetingSchema.pick({ meetingId: true, hostToken: true });

/**
 * The room that is there from the first start: a new one when there is none, or
 * when a host has ended it. Its host token lies in the data folder.
 */
export async function ensureFirstRoom(
  apiUrl: string,
  adminToken: string,
  dataDir: string,
): Promise<FirstRoom> {
  const path = join(dataDir, 'keys', 'first-room.json');
  const known = await readKept(path);
  if (known !== undefined && (await isThere(apiUrl, known))) return known;
  const made = await fetch(`${apiUrl}/api/meetings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Meeting room' }),
  });
  if (!made.ok) throw new Error(`the first room could not be made: ${await made.text()}`);
  const room = kept.parse(await made.json());
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, `${JSON.stringify(room)}\n`, { mode: 0o600 });
  return room;
}

async function readKept(path: string): Promise<FirstRoom | undefined> {
  try {
    return kept.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Not there yet, or of no use: there will be another one.
    return undefined;
  }
}

async function isThere(apiUrl: string, { meetingId, hostToken }: FirstRoom): Promise<boolean> {
  const answer = await fetch(`${apiUrl}/api/meetings/${meetingId}`, {
    headers: { authorization: `Bearer ${hostToken}` },
  });
  return answer.ok && meetingViewSchema.parse(await answer.json()).status !== 'ended';
}
