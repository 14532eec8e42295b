import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { AmphiError, delay, randomId } from '#base';
import type {
  createMeetingSchema,
  MeetingView,
  ParticipantRole,
  patchMeetingSchema,
} from '#contracts';
import { Attempts, type Redis, sameSecret, sha256Hex, type TokenIssuer } from '#platform';
import type { MeetingFiles } from '../files/meeting-files.ts';
import { hashPassword, isPassword, passwordMark } from '../people/passwords.ts';
import { isBanned } from '../room/bans.ts';
import { requireAllowed } from '../room/rights.ts';
import { type Grant, grantSchema } from '../signaling/line.ts';
import { leaseName, type Rooms } from '../signaling/rooms.ts';
import { type LiveRoom, readLive } from '../signaling/snapshot.ts';
import { type MeetingRepository, type MeetingRow, settingsOf } from './repository.ts';

const HOST_KEY_BYTES = 24;
const PARTICIPANT_ID_CHARACTERS = 12;
const DEFAULT_DURATION_MINUTES = 60;
/** A room's state is written a moment after something has happened in it. */
const PRESENT_RETRY_MS = 100;
const PRESENT_ATTEMPTS = 10;
/** A token must be used within so long. */
const JOIN_SECONDS = 5 * 60;
/** Of one address, for one meeting. A place is taken while a password is looked at, also by a class that comes at once. */
const PASSWORD_LIMITS = { name: 'meeting-password', failures: 30, seconds: 60 };
/** Of one address, for all meetings. */
const JOINS = 'meeting-join';
/** Of those who come as hosts: guests of the same address do not use up theirs. */
const HOST_JOINS = 'meeting-join-host';
const JOINS_SECONDS = 60;
const TOO_MANY_JOIN = 'Too many join from your network';
const NETWORK_CHARACTERS = 16;

/** Of one account. */
const MAKING = { name: 'meetings-made', failures: 100, seconds: 3_600 };
const MOST_OPEN = 5_000;
/** Of one meeting: each costs as much as a sign-in, and sign-ins wait for it. */
const NEW_PASSWORDS = { name: 'meeting-new-password', failures: 10, seconds: 60 };

export interface MeetingServiceDeps {
  meetings: MeetingRepository;
  rooms: Rooms;
  files: Pick<MeetingFiles, 'removeAll'>;
  redis: Redis;
  tokens: TokenIssuer;
  /** So many joins one address may ask for in a minute. */
  joinsPerMinute: number;
}

/** Who asks, as far as a meeting is concerned. */
export interface Caller {
  isAdmin: boolean;
  userId?: string | undefined;
  /** The bearer token that was shown, of whatever kind. */
  bearer?: string | undefined;
}

/** Somebody who is in a meeting. */
interface Present {
  participantId: string;
  role: ParticipantRole;
  /** Their account, or a hash of their browser: the same, however often they come in. */
  person: string;
  /** The breakout room that they are in; undefined for the main room. */
  breakoutId: string | undefined;
  /** All participants who are in it. */
  present: string[];
}

/** Meetings as the API has them; what goes on in them is for their rooms. */
export class MeetingService {
  readonly #deps: MeetingServiceDeps;
  readonly #attempts: Attempts;
  readonly #joins: Attempts;
  readonly #hostJoins: Attempts;
  readonly #making: Attempts;
  readonly #newPasswords: Attempts;

  constructor(deps: MeetingServiceDeps) {
    this.#deps = deps;
    this.#attempts = new Attempts(deps.redis, PASSWORD_LIMITS);
    const joins = { failures: deps.joinsPerMinute, seconds: JOINS_SECONDS };
    this.#joins = new Attempts(deps.redis, { name: JOINS, ...joins });
    this.#hostJoins = new Attempts(deps.redis, { name: HOST_JOINS, ...joins });
    this.#making = new Attempts(deps.redis, MAKING);
    this.#newPasswords = new Attempts(deps.redis, NEW_PASSWORDS);
  }

  /** Throws `too_many` when its owner makes, or has, too many. */
  async create(
    body: z.output<typeof createMeetingSchema>,
    ownerId: string | undefined,
  ): Promise<{ row: MeetingRow; hostToken: string }> {
    const { title, startTime, durationMinutes, settings = {} } = body;
    const { password, ...rest } = settings;
    if (ownerId !== undefined) await this.#making.spend(ownerId, 'Too many new meetings');
    const hostToken = randomBytes(HOST_KEY_BYTES).toString('base64url');
    const made = {
      title,
      ownerId,
      hostKeyHash: sha256Hex(hostToken),
      passwordHash: password === undefined ? undefined : await hashPassword(password),
      settings: rest,
      startTime: startTime === undefined ? undefined : new Date(startTime),
      durationMinutes: durationMinutes ?? DEFAULT_DURATION_MINUTES,
    };
    const row = await this.#deps.meetings.create(made, MOST_OPEN);
    return { row, hostToken };
  }

  /** Throws `meeting_not_found`. */
  meeting(meetingId: string): Promise<MeetingRow> {
    return this.#deps.meetings.meeting(meetingId);
  }

  /** Whether this caller is its host: the host token, its owner, the admin. */
  isHost(row: MeetingRow, caller: Caller): boolean {
    const { isAdmin, userId, bearer } = caller;
    if (isAdmin || (userId !== undefined && userId === row.ownerId)) return true;
    return bearer !== undefined && sameSecret(sha256Hex(bearer), row.hostKeyHash);
  }

  /** Throws `unauthorized` or `forbidden` unless this caller is its host. */
  requireHost(row: MeetingRow, caller: Caller): void {
    if (this.isHost(row, caller)) return;
    if (caller.bearer === undefined && caller.userId === undefined) {
      throw new AmphiError('unauthorized', 'Send the host token of the meeting');
    }
    throw new AmphiError('forbidden', 'Only the host of the meeting may do that');
  }

  /** Throws `forbidden` where the meeting does not let this role write. */
  requireChat(row: MeetingRow, role: ParticipantRole): void {
    requireAllowed(role, settingsOf(row).chat, 'people to write');
  }

  /** The meeting as this caller may see it. */
  async view(row: MeetingRow, caller: Caller, joinUrl: string): Promise<MeetingView> {
    const { meetingId } = row;
    const now = row.endedAt === null ? await this.#live(meetingId) : undefined;
    const people = (now?.participants ?? []).map(({ breakoutId: _, ...person }) => person);
    const youAreHost = this.isHost(row, caller);
    const isIn = youAreHost || (await this.#isAmong(people, row, caller));
    const host = people.find(({ role }) => role === 'host')?.displayName;
    const { startTime } = row;
    return {
      meetingId,
      title: row.title,
      ...(host === undefined ? {} : { host }),
      status: statusOf(row, people.length),
      ...(startTime === null ? {} : { startTime: startTime.getTime() }),
      durationMinutes: row.durationMinutes,
      createdAt: row.createdAt.getTime(),
      settings: settingsOf(row),
      participantCount: people.length,
      participants: isIn ? people : [],
      ...(isIn && now !== undefined ? { route: now.route } : {}),
      joinUrl,
      youAreHost,
    };
  }

  /** Whether nobody is in it now; so it seems, too, while its room goes from one node to another. */
  async isEmpty(meetingId: string): Promise<boolean> {
    return ((await this.#live(meetingId))?.participants.length ?? 0) === 0;
  }

  list(page: {
    limit: number;
    after?: string | undefined;
    ownerId?: string | undefined;
  }): Promise<MeetingRow[]> {
    return this.#deps.meetings.list(page);
  }

  /** Throws `meeting_not_found`, or `too_many` when it gets one password after the other. */
  async change(row: MeetingRow, body: z.output<typeof patchMeetingSchema>): Promise<MeetingRow> {
    const { title, startTime, durationMinutes, settings } = body;
    const { password, ...rest } = settings ?? {};
    if (typeof password === 'string') {
      await this.#newPasswords.spend(row.meetingId, 'Too many new passwords');
    }
    const passwordHash = typeof password === 'string' ? await hashPassword(password) : password;
    const changed = await this.#deps.meetings.update(row.meetingId, {
      ...(title === undefined ? {} : { title }),
      ...(startTime === undefined
        ? {}
        : { startTime: startTime === null ? null : new Date(startTime) }),
      ...(durationMinutes === undefined ? {} : { durationMinutes }),
      ...(settings === undefined ? {} : { settings: rest }),
      ...(passwordHash === undefined ? {} : { passwordHash }),
    });
    await this.#deps.rooms.changed(row.meetingId);
    return changed;
  }

  /** Ends it for good; whoever is in it is told. */
  async end({ meetingId }: MeetingRow): Promise<void> {
    await this.#deps.meetings.end(meetingId);
    await this.#deps.rooms.changed(meetingId, 'deleted');
    await this.#deps.files.removeAll(meetingId);
  }

  /** Whose participant's token of this meeting this is. Throws `unauthorized` or `forbidden`. */
  async participant(
    meetingId: string,
    bearer: string | undefined,
  ): Promise<{ participantId: string; grant: Grant }> {
    const { sub, grant } = await this.#deps.tokens.verify('participant', bearer);
    const granted = grantSchema.safeParse(grant);
    if (!granted.success) throw new AmphiError('unauthorized');
    if (granted.data.meetingId !== meetingId) {
      throw new AmphiError('forbidden', 'The token is for another meeting');
    }
    return { participantId: sub, grant: granted.data };
  }

  /**
   * The participant of this token, who is in the room now: neither in the waiting
   * room, nor removed. Throws `unauthorized` or `forbidden`.
   */
  async present(meetingId: string, bearer: string | undefined): Promise<Present> {
    const { participantId, grant } = await this.participant(meetingId, bearer);
    const { userId, mark } = grant;
    // Who has just come in is written down a moment later.
    for (let attempt = 1; ; attempt++) {
      const live = await this.#live(meetingId);
      const found = live?.participants.find((one) => one.participantId === participantId);
      if (live !== undefined && found !== undefined) {
        const present = live.participants.map((one) => one.participantId);
        const { role, breakoutId } = found;
        return { participantId, role, breakoutId, person: userId ?? mark, present };
      }
      if (attempt === PRESENT_ATTEMPTS) {
        throw new AmphiError('forbidden', 'Only for who is in the meeting');
      }
      await delay(PRESENT_RETRY_MS);
    }
  }

  /**
   * Lets somebody knock: a token for the room. Throws `meeting_ended`, `banned`,
   * `wrong_password`, `meeting_locked`, `meeting_full` or `too_many`.
   */
  async join(
    row: MeetingRow,
    person: {
      displayName: string;
      password: string | undefined;
      userId: string | undefined;
      /** Where the account's picture is. */
      picture?: string | undefined;
      /** Tells a browser from others. */
      mark: string;
      /** What counts as one address. */
      address: string;
    },
    caller: Caller,
  ): Promise<{ participantId: string; token: string; status: 'admitted' | 'waiting' }> {
    if (row.endedAt !== null) throw new AmphiError('meeting_ended');
    const isHost = this.isHost(row, caller);
    const settings = settingsOf(row);
    const { mark, userId, picture, displayName } = person;
    if (isHost) await this.#hostJoins.spend(person.address, TOO_MANY_JOIN);
    else await this.#requireEntry(row, person);
    const participantId = randomId(PARTICIPANT_ID_CHARACTERS);
    const role: ParticipantRole = isHost ? 'host' : settings.entryRole;
    const grant: Grant = {
      meetingId: row.meetingId,
      displayName,
      role,
      mark,
      // The address itself is no business of whoever reads a token or the state of a room.
      network: sha256Hex(`${row.hostKeyHash} ${person.address}`).slice(0, NETWORK_CHARACTERS),
      ...(userId === undefined ? {} : { userId }),
      ...(picture === undefined ? {} : { picture }),
      ...(row.passwordHash === null ? {} : { passwordMark: passwordMark(row.passwordHash) }),
    };
    const claims = { sub: participantId, grant };
    const token = await this.#deps.tokens.sign('participant', claims, JOIN_SECONDS);
    const status = settings.waitingRoom && !isHost ? 'waiting' : 'admitted';
    return { participantId, token, status };
  }

  /** What goes on in it; undefined when no node holds its room. */
  async #live(meetingId: string): Promise<LiveRoom | undefined> {
    const { redis } = this.#deps;
    const [held, live] = await Promise.all([
      redis.exists(`amphi:lease:${leaseName(meetingId)}`),
      readLive(redis, meetingId),
    ]);
    return held === 1 ? live : undefined;
  }

  async #requireEntry(
    row: MeetingRow,
    person: {
      password: string | undefined;
      userId: string | undefined;
      mark: string;
      address: string;
    },
  ): Promise<void> {
    const { password, address } = person;
    await this.#joins.spend(address, TOO_MANY_JOIN);
    if (isBanned(row, person)) throw new AmphiError('banned');
    if (row.passwordHash !== null) {
      if (password === undefined) {
        throw new AmphiError('wrong_password', 'The meeting has a password');
      }
      const guesser = `${row.meetingId}:${address}`;
      await this.#attempts.spend(guesser, 'Too many wrong passwords');
      const looking = isPassword(password, row.passwordHash);
      if (!(await this.#attempts.looked(guesser, looking))) throw new AmphiError('wrong_password');
      // Not those of the others behind this address, who may be guessing.
      await this.#attempts.giveBack(guesser);
    }
    const { locked, capacity } = settingsOf(row);
    if (locked) throw new AmphiError('meeting_locked');
    // The room itself decides; this only spares people the way.
    const live = await this.#live(row.meetingId);
    if ((live?.participants.length ?? 0) >= capacity) throw new AmphiError('meeting_full');
  }

  /** Whether the token of one of these was shown: who knocked only, or was removed, has one too. */
  async #isAmong(
    people: MeetingView['participants'],
    { meetingId }: MeetingRow,
    { bearer }: Caller,
  ): Promise<boolean> {
    if (bearer === undefined) return false;
    const shown = await this.participant(meetingId, bearer).catch(() => undefined);
    return people.some(({ participantId }) => participantId === shown?.participantId);
  }
}

function statusOf(row: MeetingRow, people: number): MeetingView['status'] {
  if (row.endedAt !== null) return 'ended';
  if (people > 0) return 'active';
  const isToCome = row.startTime !== null && row.startTime.getTime() > Date.now();
  return isToCome ? 'scheduled' : 'idle';
}
