import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAmphiError } from '#base';
import { FRAME_CONTROL, FrameReader, frame } from '#callserver';
import { MAX_RECEIVING_SECTIONS, MAX_SENDING_SECTIONS, type RoomNotice } from '#contracts';
import type { RoomMedia } from '#platform';
import { parseSdp, type SessionDescription, writeSdp } from '#protocol';
import { childrenOf, Instance, RoomOwner, until } from '#support';

/** What browsers offer; nobody connects: a session is there for half a minute. */
const fixture = (name: string) =>
  parseSdp(readFileSync(new URL(`../fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8'));
const CHROMIUM = fixture('chromium-whip');
const FIREFOX = fixture('firefox-whep');

type Kind = 'audio' | 'video';
/** An offer of a fixture's sections, with mids `m0`, `m1` … and SSRCs of their own. */
function offerOf(from: SessionDescription, kinds: readonly (Kind | `idle ${Kind}`)[]): string {
  const media = kinds.map((what, i) => {
    const kind = what.replace('idle ', '');
    const section = from.media.find((one) => one.kind === kind)!;
    const ssrcs = section.ssrcs.map((one) => ({ ...one, ssrc: one.ssrc + i }));
    const direction = what === kind ? section.direction : ('inactive' as const);
    return { ...section, mid: `m${i}`, ssrcs, ssrcGroups: [], direction };
  });
  return writeSdp({ ...from, media, bundle: media.map(({ mid }) => mid) });
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isAmphiError(error) ? error.code : String(error)),
  );

let owner: RoomOwner;
let amphi: Instance;
let fence = 0;

beforeAll(async () => {
  owner = await RoomOwner.start();
  amphi = await Instance.start({ env: { ...owner.env, AMPHI_ROLES: 'callserver' } });
});

afterAll(async () => {
  await amphi?.stop();
  await owner?.stop();
});

/** A room as its owner has it, and what it was told. */
async function owned(roomId: string) {
  const room = await owner.openRoom(roomId, ++fence);
  const notices: RoomNotice[] = [];
  room.on('notice', (notice) => notices.push(notice));
  const told = <Name extends RoomNotice['notice']>(name: Name) =>
    until(`a notice "${name}"`, () =>
      notices.find((one): one is Extract<RoomNotice, { notice: Name }> => one.notice === name),
    );
  return { room, notices, told };
}

const CAMERA = { m0: 'microphone', m1: 'camera' } as const;
const send = (room: RoomMedia, participantId = 'ann') =>
  room.command('send', {
    participantId,
    offer: offerOf(CHROMIUM, ['audio', 'video']),
    labels: CAMERA,
  });

describe("a room's media", () => {
  it('comes and goes with what somebody sends, in one session', async () => {
    const { room, notices, told } = await owned('talk');
    const first = await send(room);
    expect(first.producers.map(({ label }) => label)).toEqual(['microphone', 'camera']);
    expect(first.producers.map(({ codec }) => codec)).toEqual(['opus', 'VP8']);
    expect((await told('producer-added')).producer).toEqual(first.producers[0]);

    // A screen with its sound comes in, the camera is stopped.
    const { sessionId } = first;
    const second = await room.command('renegotiate-sending', {
      sessionId,
      offer: offerOf(CHROMIUM, ['audio', 'idle video', 'video', 'audio']),
      labels: { m0: 'microphone', m2: 'screen', m3: 'screen-audio' },
    });
    expect(second.producers.map(({ label }) => label)).toEqual([
      'microphone',
      'screen',
      'screen-audio',
    ]);
    expect(second.producers[0]).toEqual(first.producers[0]);
    const answer = parseSdp(second.answer);
    expect(answer.media.map(({ direction }) => direction)).toEqual([
      'recvonly',
      'inactive',
      'recvonly',
      'recvonly',
    ]);
    expect(answer.sessionId).toBe(parseSdp(first.answer).sessionId);
    expect(answer.sessionVersion).toBe(2);
    const { producerId } = await told('producer-removed');
    expect(producerId).toBe(first.producers[1]?.producerId);

    await room.command('close-session', { sessionId });
    expect(await told('closed')).toMatchObject({
      sessionId,
      participantId: 'ann',
      reason: 'owner',
    });
    expect(notices.filter(({ notice }) => notice === 'producer-removed')).toHaveLength(4);
    await room.end();
  });

  it('refuses what cannot be, and leaves everything as it was', async () => {
    const { room } = await owned('faults');
    const { sessionId } = await send(room);
    const again = (offer: string, labels: Record<string, 'camera' | 'microphone'> = CAMERA) =>
      codeOf(room.command('renegotiate-sending', { sessionId, offer, labels }));
    const whole = offerOf(CHROMIUM, ['audio', 'video']);
    expect(await again('hello')).toBe('bad_request');
    expect(await again(whole, { m0: 'microphone' })).toBe('bad_request');
    // It would be heard under a name that is not muted, or seen under one that is.
    const wrong = { m0: 'camera', m1: 'microphone' } as const;
    expect(await again(whole, { ...CAMERA, m0: 'camera' })).toBe('bad_request');
    expect(await again(whole, { ...CAMERA, m1: 'microphone' })).toBe('bad_request');
    const begun = room.command('send', { participantId: 'bob', offer: whole, labels: wrong });
    await expect(begun).rejects.toMatchObject({
      code: 'bad_request',
      message: 'section m0 is audio: it cannot be a camera',
    });
    expect(await again(whole.replaceAll('6F:95', '6F:96'))).toBe('ice_restart_unsupported');
    const many = (count: number) =>
      offerOf(CHROMIUM, ['audio', ...Array(count - 1).fill('idle audio')]);
    expect(await again(many(MAX_SENDING_SECTIONS))).toBe('no error');
    expect(await again(many(MAX_SENDING_SECTIONS + 1))).toBe('limit_exceeded');
    const receive = (count: number) =>
      codeOf(
        room.command('receive', {
          participantId: 'ann',
          offer: offerOf(FIREFOX, Array(count).fill('audio')),
          wanted: [],
        }),
      );
    expect(await receive(MAX_RECEIVING_SECTIONS)).toBe('no error');
    expect(await receive(MAX_RECEIVING_SECTIONS + 1)).toBe('limit_exceeded');
    expect(await codeOf(room.command('close-session', { sessionId: 'nobody' }))).toBe('not_found');
    expect(
      await codeOf(room.command('send', { participantId: 'a b', offer: whole, labels: {} })),
    ).toBe('bad_request');
    await room.end();
  });

  it('goes on after an ICE restart of those who send and receive, on other transports', async () => {
    const { room } = await owned('moves');
    const first = await send(room);
    const iceOf = (sdp: string) =>
      parseSdp(sdp).media.map(({ mid, ice, fingerprints: [one] }) => ({ mid, ...ice, ...one }));
    const { sessionId } = first;
    const anew = (ufrag: string) => offerOf(CHROMIUM, ['audio', 'video']).replaceAll('b7mF', ufrag);
    const restart = (ufrag: string) =>
      room.command('renegotiate-sending', { sessionId, offer: anew(ufrag), labels: CAMERA });
    const second = await restart('anew');
    expect(second.producers).toEqual(first.producers);
    expect(iceOf(second.answer)).toHaveLength(2);
    for (const [i, section] of iceOf(second.answer).entries()) {
      const before = iceOf(first.answer)[i];
      expect(section.mid).toBe(before?.mid);
      expect(section.usernameFragment).not.toBe(before?.usernameFragment);
      expect(section.value).not.toBe(before?.value);
    }
    expect(iceOf((await restart('anew')).answer)).toEqual(iceOf(second.answer));
    expect(iceOf((await restart('more')).answer)).not.toEqual(iceOf(second.answer));

    const [sound = ''] = first.producers.map(({ producerId }) => producerId);
    const offer = offerOf(FIREFOX, ['audio']);
    const ufrag = parseSdp(offer).media[0]?.ice?.usernameFragment ?? '';
    const begun = await room.command('receive', { participantId: 'bob', offer, wanted: [sound] });
    const moved = await room.command('renegotiate-receiving', {
      sessionId: begun.sessionId,
      offer: offer.replaceAll(`a=ice-ufrag:${ufrag}`, 'a=ice-ufrag:anew'),
      wanted: [sound],
    });
    expect(moved.sections).toEqual(begun.sections);
    expect(iceOf(moved.answer)[0]?.value).not.toBe(iceOf(begun.answer)[0]?.value);
    await room.end();
  });

  it('is received in as many sections as are wanted at once', async () => {
    const { room } = await owned('view');
    const { producers } = await send(room);
    const [sound = '', picture = ''] = producers.map(({ producerId }) => producerId);
    const offer = (count: number) => offerOf(FIREFOX, ['audio', ...Array(count).fill('video')]);
    const first = await room.command('receive', {
      participantId: 'bob',
      offer: offer(0),
      wanted: [],
    });
    expect(first).toMatchObject({ sections: [], left: [] });
    const { sessionId } = first;
    const renegotiate = (wanted: string[], count: number) =>
      room.command('renegotiate-receiving', { sessionId, wanted, offer: offer(count) });
    const second = await renegotiate([sound, picture, 'nothing'], 0);
    expect(second.sections).toEqual([{ mid: 'm0', producerId: sound }]);
    expect(second.left).toEqual([
      { producerId: picture, why: 'section' },
      { producerId: 'nothing', why: 'gone' },
    ]);
    const third = await renegotiate([picture, sound], 1);
    expect(third.sections).toHaveLength(2);
    await room.command('want', { sessionId, producerId: picture, width: 320, height: 180 });
    await room.command('want', { sessionId, producerId: picture, paused: true });
    const stranger = codeOf(room.command('want', { sessionId, producerId: 'nothing' }));
    expect(await stranger).toBe('not_found');
    const last = await renegotiate([], 1);
    expect(last.sections).toEqual([]);
    expect(parseSdp(last.answer).media.map(({ direction }) => direction)).toEqual([
      'inactive',
      'inactive',
    ]);
    await room.end();
  });

  it('goes on with another owner, who is told what happened; the one before may do nothing', async () => {
    const first = await owned('heirs');
    const { sessionId } = await send(first.room);
    await first.told('producer-added');
    const second = await owned('heirs');
    expect(second.room.opened.incarnation).toBe(first.room.opened.incarnation);
    expect(second.room.opened.sessions).toMatchObject([{ sessionId, direction: 'sending' }]);
    expect(second.room.opened.producers).toHaveLength(2);
    expect(await codeOf(first.room.command('close-session', { sessionId }))).toBe('stale_fence');
    await second.room.command('close-session', { sessionId });
    await second.told('closed');
    expect(first.notices.some(({ notice }) => notice === 'closed')).toBe(false);
    await second.room.end();
  });

  it('is no business of anybody without a token', async () => {
    const [node] = await owner.nodes.nodes('callserver');
    for (const path of ['/rooms', '/rooms/talk/open', '/rooms/talk/notices?fence=1', '/worker']) {
      expect((await fetch(`${node?.url}${path}`)).status).toBe(401);
    }
  });

  it('is not reached through a worker that is lent to another owner', async () => {
    const { room } = await owned('alone');
    const { sessionId } = await send(room);
    const [node] = await owner.nodes.nodes('callserver');
    const link = request(`${node?.url}/worker`, {
      method: 'POST',
      headers: { authorization: await owner.nodes.authorization() },
    });
    link.on('error', () => {});
    const answers: { answer?: number; error?: { code: string } }[] = [];
    link.once('response', (res) => {
      const reader = new FrameReader();
      res.on('data', (chunk: Buffer) => {
        for (const { kind, payload } of reader.push(chunk)) {
          if (kind === FRAME_CONTROL) answers.push(JSON.parse(payload.toString()));
        }
      });
    });
    let next = 0;
    const ask = async (name: string, input: unknown) => {
      const asked = ++next;
      const text = JSON.stringify({ request: asked, name, input });
      link.write(frame(FRAME_CONTROL, Buffer.from(text)));
      const found = await until(name, () => answers.find(({ answer }) => answer === asked));
      return found.error?.code ?? 'no error';
    };
    expect(await ask('configure', {})).toBe('bad_request');
    expect(await ask('nonsense', {})).toBe('bad_request');
    expect(await ask('closeTransport', { transportId: sessionId })).toBe('no error');
    expect(await ask('transportStats', { transportId: sessionId })).toBe('not_found');
    expect(await ask('createRouter', { routerId: 'mine' })).toBe('no error');
    expect(await ask('routerSummary', { routerId: 'mine' })).toBe('no error');
    link.destroy();
    expect(await room.command('stats', { sessionId })).toMatchObject({ transportId: sessionId });
    await room.end();
  });

  it('is lost with its worker, and there again within a second', async () => {
    const { room, notices, told } = await owned('phoenix');
    await send(room);
    await told('producer-added');
    const [role] = await Promise.all([amphi.pid('callserver')]);
    const workers = await childrenOf(role, 'node');
    expect(workers.length).toBeGreaterThan(0);
    const beganAt = performance.now();
    for (const pid of workers) process.kill(pid, 'SIGKILL');
    await told('lost');
    const [, again] = await until('another worker', () => {
      const ready = notices.filter((one) => one.notice === 'ready');
      return ready.length > 0 && [0, ready.at(-1)!];
    });
    const tookMs = performance.now() - beganAt;
    console.log(`room ready again after ${Math.round(tookMs)} ms, all workers killed`);
    expect(again).toMatchObject({ generation: 2 });
    expect(notices.some(({ notice }) => notice === 'producer-removed')).toBe(false);
    expect((await send(room)).producers).toHaveLength(2);
    await room.end();
  });
});
