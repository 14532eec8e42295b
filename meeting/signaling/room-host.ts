import { AmphiError, isAmphiError, type Logger, messageOf, randomId } from '#base';
import { CLOSE_CODES, type ClientMessage, type IceServer } from '#contracts';
import { type NodeClient, type Redis, translateAway } from '#platform';
import type { ChatStore } from '../chat/store.ts';
import { type MeetingRepository, type MeetingRow, storedOf } from '../meetings/repository.ts';
import { passwordMark } from '../people/passwords.ts';
import { streamsFor } from '../room/receivable.ts';
import { Room, type RoomMessage } from '../room/room.ts';
import type { Effect, EndReason } from '../room/state.ts';
import { ChatKeeper, type KeptFiles } from './chat-keeper.ts';
import { Decisions } from './decisions.ts';
import { errorFrame, LastBody, unnumbered } from './frames.ts';
import { Journal } from './journal.ts';
import type { Grant, Line } from './line.ts';
import { MediaLink } from './media-link.ts';
import { Outbox } from './outbox.ts';
import { dropSnapshot, SnapshotWriter } from './snapshot.ts';
import { Staging } from './staging.ts';
import { takeUp } from './take-up.ts';

export interface RoomHostDeps {
  redis: Redis;
  nodes: NodeClient;
  meetings: MeetingRepository;
  chat: ChatStore;
  files: KeptFiles;
  iceServers: () => IceServer[];
  hasCallServer: () => boolean;
  log: Logger;
}

type First = Extract<ClientMessage, { type: 'join' | 'resume' }>;
type Of<Type extends Effect['type']> = Extract<Effect, { type: Type }>;

/** A timer cannot wait longer than some weeks. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One room on the node that holds it: the state machine, and all that follows from what happens in it. */
export class RoomHost {
  readonly meetingId: string;
  readonly #deps: RoomHostDeps;
  readonly #room: Room;
  readonly #media: MediaLink;
  readonly #staging: Staging;
  readonly #journal: Journal;
  readonly #decisions: Decisions;
  readonly #chat: ChatKeeper;
  readonly #snapshot: SnapshotWriter;
  readonly #log: Logger;
  /** By participant. */
  readonly #lines = new Map<string, Line>();
  readonly #outboxes = new Map<string, Outbox>();
  readonly #bodies = new LastBody();
  /** Who speaks on a line, by its id. */
  readonly #speakers = new Map<string, string>();
  /** Of the password as it is now; undefined where there is none, or nobody can say. */
  #passwordMark: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #ended = false;

  private constructor(
    deps: RoomHostDeps,
    options: { room: Room; fence: number; onStale: () => void },
  ) {
    const { room, fence, onStale } = options;
    const { meetingId } = room.state;
    this.meetingId = meetingId;
    this.#deps = deps;
    this.#room = room;
    this.#log = deps.log.child({ meetingId });
    this.#journal = new Journal(this.#log);
    this.#decisions = new Decisions({
      state: room.state,
      meetings: deps.meetings,
      files: deps.files,
      journal: this.#journal,
      changed: () => this.#snapshot.touch(),
    });
    this.#chat = new ChatKeeper({
      room,
      chat: deps.chat,
      files: deps.files,
      journal: this.#journal,
      apply: (effects) => this.#apply(effects),
      failed: (by, ref, error) => this.#failed(by, ref, error),
    });
    this.#snapshot = new SnapshotWriter({
      redis: deps.redis,
      meetingId,
      fence,
      read: () => room.state,
      onStale,
      log: this.#log,
    });
    this.#media = new MediaLink({
      nodes: deps.nodes,
      meetingId,
      fence,
      log: this.#log,
      listener: {
        isOn: (stream) => room.isOn(stream),
        isHere: (participantId) => room.state.people[participantId] !== undefined,
        streamsChanged: (streams) => this.#apply(room.setStreams(streams, Date.now())),
        sessionLost: (participantId, purpose, reason) =>
          this.#apply(
            room.tell(participantId, { type: 'session-lost', purpose, reason }, Date.now()),
          ),
        speakers: (participantIds) => this.#apply(room.speak(participantIds, Date.now())),
        unstaged: (reason) => this.#staging.broken(reason),
        restarted: () => this.#staging.restarted(),
      },
    });
    this.#staging = new Staging({
      media: this.#media,
      redis: deps.redis,
      state: () => room.state,
      ended: (reason) => this.#apply(room.unstaged(reason, Date.now())),
      log: this.#log,
    });
  }

  /**
   * Takes the room up where an earlier holder left it. `fence` is greater than
   * that of any holder before. Throws `meeting_not_found` or `meeting_ended`.
   */
  static async open(
    deps: RoomHostDeps,
    options: { meetingId: string; fence: number; onStale: () => void },
  ): Promise<RoomHost> {
    const nowMs = Date.now();
    const { state, row } = await takeUp(deps, options.meetingId, nowMs);
    const { iceServers, hasCallServer } = deps;
    const room = new Room(state, { newId: randomId, iceServers, hasCallServer });
    for (const id of [...Object.keys(state.people), ...Object.keys(state.waiting)]) {
      room.lose(id, nowMs);
    }
    const host = new RoomHost(deps, { ...options, room });
    host.#passwordMark = markOf(row);
    if (state.route.peers === 'callserver' || state.streams.length > 0) await host.#media.resume();
    host.#decisions.resume();
    // A ban that an earlier holder wrote down, but did not come to carry out.
    const putOut = room.putOutBanned(nowMs);
    if (putOut.length > 0) host.#apply(putOut);
    host.#arm();
    host.#staging.follow();
    return host;
  }

  /** When the last one left; undefined while somebody is in it, or waits, or the database has not all of it. */
  get emptySince(): number | undefined {
    const { emptySince, unwritten } = this.#room.state;
    return this.#lines.size > 0 || unwritten !== undefined ? undefined : emptySince;
  }

  /** Whether the meeting is over, and the database knows. */
  get ended(): boolean {
    return this.#ended && this.#room.state.unwritten === undefined;
  }

  /** A socket's first message; one that is refused is told so and closed. */
  open(line: Line, participantId: string, grant: Grant, message: First): void {
    try {
      if (this.#ended) throw new AmphiError('meeting_ended');
      if (this.#closed) throw new AmphiError('unavailable');
      if (message.participantId !== participantId || grant.meetingId !== this.meetingId) {
        throw new AmphiError('forbidden', 'The token is somebody else’s');
      }
      if (message.type === 'join') {
        this.#requireEntry(grant);
        this.#join(line, participantId, grant, message);
      } else {
        this.#resume(line, participantId, message);
      }
    } catch (error) {
      line.send(errorFrame(error, message.ref));
      line.close(CLOSE_CODES.notJoined, isAmphiError(error) ? error.code : 'internal');
    }
  }

  receive(line: Line, message: RoomMessage): void {
    const participantId = this.#speakers.get(line.id);
    if (participantId === undefined) return;
    this.#apply(this.#room.receive(participantId, message, Date.now()));
  }

  /** The socket is gone. */
  gone(line: Line): void {
    const participantId = this.#forget(line);
    if (participantId !== undefined) this.#apply(this.#room.lose(participantId, Date.now()));
  }

  /** Redis may have forgotten the room. */
  keep(): void {
    this.#snapshot.touch();
  }

  /** The meeting was changed over HTTP. */
  update(row: MeetingRow): void {
    this.#passwordMark = markOf(row);
    this.#apply(this.#room.update(storedOf(row), Date.now()));
  }

  /** Something around the room has changed. */
  tick(): void {
    if (!this.#closed) this.#apply(this.#room.tick(Date.now()));
  }

  /** Ends it for all. */
  end(reason: EndReason): void {
    this.#apply(this.#room.end(reason, Date.now()));
  }

  /** Lets go of the room: everybody is asked to come again, wherever it is held next. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#staging.close();
    for (const line of this.#lines.values()) line.close(CLOSE_CODES.restart, 'the room moves');
    this.#lines.clear();
    this.#speakers.clear();
    await this.#journal.flush();
    await this.#snapshot.flush();
    if (this.#ended || this.#room.state.emptySince !== undefined) await this.#media.end();
    else await this.#media.close();
    // What could not be written is there for the next one.
    if (this.#ended && this.#room.state.unwritten === undefined) {
      await dropSnapshot(this.#deps.redis, this.meetingId).catch(() => {});
    }
  }

  /** Throws `unauthorized` for a token that only resumes, `wrong_password` for one from before there was this password. */
  #requireEntry({ resumeOnly, role, passwordMark }: Grant): void {
    if (resumeOnly) throw new AmphiError('unauthorized', 'This token only resumes: join again');
    const now = this.#passwordMark;
    if (role !== 'host' && now !== undefined && passwordMark !== now) {
      throw new AmphiError('wrong_password', 'The meeting has another password now: join again');
    }
  }

  #join(
    line: Line,
    participantId: string,
    grant: Grant,
    message: Extract<First, { type: 'join' }>,
  ): void {
    const { displayName, role, userId, picture, mark, network } = grant;
    const newcomer = {
      participantId,
      displayName,
      role,
      mark,
      ...(userId === undefined ? {} : { userId }),
      ...(picture === undefined ? {} : { picture }),
      ...(network === undefined ? {} : { network }),
    };
    const effects = this.#room.enter(newcomer, message, Date.now());
    this.#bind(line, participantId);
    this.#outboxes.set(participantId, new Outbox());
    this.#apply(effects);
  }

  #resume(line: Line, participantId: string, message: Extract<First, { type: 'resume' }>): void {
    const { resumeKey, sequence } = message;
    const effects = this.#room.resume(participantId, resumeKey, Date.now());
    const before = this.#lines.get(participantId);
    if (before !== undefined) {
      this.#forget(before);
      before.close(CLOSE_CODES.replaced, 'another connection took over');
    }
    const missed = this.#outboxes.get(participantId)?.after(sequence);
    if (missed === undefined) {
      this.#bind(line, participantId);
      this.#outboxes.set(participantId, new Outbox(sequence));
      this.#apply([...effects, ...this.#room.brief(participantId, Date.now())]);
    } else {
      line.send(unnumbered({ type: 'resumed' }));
      for (const text of missed) line.send(text);
      this.#bind(line, participantId);
      this.#apply(effects);
    }
    if (message.ref !== undefined) line.send(unnumbered({ type: 'ok', ref: message.ref }));
  }

  #bind(line: Line, participantId: string): void {
    this.#lines.set(participantId, line);
    this.#speakers.set(line.id, participantId);
  }

  #forget(line: Line): string | undefined {
    const participantId = this.#speakers.get(line.id);
    this.#speakers.delete(line.id);
    if (participantId !== undefined && this.#lines.get(participantId) === line) {
      this.#lines.delete(participantId);
    }
    return participantId;
  }

  #apply(effects: readonly Effect[]): void {
    for (const effect of effects) this.#do(effect);
    this.#bodies.forget();
    if (this.#closed) return;
    this.#staging.follow();
    this.#snapshot.touch();
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const nowMs = Date.now();
    const deadline = this.#room.deadline(nowMs);
    if (deadline === undefined || this.#closed) return;
    const wait = Math.min(MAX_TIMER_MS, Math.max(0, deadline - nowMs));
    this.#timer = setTimeout(() => this.tick(), wait);
  }

  #do(effect: Effect): void {
    const { meetings } = this.#deps;
    const { meetingId } = this;
    switch (effect.type) {
      case 'send': {
        const { to, message } = effect;
        const text = this.#outboxes.get(to)?.push(message, this.#bodies.of(message));
        if (text !== undefined) this.#lines.get(to)?.send(text);
        break;
      }
      case 'close':
        this.#hangUp(effect);
        break;
      case 'keep-chat':
      case 'change-chat':
      case 'read-chat':
        this.#chat.do(effect);
        break;
      case 'call-server-offer':
        this.#offer(effect);
        break;
      case 'call-server-want': {
        const { participantId, stream, width, height } = effect;
        this.#media.want(participantId, stream, { width, height });
        break;
      }
      case 'call-server-limit':
        this.#media.limit(effect.participantId, effect.streams);
        break;
      case 'call-server-close':
        this.#media.closeOf(effect.participantId);
        break;
      case 'stage-enter': {
        const { by, ref } = effect;
        this.#staging.enter(effect.stage).then(
          () => this.#apply(this.#room.staged(effect, Date.now())),
          (error) => this.#failed(by, ref, error),
        );
        break;
      }
      case 'joined': {
        const { participantId, userId, displayName, role, joinedAt } = effect.person;
        this.#log.info({ participantId, role }, 'participant joined');
        const person = { participantId, meetingId, userId, displayName, role };
        this.#journal.note(() => meetings.joined({ ...person, joinedAt: new Date(joinedAt) }));
        break;
      }
      case 'left': {
        const { participantId, at, reason } = effect;
        this.#outboxes.delete(participantId);
        this.#log.info({ participantId, reason }, 'participant left');
        this.#journal.note(() => meetings.left(participantId, new Date(at), reason));
        break;
      }
      case 'stream':
        this.#stream(effect);
        break;
      case 'locked':
        this.#decisions.locked();
        break;
      case 'banned':
        this.#decisions.banned();
        break;
      case 'ended':
        this.#ended = true;
        this.#log.info({ reason: effect.reason }, 'meeting ended');
        this.#decisions.ended();
        break;
    }
  }

  #hangUp({ participantId, code, reason }: Of<'close'>): void {
    const line = this.#lines.get(participantId);
    this.#outboxes.delete(participantId);
    if (line === undefined) return;
    this.#forget(line);
    line.close(code, reason);
  }

  #stream({ participantId, media, on, at }: Of<'stream'>): void {
    const { meetings } = this.#deps;
    const { meetingId } = this;
    this.#media.setPaused({ participantId, media }, !on);
    const when = new Date(at);
    this.#journal.note(() =>
      on
        ? meetings.streamBegan({ meetingId, participantId, media, startedAt: when })
        : meetings.streamEnded(participantId, media, when),
    );
  }

  #offer(offer: Of<'call-server-offer'>): void {
    const { participantId, purpose, sdp, labels, connection, ref } = offer;
    const room = this.#room;
    const wanted = () => {
      const person = room.state.people[participantId];
      return person === undefined ? [] : streamsFor(room.state, person);
    };
    this.#media.offer({ participantId, purpose, sdp, labels }, wanted).then(
      (answer) => {
        const said = {
          type: 'answer' as const,
          from: 'callserver' as const,
          purpose,
          sdp: answer.sdp,
          ...(connection === undefined ? {} : { connection }),
          ...(purpose === 'receive' ? { sections: answer.sections } : {}),
        };
        this.#apply(room.succeed(participantId, ref, [said], Date.now()));
      },
      (error) => this.#failed(participantId, ref, error),
    );
  }

  #failed(participantId: string | undefined, ref: string | undefined, thrown: unknown): void {
    const error = translateAway(thrown);
    if (!isAmphiError(error)) this.#log.warn({ reason: messageOf(error) }, 'request failed');
    this.#apply(this.#room.fail(participantId, ref, error, Date.now()));
  }
}

const markOf = (row: MeetingRow | undefined): string | undefined =>
  row === undefined || row.passwordHash === null ? undefined : passwordMark(row.passwordHash);
