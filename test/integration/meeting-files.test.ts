import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '#base';
import { BUS_STREAM, type ChatFile, type JoinedMeeting } from '#contracts';
import { connectRedis } from '#platform';
import { openDatabase } from '#platform/sql';
import { createMeeting, Instance, SignalClient, until } from '#support';

const MOST = 1_000;
const MOST_OF_MEETING = 2_500;
/** A logical screen of 3 × 2 (GIF89a, 18). */
const GIF = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([3, 0, 2, 0, 0, 0, 0])]);

let amphi: Instance;

beforeAll(async () => {
  amphi = await Instance.start({
    env: {
      AMPHI_ROLES: 'api',
      AMPHI_FILES_MAX_BYTES: String(MOST),
      AMPHI_FILES_MEETING_MAX_BYTES: String(MOST_OF_MEETING),
      AMPHI_FILES_ENDINGS: 'gif,png,txt',
    },
  });
});

afterAll(async () => {
  await amphi?.stop();
});

const tokenOf = ({ socket }: SignalClient): string =>
  new URL(socket.url).searchParams.get('token') ?? '';

interface Answer {
  status: number;
  headers: Headers;
  code?: string;
  file: ChatFile;
}

async function upload(
  meetingId: string,
  who: SignalClient | string,
  body: Uint8Array | string,
  { name = 'a.txt', type = 'application/octet-stream' } = {},
): Promise<Answer> {
  const query = new URLSearchParams({ name });
  const answer = await fetch(`${amphi.base}/api/meetings/${meetingId}/files?${query}`, {
    method: 'POST',
    headers: {
      'content-type': type,
      authorization: `Bearer ${typeof who === 'string' ? who : tokenOf(who)}`,
    },
    body: body as BodyInit,
  });
  const file = (await answer.json()) as ChatFile & { code?: string };
  const { status, headers } = answer;
  return { status, headers, file, ...(file.code === undefined ? {} : { code: file.code }) };
}

const download = (meetingId: string, fileId: string, who?: SignalClient) =>
  fetch(`${amphi.base}/api/meetings/${meetingId}/files/${fileId}`, {
    headers: who === undefined ? {} : { authorization: `Bearer ${tokenOf(who)}` },
  });

async function meet(settings = {}) {
  const { meetingId, hostToken } = await createMeeting(amphi.base, { settings });
  const host = await SignalClient.join(amphi.base, meetingId, { hostToken });
  const guest = await SignalClient.join(amphi.base, meetingId);
  return { meetingId, hostToken, host, guest };
}

const bytes = (size: number) => new Uint8Array(size);

async function send(who: SignalClient, { file: { fileId } }: Answer): Promise<void> {
  expect(await who.ask({ type: 'chat', message: '', fileId })).toMatchObject({ type: 'ok' });
}

/** What lies in the folder of a meeting's files. */
const stored = (meetingId: string): Promise<string[]> =>
  readdir(join(amphi.dataDir, 'objects', 'meetings', meetingId)).catch(() => []);

describe('a file in the chat', () => {
  it('goes up, is told of in a message, and comes down as it was, to be saved', async () => {
    const { meetingId, host, guest } = await meet();
    const { status, file } = await upload(meetingId, guest, GIF, {
      name: 'C:\\pictures\\..\\x"\u202e<b>.gif',
    });
    expect(status).toBe(201);
    const picture = { type: 'image/gif', width: 3, height: 2 };
    expect(file).toMatchObject({ name: 'x__b_.gif', size: GIF.length, picture });
    expect((await download(meetingId, file.fileId, host)).status).toBe(404);
    const said = await guest.ask({ type: 'chat', message: '', fileId: file.fileId });
    expect(said).toMatchObject({ type: 'ok' });
    expect(await host.next('chat')).toMatchObject({ message: '', file });

    const answer = await download(meetingId, file.fileId, host);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(GIF);
    const { headers } = answer;
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="?x__b_\.gif"?$/);
    expect(headers.get('content-type')).toBe('image/gif');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain('sandbox');
    expect(headers.get('cache-control')).toContain('no-store');
    const late = await SignalClient.join(amphi.base, meetingId);
    expect((await late.next('welcome')).chat).toMatchObject([{ file }]);
    expect(amphi.log.filter((line) => line.includes(tokenOf(host)))).toEqual([]);
  });

  it('is a picture by its bytes, not by its name, and goes in one message only', async () => {
    const { meetingId, host, guest } = await meet();
    const page = '<script>alert(1)</script>';
    const { file } = await upload(meetingId, guest, page, { name: 'a.png' });
    expect(file.picture).toBeUndefined();
    const chat = { type: 'chat', message: 'see', fileId: file.fileId } as const;
    expect(await host.ask(chat)).toMatchObject({ code: 'not_found' });
    expect(await guest.ask(chat)).toMatchObject({ type: 'ok' });
    expect(await guest.ask(chat)).toMatchObject({ code: 'not_found' });
    expect(await guest.ask({ type: 'chat', message: '  ' })).toMatchObject({ code: 'bad_request' });
    const answer = await download(meetingId, file.fileId, host);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(await answer.text()).toBe(page);
  });

  it('is taken up to its limits, and not one byte more', async () => {
    const { meetingId, guest } = await meet();
    expect(await upload(meetingId, guest, bytes(MOST + 1))).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
    const first = await upload(meetingId, guest, bytes(MOST));
    expect(first.status).toBe(201);
    // As much as one person may have that is in no message yet.
    expect(await upload(meetingId, guest, bytes(1))).toMatchObject({ code: 'too_many' });
    await send(guest, first);
    const left = MOST_OF_MEETING - MOST;
    await send(guest, await upload(meetingId, guest, bytes(left - MOST + 1)));
    expect(await upload(meetingId, guest, bytes(MOST))).toMatchObject({ code: 'too_many' });
    await send(guest, await upload(meetingId, guest, bytes(MOST - 1)));
    expect(await upload(meetingId, guest, bytes(1))).toMatchObject({ status: 429 });
    expect(await stored(meetingId)).toHaveLength(3);

    const other = await meet();
    const small = () => upload(other.meetingId, other.guest, bytes(1));
    for (let i = 0; i < 10; i++) expect((await small()).status).toBe(201);
    expect(await small()).toMatchObject({ status: 429, code: 'too_many' });
    expect((await upload(other.meetingId, other.host, bytes(1))).status).toBe(201);
  });

  it('that nobody has sent gives way to another: of who has left, or of ten minutes ago', async () => {
    const { meetingId, host, guest } = await meet();
    const [leaves, stays] = [guest, await SignalClient.join(amphi.base, meetingId)];
    const third = await SignalClient.join(amphi.base, meetingId);
    for (const [who, size] of [
      [leaves, MOST],
      [stays, MOST],
      [third, MOST_OF_MEETING - 2 * MOST],
    ] as const) {
      expect((await upload(meetingId, who, bytes(size))).status).toBe(201);
    }
    const fuller = () => upload(meetingId, host, bytes(MOST));
    expect(await fuller()).toMatchObject({ status: 429, code: 'too_many' });
    leaves.say({ type: 'leave' });
    await leaves.closed;
    let taken: Answer | undefined;
    await until('its place to be free', async () => {
      taken = await fuller();
      return taken.status === 201;
    });
    expect(await stored(meetingId)).toHaveLength(3);
    await send(host, taken!);

    const database = await openDatabase(`unix:${join(amphi.dataDir, 'run', 'postgres.sock')}`);
    const age = (seconds: number) =>
      database.db.execute(
        `update chat_files set created_at = created_at - interval '${seconds} seconds'
         where meeting_id = '${meetingId}' and message_id is null`,
      );
    await age(9 * 60);
    expect((await fuller()).status).toBe(429);
    await age(61);
    expect((await fuller()).status).toBe(201);
    await database.close();
    // The oldest was enough, and what was sent stays.
    expect(await stored(meetingId)).toHaveLength(3);
  });

  it('counts for whoever sends it, however often they come in', async () => {
    const { meetingId, host } = await meet();
    const headers = {
      'content-type': 'application/json',
      cookie: `amphi_browser=${'b'.repeat(22)}`,
    };
    const comeIn = async () => {
      const answer = await fetch(`${amphi.base}/api/meetings/${meetingId}/join`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ displayName: 'Again' }),
      });
      const { webSocketUrl, participantId } = (await answer.json()) as JoinedMeeting;
      const client = new SignalClient(webSocketUrl, participantId);
      await client.opened();
      client.say({ type: 'join', participantId });
      await client.next('welcome');
      return client;
    };
    const [once, again] = [await comeIn(), await comeIn()];
    for (let i = 0; i < 10; i++) {
      const { status } = await upload(meetingId, i % 2 ? once : again, bytes(1));
      expect(status).toBe(201);
    }
    expect(await upload(meetingId, again, bytes(1))).toMatchObject({ code: 'too_many' });
    expect((await upload(meetingId, host, bytes(1))).status).toBe(201);
  });

  it('is refused in words when it is none', async () => {
    const { meetingId, guest } = await meet();
    const code = async (body: string, how: { name?: string; type?: string }) =>
      (await upload(meetingId, guest, body, how)).code;
    expect(await code('x', { name: 'run.exe' })).toBe('unsupported_media');
    expect(await code('x', { name: 'a.svg' })).toBe('unsupported_media');
    expect(await code('x', { name: 'a.png.exe' })).toBe('unsupported_media');
    expect(await code('x', { name: 'txt' })).toBe('unsupported_media');
    expect(await code('', {})).toBe('bad_request');
    expect(await code('{}', { type: 'application/json' })).toBe('unsupported_media');
    expect(await code('x', { type: 'text/html' })).toBe('unsupported_media');
    expect(await code('x', { name: `${'n'.repeat(251)}.txt` })).toBeUndefined();
    expect(await code('x', { name: `${'n'.repeat(252)}.txt` })).toBe('bad_request');
    expect(await stored(meetingId)).toHaveLength(1);
  });

  it('leaves nothing behind when its sender goes in the middle of it', async () => {
    const { meetingId, guest } = await meet();
    const cut = request(`${amphi.base}/api/meetings/${meetingId}/files?name=a.txt`, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': MOST,
        authorization: `Bearer ${tokenOf(guest)}`,
      },
    });
    cut.on('error', () => {});
    cut.write(Buffer.alloc(500));
    const unfinished = join(amphi.dataDir, 'objects', '.unfinished');
    await until('the upload to begin', async () => (await readdir(unfinished)).length === 1);
    cut.destroy();
    await until('nothing of it to be left', async () => (await readdir(unfinished)).length === 0);
    expect(await stored(meetingId)).toEqual([]);
    // Its place is free again.
    for (const size of [MOST, MOST, MOST_OF_MEETING - 2 * MOST]) {
      await until('room for more', async () => {
        const answer = await upload(meetingId, guest, bytes(size));
        if (answer.status === 201) await send(guest, answer);
        return answer.status === 201;
      });
    }
  });
});

describe('the files of a meeting are no business', () => {
  it('of strangers, of those who wait, who were removed, or for whom they are not', async () => {
    const { meetingId, hostToken, host, guest } = await meet();
    const { file } = await upload(meetingId, host, 'secret');
    const { fileId } = file;
    await host.ask({ type: 'chat', message: 'for you', to: guest.participantId, fileId });
    const status = async (who?: SignalClient) => (await download(meetingId, fileId, who)).status;
    expect(await status(guest)).toBe(200);
    expect(await status(host)).toBe(200);
    expect(await status()).toBe(401);
    const third = await SignalClient.join(amphi.base, meetingId);
    expect(await status(third)).toBe(404);
    const other = await meet();
    expect(await status(other.guest)).toBe(403);
    expect((await download(other.meetingId, fileId, other.guest)).status).toBe(404);
    expect((await upload(meetingId, other.guest, 'x')).status).toBe(403);
    expect((await upload(meetingId, hostToken, 'x')).status).toBe(401);

    await host.ask({ type: 'remove', participantId: guest.participantId });
    expect(await status(guest)).toBe(403);
    const waiting = await meet({ waitingRoom: true });
    await waiting.guest.next('waiting');
    expect((await upload(waiting.meetingId, waiting.guest, 'x')).status).toBe(403);
    const quiet = await meet({ chat: 'hosts' });
    expect((await upload(quiet.meetingId, quiet.guest, 'x')).code).toBe('forbidden');
    expect((await upload(quiet.meetingId, quiet.host, 'x')).status).toBe(201);
  });

  it('of those outside the breakout room in which they were sent', async () => {
    const { meetingId, host, guest } = await meet();
    const inside = await SignalClient.join(amphi.base, meetingId);
    const elsewhere = await SignalClient.join(amphi.base, meetingId);
    const rooms = [
      { name: 'A', participantIds: [guest.participantId, inside.participantId] },
      { name: 'B', participantIds: [elsewhere.participantId] },
    ];
    expect(await host.ask({ type: 'breakout-open', rooms })).toMatchObject({ type: 'ok' });
    const [among, toAll] = [
      await upload(meetingId, guest, 'a'),
      await upload(meetingId, host, 'b'),
    ];
    await send(guest, among);
    await send(host, toAll);
    const status = async ({ file }: Answer, who: SignalClient) =>
      (await download(meetingId, file.fileId, who)).status;
    await until('it to be known who is inside', async () => (await status(among, inside)) === 200);
    expect(await status(among, guest)).toBe(200);
    expect([await status(among, host), await status(among, elsewhere)]).toEqual([404, 404]);
    expect([await status(toAll, inside), await status(toAll, elsewhere)]).toEqual([200, 200]);
  });

  it('of anybody once their message is deleted, or the meeting is over', async () => {
    const { meetingId, hostToken, host, guest } = await meet();
    const [first, second] = [
      await upload(meetingId, guest, 'one'),
      await upload(meetingId, guest, 'two'),
    ];
    for (const { file } of [first, second]) {
      await guest.ask({ type: 'chat', message: '', fileId: file.fileId });
    }
    const { messageId } = await host.next('chat');
    await guest.ask({ type: 'chat-delete', messageId });
    const { chat } = await host.next('chat-updated');
    expect(chat).toMatchObject({ deleted: true });
    expect(chat.file).toBeUndefined();
    await until('the file to be gone', async () => (await stored(meetingId)).length === 1);
    expect((await download(meetingId, first.file.fileId, host)).status).toBe(404);
    await fetch(`${amphi.base}/api/meetings/${meetingId}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${hostToken}` },
    });
    await until('all to be gone', async () => (await stored(meetingId)).length === 0);
  });
});

describe('the question at the end', () => {
  it('is answered once, by who was there, kept, and told on the bus', async () => {
    const { meetingId, guest } = await meet();
    const answer = async (rating: unknown, token = tokenOf(guest)) => {
      const { status } = await fetch(`${amphi.base}/api/meetings/${meetingId}/survey`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ rating }),
      });
      return status;
    };
    await guest.ask({ type: 'leave' });
    for (const rating of [0, 6, 1.5, '5', null]) expect(await answer(rating)).toBe(400);
    expect(await answer(5, 'nobody')).toBe(401);
    const never = await SignalClient.knock(amphi.base, meetingId);
    expect(await answer(5, tokenOf(never))).toBe(403);
    await until('who was there to be written down', async () => (await answer(4)) === 200);
    expect(await answer(1)).toBe(409);
    const redis = connectRedis(`unix:${join(amphi.dataDir, 'run', 'redis.sock')}`, {
      log: silentLogger,
    });
    try {
      const told = (await redis.xrange(BUS_STREAM, '-', '+'))
        .map(([, fields]) => JSON.parse(fields[1] ?? '{}') as Record<string, unknown>)
        .filter(({ type }) => type === 'meeting.rated');
      expect(told).toMatchObject([{ meetingId, participantId: guest.participantId, rating: 4 }]);
    } finally {
      redis.disconnect();
    }
  });
});
