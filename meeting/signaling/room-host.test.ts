import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#base';
import type { ClientMessageInput, ParticipantRole, ServerMessage } from '#contracts';
import { clientMessageSchema } from '#contracts';
import type { MeetingRow } from '../meetings/repository.ts';
import { withBans } from '../room/bans.ts';
import type { RoomMessage } from '../room/room.ts';
import type { RoomChat, RoomState } from '../room/state.ts';
import type { Grant, Line } from './line.ts';
import { RoomHost, type RoomHostDeps } from './room-host.ts';

const MEETING = '0000-0000-0000-0001';
const idOf = (letter: string): string => letter.padStart(12, '0');

/** A database that can be away, and a Redis, of one meeting. */
class World {
  isAway = false;
  readonly row: MeetingRow = {
    meetingId: MEETING,
    title: 'Test',
    ownerId: null,
    hostKeyHash: '',
    passwordHash: null,
    settings: {},
    banned: [],
    startTime: null,
    durationMinutes: 60,
    createdAt: new Date(0),
    endedAt: null,
  };
  readonly filesRemoved = vi.fn();
  readonly chat = new Map<string, RoomChat>();
  redis: Record<string, string> = {};
  readonly hosts: RoomHost[] = [];
  #fence = 0;

  /** Who has no longer the room is taken for dead. */
  async #asked<T>(fence: number, work: () => T): Promise<T> {
    await new Promise(setImmediate);
    if (this.isAway || fence < this.#fence) throw new Error('the database is away');
    return work();
  }

  get state(): RoomState {
    return JSON.parse(this.redis['state'] ?? '') as RoomState;
  }

  /** A node takes the room. */
  async open(): Promise<RoomHost> {
    const { row } = this;
    const fence = ++this.#fence;
    const asked = <T>(work: () => T): Promise<T> => this.#asked(fence, work);
    const deps = {
      redis: {
        hget: async (_key: string, field: string) => this.redis[field] ?? null,
        eval: async (...[, , , by, state]: [string, number, string, number, string]) => {
          if (by < this.#fence) return 0;
          this.redis['state'] = state;
          return 1;
        },
        del: async () => {
          this.redis = {};
        },
      },
      meetings: {
        meeting: () => asked(() => ({ ...row })),
        ban: (_id: string, names: string[]) =>
          asked(() => {
            row.banned = withBans(row.banned, names);
          }),
        lock: (_id: string, locked: boolean) =>
          asked(() => {
            row.settings = { ...row.settings, locked };
          }),
        end: () =>
          asked(() => {
            row.endedAt = new Date(1);
          }),
        joined: () => asked(() => {}),
        left: () => asked(() => {}),
      },
      chat: {
        recent: async () => [...this.chat.values()],
        keep: (_id: string, one: RoomChat) =>
          asked(() => {
            const kept = this.chat.get(one.messageId) ?? one;
            this.chat.set(one.messageId, kept);
            return kept;
          }),
      },
      files: { removeAll: () => asked(this.filesRemoved) },
      iceServers: () => [],
      hasCallServer: () => false,
      log: silentLogger,
    } as unknown as RoomHostDeps;
    const host = await RoomHost.open(deps, { meetingId: MEETING, fence, onStale: () => {} });
    this.hosts.push(host);
    return host;
  }
}

/** Somebody on a socket of the room's node. */
class Somebody {
  readonly heard: ServerMessage[] = [];
  closed: number | undefined;
  readonly #line: Line;
  readonly #host: RoomHost;
  readonly #participantId: string;

  constructor(
    host: RoomHost,
    letter: string,
    role: ParticipantRole = 'participant',
    more: Partial<Grant> = {},
    resumeKey?: string,
  ) {
    this.#host = host;
    this.#participantId = idOf(letter);
    this.#line = {
      id: `line ${letter} ${Math.random()}`,
      send: (text) => this.heard.push(JSON.parse(text) as ServerMessage),
      close: (code) => {
        this.closed = code;
      },
    };
    const grant = {
      meetingId: MEETING,
      displayName: letter,
      role,
      mark: `mark ${letter}`,
      ...more,
    };
    const participantId = this.#participantId;
    const first = clientMessageSchema.parse(
      resumeKey === undefined
        ? { type: 'join', participantId }
        : { type: 'resume', participantId, resumeKey, sequence: 1 },
    );
    host.open(this.#line, participantId, grant, first as Parameters<RoomHost['open']>[3]);
  }

  say(message: ClientMessageInput): void {
    this.#host.receive(this.#line, clientMessageSchema.parse(message) as RoomMessage);
  }

  get errors(): string[] {
    return this.heard.flatMap((one) => (one.type === 'error' ? [one.code] : []));
  }
}

const eventually = <Result>(check: () => Result) => vi.waitFor(check, 10_000);

let world = new World();
afterEach(async () => {
  world.isAway = false;
  await Promise.all(world.hosts.map((host) => host.close()));
  world = new World();
});

describe('what hosts decide while the database is away', () => {
  it('is written when it is back, though nothing more is taken of what is said', async () => {
    const host = await world.open();
    const [boss, bad] = [new Somebody(host, 'a', 'host'), new Somebody(host, 'b')];
    world.isAway = true;
    const talkers = Array.from('cdefghjkmnpqrs', (letter) => new Somebody(host, letter));
    for (let i = 0; i < 1_100; i++) {
      talkers[i % talkers.length]!.say({ type: 'chat', message: `${i}` });
    }
    await eventually(() => expect(talkers.some(({ errors }) => errors.length > 0)).toBe(true));
    boss.say({ type: 'ban', participantId: idOf('b') });
    boss.say({ type: 'lock', locked: true });
    expect(bad.closed).toBe(4003);
    await eventually(() => expect(world.state.unwritten).toEqual({ banned: true, locked: true }));
    world.isAway = false;
    await eventually(() => expect(world.state.unwritten).toBeUndefined());
    expect(world.row).toMatchObject({ banned: ['mark b'], settings: { locked: true } });
    boss.say({ type: 'end' });
    expect(host.ended).toBe(false);
    await eventually(() => expect(host.ended).toBe(true));
    expect(world.row.endedAt).not.toBeNull();
    await eventually(() => expect(world.filesRemoved).toHaveBeenCalled());
  });

  it('holds for the node that has the room next, and is written by it', async () => {
    const first = await world.open();
    const boss = new Somebody(first, 'a', 'host');
    new Somebody(first, 'b');
    world.isAway = true;
    boss.say({ type: 'ban', participantId: idOf('b') });
    boss.say({ type: 'lock', locked: true });
    await eventually(() => expect(world.state.unwritten).toEqual({ banned: true, locked: true }));
    // It was killed. Somebody else was banned by it before, of which Redis has not heard.
    world.isAway = false;
    world.row.banned = ['mark c'];
    world.hosts.length = 0;
    first.close();
    const second = await world.open();
    expect(new Somebody(second, 'd').errors).toEqual(['meeting_locked']);
    await eventually(() =>
      expect(world.row).toMatchObject({
        banned: ['mark c', 'mark b'],
        settings: { locked: true },
      }),
    );
    await eventually(() => expect(world.state.unwritten).toBeUndefined());
    world.row.settings = { locked: false };
    second.update(world.row);
    const codes = ['b', 'c', 'e'].map((letter) => new Somebody(second, letter).errors);
    expect(codes).toEqual([['unauthorized'], ['banned'], []]);
  });

  it('is carried out by the next node where the one before had only written it', async () => {
    const first = await world.open();
    new Somebody(first, 'a', 'host');
    const [welcome] = new Somebody(first, 'b').heard.flatMap((one) =>
      one.type === 'welcome' ? [one] : [],
    );
    await eventually(() => expect(Object.keys(world.state.people)).toHaveLength(2));
    world.row.banned = ['mark b'];
    world.hosts.length = 0;
    first.close();
    const second = await world.open();
    const back = new Somebody(second, 'b', 'participant', {}, welcome!.resumeKey);
    expect([back.errors, back.closed]).toEqual([['unauthorized'], 4010]);
    await eventually(() => expect(Object.keys(world.state.people)).toEqual([idOf('a')]));
  });

  it('is not undone by other settings that come over HTTP', async () => {
    const host = await world.open();
    const boss = new Somebody(host, 'a', 'host');
    world.isAway = true;
    boss.say({ type: 'lock', locked: true });
    host.update({ ...world.row, title: 'Another' });
    const [updated] = boss.heard.filter((one) => one.type === 'meeting-updated').slice(-1);
    expect(updated).toMatchObject({ title: 'Another', settings: { locked: true } });
  });

  it('is the end, even when the node dies before it is written', async () => {
    const first = await world.open();
    world.isAway = true;
    new Somebody(first, 'a', 'host').say({ type: 'end' });
    await eventually(() => expect(world.state.unwritten).toEqual({ ended: true }));
    expect(world.row.endedAt).toBeNull();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const closing = first.close();
    await vi.advanceTimersByTimeAsync(10_000);
    await closing;
    vi.useRealTimers();
    expect(world.state.unwritten).toEqual({ ended: true });
    await expect(world.open()).rejects.toMatchObject({ code: 'meeting_ended' });
    world.isAway = false;
    await expect(world.open()).rejects.toMatchObject({ code: 'meeting_ended' });
    expect(world.row.endedAt).not.toBeNull();
    expect(world.redis).toEqual({});
  });
});

describe('what has no answer when the node dies', () => {
  it.each([true, false])(
    'is answered by the next one, and kept once (kept before: %s)',
    async (isKept) => {
      const first = await world.open();
      const before = new Somebody(first, 'a');
      const [welcome] = before.heard.flatMap((one) => (one.type === 'welcome' ? [one] : []));
      world.isAway = true;
      const chat: ClientMessageInput = { type: 'chat', message: 'hello', ref: 'mine' };
      before.say(chat);
      await eventually(() =>
        expect(Object.values(world.state.people)[0]?.answered).toEqual([{ ref: 'mine' }]),
      );
      world.hosts.length = 0;
      world.isAway = !isKept;
      if (isKept) await eventually(() => expect(world.chat.size).toBe(1));
      // The state is as it was before the answer.
      const state = world.state;
      for (const person of Object.values(state.people)) person.answered = [{ ref: 'mine' }];
      world.redis['state'] = JSON.stringify(state);
      const opening = world.open();
      world.isAway = false;
      const second = await opening;
      const after = new Somebody(second, 'a', 'participant', {}, welcome!.resumeKey);
      after.say(chat);
      await eventually(() => expect(after.heard.some(({ type }) => type === 'ok')).toBe(true));
      expect([...world.chat.values()].map(({ message }) => message)).toEqual(['hello']);
      const shown = after.heard.flatMap((one) =>
        one.type === 'chat' ? [one] : one.type === 'welcome' ? one.chat : [],
      );
      expect(shown.map(({ messageId }) => messageId)).toEqual([...world.chat.keys()]);
    },
  );
});

describe('tokens', () => {
  it('that were renewed come back, and do not come in', async () => {
    const host = await world.open();
    new Somebody(host, 'a', 'host');
    const renewed = new Somebody(host, 'b', 'participant', { resumeOnly: true });
    expect([renewed.errors, renewed.closed]).toEqual([['unauthorized'], 4010]);
    const first = new Somebody(host, 'c');
    const [welcome] = first.heard.flatMap((one) => (one.type === 'welcome' ? [one] : []));
    const back = new Somebody(host, 'c', 'participant', { resumeOnly: true }, welcome!.resumeKey);
    expect(back.heard.map(({ type }) => type)).toEqual(['resumed']);
  });
});
