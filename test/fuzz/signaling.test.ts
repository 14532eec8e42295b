import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createMeeting, Instance, SignalClient, until } from '#support';

/** So many messages, and a fiftieth as many tokens: 500,000 with `FUZZ_FULL=1`, some ten minutes. */
const SIZE = process.env['FUZZ_FULL'] === '1' ? 500_000 : 3_000;
const ROUNDS = Number(process.env['AMPHI_FUZZ_ROUNDS'] ?? SIZE);
const TOKENS = Math.max(60, Math.round(ROUNDS / 50));
/** 2,000 in a long run. */
const SILENT = Math.max(20, Math.min(2_000, Math.round(ROUNDS / 100)));
const LONG_MS = 60_000 + ROUNDS * 10;

let amphi: Instance;
let meeting: { meetingId: string; hostToken: string };

/** Of sockets that say nothing: by which code each was closed, and after how many milliseconds. */
let ends: Promise<{ code: number; afterMs: number }[]>;

beforeAll(async () => {
  amphi = await Instance.start({ env: { AMPHI_ROLES: 'api', AMPHI_JOINS_PER_MINUTE: '100000' } });
  meeting = await createMeeting(amphi.base);
  const { meetingId } = await createMeeting(amphi.base);
  const since = performance.now();
  const silent = await Promise.all(
    Array.from({ length: SILENT }, () => SignalClient.knock(amphi.base, meetingId)),
  );
  ends = Promise.all(
    silent.map(async ({ closed }) => {
      const { code } = await closed;
      return { code, afterMs: performance.now() - since };
    }),
  );
});

afterAll(async () => {
  await amphi?.stop();
});

const join = (hostToken?: string) =>
  SignalClient.join(amphi.base, meeting.meetingId, hostToken === undefined ? {} : { hostToken });

let seed = Number(process.env['AMPHI_FUZZ_SEED'] ?? Date.now() % 1_000_000);
const random = (below: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
  return (seed >> 8) % below;
};
const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;

const TYPES = [
  ...['join', 'resume', 'ping', 'rename', 'offer', 'answer', 'ice-candidate', 'mute', 'unmute'],
  ...['want', 'report', 'chat', 'chat-edit', 'chat-delete', 'chat-react', 'chat-history'],
  ...['hand-raise', 'hand-lower', 'reaction', 'poll-create', 'poll-vote', 'poll-close', 'admit'],
  ...['admit-all', 'deny', 'lock', 'mute-participant', 'mute-all', 'ask-to-unmute', 'stop-video'],
  ...['remove', 'ban', 'make-host', 'make-cohost', 'make-participant', 'end', 'breakout-open'],
  ...['breakout-assign', 'breakout-broadcast', 'breakout-close', 'leaves', '', '__proto__'],
  ...['stage-enter', 'stage-update', 'stage-leave'],
];
const FIELDS = [
  ...['participantId', 'to', 'from', 'sdp', 'candidate', 'mediaType', 'media', 'width', 'height'],
  ...['message', 'messageId', 'replyTo', 'emoji', 'on', 'pollId', 'options', 'question', 'rooms'],
  ...['capabilities', 'resumeKey', 'sequence', 'sent', 'displayName', 'role', 'locked', 'seconds'],
  ...['peers', 'labels', 'purpose', 'connection', 'spread', 'breakoutId', 'limit', 'before'],
  ...['fileId', 'eventId', 'streamKey', 'layout', 'open'],
  ...['__proto__', 'constructor', 'toString', 'ref'],
];

function value(ids: readonly string[], depth = 0): unknown {
  const plain: unknown[] = [
    ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, '', 'x', 'callserver', '\0', '‮gnirts'],
    ...['<img src=x onerror=alert(1)>', '../../etc/passwd', 'x'.repeat(5_000), '💥'.repeat(40)],
    ...['audio', 'video', 'screen', 'camera', 'send', 'receive', 'viewer', 'host', 'v=0\r\n'],
    ...['0123456789abcdef', '0123456789ab', '\ud800', ...ids],
  ];
  if (depth > 2 || random(4) > 0) return pick(plain);
  if (random(2) === 0) return Array.from({ length: random(4) }, () => value(ids, depth + 1));
  return Object.fromEntries(
    Array.from({ length: random(4) }, () => [pick(FIELDS), value(ids, depth + 1)]),
  );
}

function frame(ids: readonly string[]): string | Buffer {
  const kind = random(20);
  if (kind === 0) return randomBytes(random(200));
  if (kind === 1) return pick(['', '{', '[]', '"x"', 'null', '{"type":1}', '[[[[[[', '1e999']);
  const fields = Array.from({ length: random(6) }, () => [pick(FIELDS), value(ids)]);
  const type = kind === 2 ? value(ids) : pick(TYPES);
  const text = JSON.stringify({ ...Object.fromEntries(fields), type });
  if (kind !== 3) return text;
  const at = random(text.length);
  return text.slice(0, at) + pick(['"', '}', '\u0000', ',']) + text.slice(at + random(3));
}

describe('what strangers say', () => {
  it(
    'is answered, never ends the socket, and harms nobody',
    async () => {
      const host = await join(meeting.hostToken);
      for (let sent = 0; sent < ROUNDS; ) {
        // As much as is no flood, then somebody else goes on.
        const fuzzer = await join();
        const ids = [host.participantId, fuzzer.participantId];
        for (let i = 0; i < 190 && sent < ROUNDS; i++, sent++) fuzzer.raw(frame(ids));
        fuzzer.say({ type: 'ping', sent });
        await fuzzer.until('a pong', (one) => one.type === 'pong' && one.sent === sent);
        fuzzer.say({ type: 'leave' });
        expect((await fuzzer.closed).code).toBe(1000);
      }
      const { type } = await host.ask({ type: 'hand-raise' });
      expect(type).toBe('ok');
      expect(host.of('meeting-ended')).toEqual([]);
      expect(host.of('muted-by-host')).toEqual([]);
      expect(host.of('error')).toEqual([]);
      expect(await amphi.processes()).toMatchObject(
        (await amphi.processes()).map(() => ({ restarts: 0 })),
      );
      host.say({ type: 'leave' });
      await host.closed;
    },
    LONG_MS,
  );

  it('ends with 1008 when it is a flood, with 1009 when it is too large, and others do not notice', async () => {
    const [quiet, flooding, large, most] = [await join(), await join(), await join(), await join()];
    for (let i = 0; i < 400; i++) flooding.say({ type: 'hand-raise' });
    expect((await flooding.closed).code).toBe(1008);
    most.raw(JSON.stringify({ type: 'chat', message: 'x', pad: '' }).padEnd(256 * 1024, ' '));
    expect((await most.next('error')).code).toBe('unknown_field');
    large.raw('x'.repeat(256 * 1024 + 1));
    expect((await large.closed).code).toBe(1009);
    expect(await quiet.ask({ type: 'hand-raise' })).toMatchObject({ type: 'ok' });
    quiet.cut();
  });
});

describe('tokens', () => {
  /** The HTTP status of an upgrade with this token; 101 when it is let through. */
  const upgrade = (token: string, meetingId = meeting.meetingId): Promise<number> =>
    new Promise((resolve) => {
      const base = amphi.base.replace(/^http/, 'ws');
      const query = encodeURIComponent(token);
      const socket = new WebSocket(`${base}/signal/meetings/${meetingId}?token=${query}`);
      socket.once('open', () => {
        socket.terminate();
        resolve(101);
      });
      socket.once('unexpected-response', (req, res) => {
        req.destroy();
        resolve(res.statusCode ?? 0);
      });
      socket.on('error', () => {});
    });

  it(
    'that are forged, changed, expired or of another kind open nothing',
    async () => {
      const knocked = await SignalClient.knock(amphi.base, meeting.meetingId);
      const good = new URL(knocked.socket.url).searchParams.get('token') ?? '';
      knocked.cut();
      const [head = '', body = '', signature = ''] = good.split('.');
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<
        string,
        unknown
      >;
      const encode = (what: object) => Buffer.from(JSON.stringify(what)).toString('base64url');
      const sign = (what: Record<string, unknown>, key: string) =>
        new SignJWT(what as never).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(key));
      const forge = async (): Promise<string> => {
        switch (random(8)) {
          case 0:
            return `${encode({ alg: 'none' })}.${body}.`;
          case 1:
            return sign(claims, randomBytes(32).toString('hex'));
          case 2:
            return `${head}.${encode({ ...claims, exp: 9_999_999_999 })}.${signature}`;
          case 3:
            return `${head}.${encode({ ...claims, grant: { role: 'host' } })}.${signature}`;
          case 4: {
            const at = random(signature.length - 1);
            const other = signature[at] === 'A' ? 'B' : 'A';
            return `${head}.${body}.${signature.slice(0, at)}${other}${signature.slice(at + 1)}`;
          }
          case 5:
            return meeting.hostToken;
          case 6:
            return randomBytes(random(300)).toString('base64url');
          default:
            return sign({ ...claims, exp: 1 }, 'x'.repeat(32));
        }
      };
      const statuses = new Set<number>();
      for (let i = 0; i < TOKENS; i += 20) {
        const batch = Array.from({ length: 20 }, async () => upgrade(await forge()));
        for (const status of await Promise.all(batch)) statuses.add(status);
      }
      expect([...statuses]).toEqual([401]);
      // The good one, for another meeting, and for one that is none.
      const other = await createMeeting(amphi.base);
      expect(await upgrade(good, other.meetingId)).toBe(403);
      expect(await upgrade(good, 'main')).toBe(404);
      expect(await upgrade(good)).toBe(101);
      const logged = amphi.log.filter((line) => line.includes(good) || line.includes(signature));
      expect(logged).toEqual([]);
    },
    LONG_MS,
  );

  it('open one session, for oneself: used again, or for another, they are refused', async () => {
    const first = await join();
    const replayed = new SignalClient(first.socket.url, first.participantId);
    await replayed.opened();
    replayed.say({ type: 'join', participantId: first.participantId });
    expect(await replayed.next('error')).toMatchObject({ code: 'unauthorized' });
    expect((await replayed.closed).code).toBe(4010);
    const other = await SignalClient.knock(amphi.base, meeting.meetingId);
    await other.opened();
    other.say({ type: 'join', participantId: first.participantId });
    expect(await other.next('error')).toMatchObject({ code: 'forbidden' });
    const thief = new SignalClient(first.socket.url, first.participantId);
    await thief.opened();
    thief.say({
      type: 'resume',
      participantId: first.participantId,
      resumeKey: 'a guess',
      sequence: 0,
    });
    expect(await thief.next('error')).toMatchObject({ code: 'unauthorized' });
    expect(await first.ask({ type: 'hand-raise' })).toMatchObject({ type: 'ok' });
  });

  it('that are renewed come back to a session and open none; who is not taken gets none', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await SignalClient.join(amphi.base, meetingId, { hostToken });
    const guest = await SignalClient.join(amphi.base, meetingId);
    const { token } = await guest.next('token');
    guest.say({ type: 'leave' });
    await guest.closed;
    const url = new URL(guest.socket.url);
    url.searchParams.set('token', token);
    const refused = new SignalClient(url.href, guest.participantId);
    await refused.opened();
    refused.say({ type: 'join', participantId: guest.participantId });
    expect(await refused.next('error')).toMatchObject({
      code: 'unauthorized',
      message: 'This token only resumes: join again',
    });
    expect((await refused.closed).code).toBe(4010);
    const late = await SignalClient.knock(amphi.base, meetingId);
    await host.ask({ type: 'lock', locked: true });
    await late.opened();
    late.say({ type: 'join', participantId: late.participantId });
    expect(await late.next('error')).toMatchObject({ code: 'meeting_locked' });
    await late.closed;
    expect([...refused.of('token'), ...late.of('token')]).toEqual([]);
  });
});

it('a meeting at its capacity takes nobody more, and who comes again finds the place kept', async () => {
  const { meetingId } = await createMeeting(amphi.base, { settings: { capacity: 2 } });
  const one = await SignalClient.join(amphi.base, meetingId);
  // Both were let through over HTTP; the room itself decides.
  const [two, three] = [
    await SignalClient.knock(amphi.base, meetingId),
    await SignalClient.knock(amphi.base, meetingId),
  ];
  for (const client of [two, three]) {
    await client.opened();
    client.say({ type: 'join', participantId: client.participantId });
  }
  await two.next('welcome');
  expect(await three.next('error')).toMatchObject({ code: 'meeting_full' });
  one.cut();
  const again = await one.resume();
  await again.next('resumed');
  await expect(
    until('a refusal', () => SignalClient.knock(amphi.base, meetingId).then(() => false), 1),
  ).rejects.toThrow();
});

it('who opens a socket and is silent is closed after ten seconds', async () => {
  for (const { code, afterMs } of await ends) {
    expect(code).toBe(4010);
    expect(afterMs).toBeLessThan(40_000);
  }
});
