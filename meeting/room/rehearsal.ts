import type { ClientMessageInput, MeetingSettings, ParticipantRole } from '#contracts';
import { clientMessageSchema } from '#contracts';
import { settingsOf } from '../meetings/repository.ts';
import { Room, type RoomMessage } from './room.ts';
import { type Effect, newRoom, type RoomChat, type RoomState, type Said } from './state.ts';

/** A room with people in it, for tests: says what everybody was told. Ids are a…, b…, c… in the order of coming. */
export class Rehearsal {
  readonly room: Room;
  nowMs = 1_000_000;
  hasCallServer = true;
  readonly effects: Effect[] = [];
  #ids = 0;
  #people = 0;

  constructor(settings: Partial<MeetingSettings> = {}, state?: RoomState) {
    const begin =
      state ??
      newRoom({
        meetingId: '0000-0000-0000-0001',
        title: 'Rehearsal',
        settings: { ...settingsOf({ settings: {}, passwordHash: null }), ...settings },
        banned: [],
        chat: [],
        nowMs: this.nowMs,
      });
    this.room = new Room(begin, {
      newId: (characters) => String(++this.#ids).padStart(characters, '0'),
      iceServers: () => [],
      hasCallServer: () => this.hasCallServer,
    });
  }

  get state(): RoomState {
    return this.room.state;
  }

  /** Somebody comes; their id. Throws what the room says against it. */
  join(
    role: ParticipantRole = 'participant',
    more: {
      id?: string;
      audio?: boolean;
      video?: boolean;
      mark?: string;
      network?: string;
      userId?: string;
    } = {},
  ): string {
    const letter = 'abcdefghjkmnpqrstvwxyz'[this.#people % 22] ?? 'a';
    const id =
      more.id ??
      String(this.#people++)
        .padStart(11, '0')
        .concat(letter);
    const { audio = false, video = false, mark = `mark of ${id}`, network, userId } = more;
    this.note(
      this.room.enter(
        {
          participantId: id,
          displayName: `Person ${id.slice(-1)}`,
          role,
          mark,
          ...(network === undefined ? {} : { network }),
          ...(userId === undefined ? {} : { userId }),
        },
        { type: 'join', participantId: id, capabilities: {}, audio, video },
        this.nowMs,
      ),
    );
    return id;
  }

  /** Somebody says something; what follows from it. */
  say(id: string, message: ClientMessageInput): Effect[] {
    const parsed = clientMessageSchema.parse(message) as RoomMessage;
    return this.note(this.room.receive(id, parsed, this.nowMs));
  }

  /** Says it and gives the code of the error that comes back; undefined when it worked. */
  refusal(id: string, message: ClientMessageInput): string | undefined {
    const effects = this.say(id, { ...message, ref: `ref ${++this.#ids}` });
    const answer = effects.flatMap((effect) =>
      effect.type === 'send' && effect.to === id && effect.message.type === 'error'
        ? [effect.message.code]
        : [],
    );
    return answer[0];
  }

  /** Time goes by; what is due happens. */
  pass(ms: number): Effect[] {
    this.nowMs += ms;
    return this.note(this.room.tick(this.nowMs));
  }

  /** A new message is kept. */
  keep({ chat, by, ref }: Extract<Effect, { type: 'keep-chat' }>): Effect[] {
    return this.note(this.room.chatKept(chat, by, ref, this.nowMs));
  }

  /** It is a change's turn, and it is kept; `old` where the message is not in memory. Throws what is against it. */
  change(
    { messageId, by, change }: Extract<Effect, { type: 'change-chat' }>,
    old?: RoomChat,
  ): Effect[] {
    const known = this.room.recentChat(messageId) ?? old;
    const changed = this.room.changedChat(by, known, change, this.nowMs);
    return this.note(this.room.chatChanged(changed, by.participantId, change.ref, this.nowMs));
  }

  note(effects: Effect[]): Effect[] {
    // One by one: there may be more of them than a call takes arguments.
    for (const effect of effects) this.effects.push(effect);
    return effects;
  }

  /** All of one type that somebody was told so far, or that these effects tell. */
  told<Type extends Said['type']>(
    id: string,
    type: Type,
    effects: readonly Effect[] = this.effects,
  ): Extract<Said, { type: Type }>[] {
    return effects.flatMap((effect) =>
      effect.type === 'send' && effect.to === id && effect.message.type === type
        ? [effect.message as Extract<Said, { type: Type }>]
        : [],
    );
  }

  /** Effects of one type. */
  of<Type extends Effect['type']>(
    type: Type,
    effects: readonly Effect[] = this.effects,
  ): Extract<Effect, { type: Type }>[] {
    return effects.filter(
      (effect): effect is Extract<Effect, { type: Type }> => effect.type === type,
    );
  }
}
