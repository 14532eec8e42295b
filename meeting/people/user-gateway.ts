import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { AmphiError, type Closable, isAmphiError, type Logger, messageOf } from '#base';
import {
  BUS_MAX_LENGTH,
  BUS_STREAM,
  type BusEvent,
  type CallEvent,
  type CallMessage,
  CLOSE_CODES,
  callMessageSchema,
  type IceServer,
} from '#contracts';
import { extraConnection, type Redis, type TokenIssuer, translateAway } from '#platform';
import type { Db } from '#platform/sql';
import type { MeetingService } from '../meetings/service.ts';
import { problemMessage } from '../room/chat.ts';
import { FloodGuard } from '../signaling/flood-guard.ts';
import { FrameSocket } from '../signaling/frame-socket.ts';
import type { Upgrader } from '../signaling/upgrader.ts';
import { AccountLimits } from './account-limits.ts';
import { type AccountSession, AccountSessions, accountSessionSchema } from './account-sessions.ts';
import { CallStore } from './call-store.ts';
import { type Caller, type CallRequest, Calls } from './calls.ts';
import { DeviceSessions } from './device-sessions.ts';
import { DirectMessages } from './direct-messages.ts';
import { LineTurns } from './line-turns.ts';
import { PRESENCE_RENEW_MS, PresenceBoard } from './presence.ts';
import { PeopleRepository, pictureOf } from './repository.ts';
import { UserChannels } from './user-channel.ts';

const TOKEN_SECONDS = 120;
/** Sockets of one user. */
const MAX_DEVICES = 20;
/** To open a socket is as much of what an account may say. */
const OPENING_BYTES = 4_096;
/** So long after a break this node hears again; what was said meanwhile it has not heard. */
const CATCH_UP_MS = 1_000;
const grantSchema = z.object({ base: z.string(), session: accountSessionSchema });
type Admitted = Pick<Caller, 'userId' | 'displayName' | 'base'> & { session: AccountSession };

export interface UserGatewayDeps {
  redis: Redis;
  db: Db;
  tokens: TokenIssuer;
  upgrader: Upgrader;
  meetings: MeetingService;
  /** How long the devices of who is called ring. */
  ringMs: number;
  iceServers: () => IceServer[];
  log: Logger;
}

/** Takes the sockets of accounts: presence, calls between contacts, and what they write to each other. */
export class UserGateway implements Closable {
  readonly #deps: UserGatewayDeps;
  readonly #people: PeopleRepository;
  readonly #sessions: AccountSessions;
  readonly #channels: UserChannels;
  readonly #presence: PresenceBoard;
  readonly #store: CallStore;
  readonly #calls: Calls;
  readonly #messages: DirectMessages;
  readonly #limits: AccountLimits;
  readonly #flood = new FloodGuard();
  readonly #devices: DeviceSessions;
  #catchUp: NodeJS.Timeout | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(deps: UserGatewayDeps) {
    const { redis, db, log } = deps;
    this.#deps = deps;
    this.#people = new PeopleRepository(db);
    this.#sessions = new AccountSessions({ redis, people: this.#people });
    this.#devices = new DeviceSessions({ sessions: this.#sessions, log });
    const subscriber = extraConnection(redis, log, 'subscribe');
    let broken = false;
    subscriber.on('close', () => {
      broken = true;
    });
    subscriber.on('ready', () => {
      if (!broken) return;
      broken = false;
      this.#catchUp = setTimeout(() => this.#attempt(this.#devices.check(() => true)), CATCH_UP_MS);
    });
    this.#channels = new UserChannels({
      redis,
      subscriber,
      check: (userId) =>
        this.#attempt(this.#devices.check(({ session }) => session.userId === userId)),
      log,
    });
    this.#presence = new PresenceBoard(redis);
    this.#store = new CallStore(redis, db);
    this.#messages = new DirectMessages(db);
    this.#limits = new AccountLimits(redis);
    this.#calls = new Calls({
      people: this.#people,
      calls: this.#store,
      channels: this.#channels,
      presence: this.#presence,
      ringMs: deps.ringMs,
      makeRoom: (people) => this.#makeRoom(people),
      endRoom: async (meetingId) => deps.meetings.end(await deps.meetings.meeting(meetingId)),
      isRoomEmpty: (meetingId) => deps.meetings.isEmpty(meetingId),
      presenceChanged: (userId) => this.#attempt(this.#tellPresence(userId)),
      note: (change) => {
        const event: BusEvent = { ...change, at: Date.now() };
        const text = JSON.stringify(event);
        this.#attempt(redis.xadd(BUS_STREAM, 'MAXLEN', '~', BUS_MAX_LENGTH, '*', 'event', text));
      },
      log,
    });
    this.#timer = setInterval(() => this.#renew(), PRESENCE_RENEW_MS);
  }

  /**
   * A token that opens a socket of this account, soon; the socket stays as long as
   * the session. `base`: the address by which its client reaches this server.
   */
  token({ sessionId, expiresAt, userId, password }: AccountSession, base: string): Promise<string> {
    const session: AccountSession = { sessionId, expiresAt, userId, password };
    const claims = { sub: userId, grant: { base, session } };
    return this.#deps.tokens.sign('calls', claims, TOKEN_SECONDS);
  }

  /**
   * Sessions of this account are over: their sockets are closed, on whichever
   * nodes. A node that cannot be told sees it when it looks at all sessions.
   */
  async sessionsEnded(userId: string): Promise<void> {
    try {
      await this.#channels.check(userId);
    } catch (error) {
      this.#devices.doubt();
      this.#deps.log.warn({ userId, reason: messageOf(error) }, 'end of sessions not told');
    }
  }

  /** Of each of these accounts, in their order. */
  presenceOf(userIds: readonly string[]) {
    return this.#presence.of(userIds);
  }

  /** Calls of an account that are over, newest first. */
  pastCalls(userId: string, page: { limit: number; before: string | undefined }) {
    return this.#store.past(userId, page);
  }

  /** Something is different between these accounts: their devices read their contacts anew. */
  contactsChanged(...userIds: string[]): void {
    for (const userId of userIds) {
      this.#attempt(this.#channels.tell(userId, { type: 'contacts-changed' }));
    }
  }

  /** An account looks different now: its own devices and its contacts are told. */
  async profileChanged(userId: string): Promise<void> {
    this.contactsChanged(userId, ...(await this.#friends(userId)));
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    return this.#deps.upgrader.upgrade(
      { req, socket, head },
      (url) => this.#admit(url),
      (webSocket, admitted) => this.#take(webSocket, admitted),
    );
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#catchUp);
    this.#calls.close();
    for (const { line, session } of this.#devices) {
      await this.#presence.gone(session.userId, line.id).catch(() => {});
    }
    await this.#channels.close();
  }

  /** Throws `unauthorized` or `too_many`. */
  async #admit(url: URL): Promise<Admitted> {
    const token = url.searchParams.get('token') ?? undefined;
    const { grant } = await this.#deps.tokens.verify('calls', token);
    const granted = grantSchema.safeParse(grant);
    if (!granted.success) throw new AmphiError('unauthorized');
    const { base, session } = granted.data;
    const user = await this.#sessions.userOf(session);
    if (user === undefined) throw new AmphiError('unauthorized', 'The session is over');
    const { userId, displayName } = user;
    const isFlood = !this.#flood.allows(userId, OPENING_BYTES, performance.now());
    if (isFlood || this.#devices.countOf(userId) >= MAX_DEVICES) throw new AmphiError('too_many');
    return { userId, displayName, base, session };
  }

  #take(webSocket: WebSocket, { userId, displayName, base, session }: Admitted): void {
    const { upgrader, log } = this.#deps;
    const line: FrameSocket<CallMessage> = new FrameSocket(webSocket, {
      id: upgrader.newId(),
      schema: callMessageSchema,
      receive: (message) => turns.take(() => this.#receive(who, message)),
      closed: () => {
        upgrader.forget(line);
        this.#devices.delete(line);
        turns.end(() => this.#closed(who));
      },
      flood: { guard: this.#flood, who: userId },
      log: log.child({ userId }),
    });
    const who: Caller = { userId, displayName, base, line };
    upgrader.keep(line);
    this.#devices.add({ line, session });
    const opening = this.#opened(who).catch((error) => {
      log.warn({ userId, reason: messageOf(error) }, 'socket of a user not opened');
      line.close(CLOSE_CODES.restart, 'unavailable');
    });
    const turns = new LineTurns(opening);
  }

  async #opened(who: Caller): Promise<void> {
    const { userId, line } = who;
    await this.#channels.add(userId, line);
    // It may have ended before this node heard of it.
    await this.#devices.check((device) => device.line === line);
    if (!this.#devices.has(line)) return;
    const isFirst = await this.#presence.here(userId, line.id);
    const friends = await this.#friends(userId);
    const presences = await this.#presence.of(friends);
    const hello: CallEvent = {
      type: 'hello',
      userId,
      contacts: friends.map((id, i) => ({ userId: id, presence: presences[i] ?? 'offline' })),
      missed: await this.#store.missed(userId),
      unread: await this.#messages.unread(userId),
    };
    line.send(JSON.stringify(hello));
    const ringing = await this.#calls.ringingFor(userId);
    if (ringing !== undefined) line.send(JSON.stringify(ringing));
    if (isFirst) await this.#tellPresence(userId);
  }

  async #closed(who: Caller): Promise<void> {
    const { userId, line } = who;
    const steps = [
      () => this.#calls.gone(who),
      () => this.#channels.remove(userId, line),
      async () => {
        if (await this.#presence.gone(userId, line.id)) await this.#tellPresence(userId);
      },
    ];
    // One that fails leaves none of the others undone.
    for (const step of steps) {
      await step().catch((error) =>
        this.#deps.log.debug({ userId, reason: messageOf(error) }, 'socket not closed in order'),
      );
    }
  }

  async #receive(who: Caller, message: CallMessage): Promise<void> {
    if (!this.#devices.has(who.line)) return;
    const { ref } = message;
    const say = (event: CallEvent) => who.line.send(JSON.stringify(event));
    try {
      const done = await this.#do(who, message, say);
      if (ref !== undefined) say({ type: 'ok', ref, ...done });
    } catch (thrown) {
      const error = translateAway(thrown);
      if (!isAmphiError(error)) {
        this.#deps.log.warn({ reason: messageOf(error) }, 'request of a user failed');
      }
      say({ type: 'error', ...problemMessage(error), ...(ref === undefined ? {} : { ref }) });
    }
  }

  /** What the `ok` says beside its ref. Throws `AmphiError`. */
  async #do(
    who: Caller,
    message: CallMessage,
    say: (event: CallEvent) => void,
  ): Promise<{ callId?: string; messageId?: string }> {
    const { userId } = who;
    await this.#limits.spend(userId, message.type);
    switch (message.type) {
      case 'ping':
        say({ type: 'pong', sent: message.sent, serverTime: Date.now() });
        return {};
      case 'message':
        return { messageId: await this.#write(userId, message.to, message.message) };
      case 'message-history': {
        const { with: other, before } = message;
        const page = await this.#messages.page(userId, other, before);
        const place = before === undefined ? {} : { before };
        say({ type: 'message-history', with: other, ...page, ...place });
        return {};
      }
      case 'messages-seen':
        await this.#messages.seen(userId, message.with);
        await this.#channels.tell(userId, { type: 'messages-seen', with: message.with });
        return {};
      default:
        return this.#calls.receive(who, message satisfies CallRequest);
    }
  }

  /** To all devices of both; whoever is blocked writes to themselves, and does not learn it. */
  async #write(from: string, to: string, message: string): Promise<string> {
    const [mine, theirs] = await Promise.all([
      this.#people.state(from, to),
      this.#people.state(to, from),
    ]);
    if (mine !== 'accepted') throw new AmphiError('forbidden', 'Only contacts can be written to');
    const withheld = theirs !== 'accepted';
    const kept = await this.#messages.keep({ from, to, message }, withheld);
    const event: CallEvent = { type: 'message', ...kept };
    await this.#channels.tell(from, event);
    if (!withheld) await this.#channels.tell(to, event);
    return kept.messageId;
  }

  /** Whom one knows, and who knows one: of these one may know whether they are there. */
  async #friends(userId: string): Promise<string[]> {
    const known = await this.#people.contacts(userId);
    return known.flatMap((one) => (one.isMutual ? [one.userId] : []));
  }

  /** Tells the contacts of somebody how things stand with them now. */
  async #tellPresence(userId: string): Promise<void> {
    const [presence = 'offline'] = await this.#presence.of([userId]);
    for (const friend of await this.#friends(userId)) {
      // Whom one has blocked, or who has blocked one, is told nothing more.
      await this.#channels.tell(friend, { type: 'presence', userId, presence });
    }
  }

  async #makeRoom(people: readonly { userId: string; displayName: string; base: string }[]) {
    const { meetings, iceServers } = this.#deps;
    const { row, hostToken: bearer } = await meetings.create(
      { title: 'Call', settings: { capacity: people.length, whenHostLeaves: 'stay' } },
      undefined,
    );
    const { meetingId } = row;
    return Promise.all(
      people.map(async (person) => {
        const { displayName, pictureId } = await this.#people.user(person.userId);
        const joined = await meetings.join(
          row,
          {
            ...person,
            ...pictureOf({ pictureId }),
            displayName,
            password: undefined,
            mark: person.userId,
            // One account's calls are no other's business.
            address: person.userId,
          },
          { isAdmin: false, bearer },
        );
        const { participantId, token } = joined;
        const webSocketUrl = `${person.base}/signal/meetings/${meetingId}?token=${token}`;
        return { meetingId, participantId, token, webSocketUrl, iceServers: iceServers() };
      }),
    );
  }

  #renew(): void {
    for (const { line, session } of this.#devices) {
      this.#attempt(this.#presence.here(session.userId, line.id));
      this.#attempt(this.#calls.renew(session.userId));
    }
    this.#attempt(this.#devices.beat(Date.now()));
  }

  #attempt(work: Promise<unknown>): void {
    work.catch((error) => this.#deps.log.debug({ reason: messageOf(error) }, 'not told'));
  }
}
