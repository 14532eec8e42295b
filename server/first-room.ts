import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CreatedMeeting, createdMeetingSchema, meetingViewSchema } from '#contracts';
import type { ApiClient } from './cli/client.ts';

export type FirstRoom = Pick<CreatedMeeting, 'meetingId' | 'hostToken'>;

const kept = createdMeetingSchema.pick({ meetingId: true, hostToken: true });

/**
 * The room that is there from the first start: a new one when there is none, or
 * when a host has ended it. Its host token lies in the data folder.
 */
export async function ensureFirstRoom(api: ApiClient, dataDir: string): Promise<FirstRoom> {
  const path = join(dataDir, 'keys', 'first-room.json');
  const known = await readKept(path);
  if (known !== undefined && (await isThere(api, known))) return known;
  const room = kept.parse(await api.call('POST', '/api/meetings', { title: 'Meeting room' }));
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

const isThere = (api: ApiClient, { meetingId }: FirstRoom): Promise<boolean> =>
  api.call('GET', `/api/meetings/${meetingId}`).then(
    (meeting) => meetingViewSchema.parse(meeting).status !== 'ended',
    () => false,
  );
