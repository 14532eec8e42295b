import { AmphiError, isAmphiError, type Logger, messageOf } from '#base';
import type { Redis } from '#platform';
import type { ChatStore } from '../chat/store.ts';
import { type MeetingRepository, type MeetingRow, storedOf } from '../meetings/repository.ts';
import { newRoom, type RoomState } from '../room/state.ts';
import { adoptStored } from '../room/stored.ts';
import { dropSnapshot, readSnapshot } from './snapshot.ts';

export interface TakeUpDeps {
  redis: Redis;
  meetings: Pick<MeetingRepository, 'meeting' | 'end'>;
  chat: Pick<ChatStore, 'recent'>;
  log: Logger;
}

const RECENT_CHAT = 100;

/**
 * A room's state as an earlier holder left it in Redis, in step with the
 * database's `row`; with the database away, as it was. Throws `meeting_not_found`,
 * `meeting_ended`, or `unavailable` when nothing is known of it.
 */
export async function takeUp(
  deps: TakeUpDeps,
  meetingId: string,
  nowMs: number,
): Promise<{ state: RoomState; row: MeetingRow | undefined }> {
  const unlessAway = (error: unknown) => {
    if (isAmphiError(error, 'meeting_not_found')) throw error;
    return undefined;
  };
  const [row, chat, kept] = await Promise.all([
    deps.meetings.meeting(meetingId).catch(unlessAway),
    deps.chat.recent(meetingId, RECENT_CHAT).catch(unlessAway),
    readSnapshot(deps.redis, meetingId),
  ]);
  if (row !== undefined && row.endedAt !== null) throw new AmphiError('meeting_ended');
  if (kept?.unwritten?.ended) {
    await endLate(deps, meetingId);
    throw new AmphiError('meeting_ended');
  }
  if (kept === undefined) {
    if (row === undefined) throw new AmphiError('unavailable');
    const known = chat ?? (await deps.chat.recent(meetingId, RECENT_CHAT));
    return { state: newRoom({ meetingId, ...storedOf(row), chat: known, nowMs }), row };
  }
  for (const told of Object.values(kept.paced ?? {})) {
    // The clock of that node may have been ahead of this one.
    told.toldAt = Math.min(told.toldAt, nowMs);
  }
  if (row !== undefined) {
    adoptStored(kept, storedOf(row));
    const known = new Set(row.banned);
    if (kept.banned.some((one) => !known.has(one))) {
      kept.unwritten = { ...kept.unwritten, banned: true };
    }
  }
  // A message is acknowledged when the database has it: a holder that was killed then has not written it here.
  if (chat !== undefined) {
    kept.chat = chat;
    kept.lastAt = Math.max(kept.lastAt, chat.at(-1)?.timestamp ?? 0);
  }
  for (const person of [...Object.values(kept.people), ...Object.values(kept.waiting)]) {
    // What has no answer yet will be said again, and answered by this one.
    person.answered = person.answered.filter(({ message }) => message !== undefined);
  }
  return { state: kept, row };
}

/** The meeting was ended while the database was away, and whoever held it has gone since. */
async function endLate({ meetings, redis, log }: TakeUpDeps, meetingId: string): Promise<void> {
  try {
    await meetings.end(meetingId);
    await dropSnapshot(redis, meetingId);
  } catch (error) {
    log.warn({ meetingId, reason: messageOf(error) }, 'the end of a meeting is still not written');
  }
}
