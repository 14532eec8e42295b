import type { CreatedMeeting } from '#contracts';
import { call } from '../api/client.ts';
import { keepHostToken } from './host-token.ts';

/** Makes a room and goes to it, as its host. Throws `Problem`: 401 for who has no account. */
export async function startRoom(): Promise<void> {
  const body = { title: 'New room' };
  const { meetingId, hostToken } = await call<CreatedMeeting>('POST', '/api/meetings', { body });
  keepHostToken(meetingId, hostToken);
  location.assign(`/room/${encodeURIComponent(meetingId)}`);
}
