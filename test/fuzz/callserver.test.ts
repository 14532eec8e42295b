import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isAmphiError } from '#base';
import { parseSdp, RtcpWriter, SdpError, type SessionDescription, writeSdp } from '#protocol';
import {
  CallServerStage,
  connectivityCheck,
  isStunSuccess,
  Mutations,
  RecordedWire,
  residentBytesOf,
  rtpPacket,
  until,
} from '#support';
import { REQUESTS, type RequestName } from '../../callserver/control/messages.ts';
import { Transport } from '../../callserver/core/transport.ts';
import { negotiatePlayback } from '../../callserver/negotiation/play.ts';
import { negotiatePublication } from '../../callserver/negotiation/publish.ts';
import type { LocalTransport, ProducerParameters } from '../../callserver/parameters.ts';
import { SpeakerBoard } from '../../callserver/speakers/speaker-board.ts';

/** Bytes that nobody should send, to every place of a call server where strangers' bytes come in. */

/** `FUZZ_FULL=1`: a quarter of an hour instead of seconds. */
const FULL = process.env['FUZZ_FULL'] === '1';
const PACKETS = FULL ? 1_000_000 : 60_000;
const DESCRIPTIONS = FULL ? 100_000 : 3_000;
const DATAGRAMS = FULL ? 100_000 : 6_000;
const REQUESTS_SENT = FULL ? 20_000 : 1_500;

vi.setConfig({ testTimeout: FULL ? 900_000 : 60_000 });

const OWNER = { consumerClosed() {}, layerChanged() {}, silent() {}, busy() {} };
const EXTENSIONS = {
  mid: 1,
  rid: 2,
  repairedRid: 3,
  transportCc: 4,
  absSendTime: 5,
  audioLevel: 6,
  dependencyDescriptor: 7,
  videoOrientation: 8,
} as const;
const CODECS = ['VP8', 'VP9', 'H264', 'AV1', 'opus'] as const;
const FIRST_PAYLOADS: Readonly<Record<(typeof CODECS)[number], readonly number[]>> = {
  VP8: [0x90, 0xe0, 0x80, 1, 7, 0x20, 0x10, 0, 0, 0x9d, 1, 0x2a, 0, 5, 0xd0, 2],
  VP9: [0xaa, 0x80, 1, 0x10, 5, 0x18, 1, 0x40, 0, 0xf0, 2, 1, 0x40, 0x94, 1],
  H264: [0x78, 0, 8, 0x67, 0x42, 0xe0, 0x1f, 0xda, 1, 0x40, 0x16, 0, 2, 0x65, 1],
  AV1: [0x18, 0x0a, 0x0b, 0, 0, 0, 0x24, 0xcf, 0x7f, 0x0d, 0xbf, 0xff, 0x30, 8],
  opus: [0x78, 1, 2, 3],
};

const publisherOf = (codec: (typeof CODECS)[number], n: number): ProducerParameters => ({
  kind: codec === 'opus' ? 'audio' : 'video',
  mid: String(n),
  codec: { name: codec, parameters: {} },
  payloadType: 100 + 2 * n,
  rtxPayloadType: 101 + 2 * n,
  nack: true,
  extensions: EXTENSIONS,
  encodings:
    codec === 'VP8'
      ? [{ rid: 'l' }, { rid: 'm' }, { rid: 'h' }]
      : [{ ssrc: 1_000 + n, rtxSsrc: 2_000 + n }],
});

/** A stage without a network: one who attacks, one who behaves, and somebody who watches both. */
class Room {
  readonly attackerWire = new RecordedWire();
  readonly attacker = new Transport('attacker', this.attackerWire, 'a', OWNER);
  readonly honest = new Transport('honest', new RecordedWire(), 'b', OWNER);
  readonly viewerWire = new RecordedWire();
  readonly viewer = new Transport('viewer', this.viewerWire, 'c', OWNER);
  readonly board = new SpeakerBoard(3);
  #sequence = 0;
  #checked = 0;
  nowMs = 1_000;

  constructor() {
    for (const [n, codec] of CODECS.entries()) {
      const producer = this.attacker.produce(codec, publisherOf(codec, n));
      if (codec === 'opus') {
        this.board.add(codec);
        producer.hearing = (byte, ms) => this.board.hear(codec, byte, ms);
      }
      this.#watch(codec, n);
      this.#watchBack(codec, n);
    }
    this.honest.produce('honest', { ...publisherOf('VP9', 9), encodings: [{ ssrc: 9_000 }] });
    this.#watch('honest', 9, this.honest);
  }

  #watch(id: string, n: number, from = this.attacker): void {
    const producer = from.producers.get(id);
    if (producer === undefined) throw new Error(`no producer ${id}`);
    const parameters = {
      payloadType: 96,
      rtxPayloadType: 97,
      ssrc: 10_000 + n,
      rtxSsrc: 20_000 + n,
      nack: true,
      fastJoin: true,
      extensions: EXTENSIONS,
    };
    this.viewer.consume(`viewer-${id}`, producer, parameters, this.nowMs);
  }

  /** The attacker is a receiver, too: its feedback is no better than its media. */
  #watchBack(id: string, n: number): void {
    const producer = this.attacker.producers.get(id);
    if (producer === undefined) throw new Error(`no producer ${id}`);
    const base = { payloadType: 98, ssrc: 30_000 + n, nack: true, fastJoin: true };
    const rtx = { rtxPayloadType: 99, rtxSsrc: 40_000 + n };
    const parameters = { ...base, ...rtx, transportWide: true, extensions: EXTENSIONS };
    this.attacker.consume(`back-${id}`, producer, parameters, this.nowMs);
  }

  attack(bytes: Buffer): void {
    this.attacker.receive(bytes, this.nowMs, this.nowMs * 1_000);
  }

  /** Time passes, with one packet of the one who behaves. */
  turn(): void {
    this.nowMs += 5;
    const sequence = this.#sequence++;
    const payload = Buffer.from(FIRST_PAYLOADS.VP9);
    if (sequence > 0) payload[0] = 0xe8;
    const packet = rtpPacket(
      { payloadType: 118, ssrc: 9_000, sequence, timestamp: sequence * 450, marker: true },
      payload,
    );
    this.honest.receive(packet, this.nowMs, this.nowMs * 1_000);
    for (const transport of [this.attacker, this.honest, this.viewer]) {
      transport.tick(this.nowMs, this.nowMs * 1_000);
      transport.drain(this.nowMs, this.nowMs * 1_000);
    }
    this.board.judge(this.nowMs);
  }

  /** Whether the viewer got every packet of the one who behaves since this was last asked, in order and well-formed. */
  checkHonest(): void {
    const got = this.viewerWire.rtp.filter(({ ssrc }) => ssrc === 10_009);
    const steps = got.map((packet, i) => {
      const before = got[i - 1];
      return before === undefined ? 1 : (packet.sequenceNumber - before.sequenceNumber) & 0xffff;
    });
    expect(steps.every((step) => step === 1)).toBe(true);
    expect(got).toHaveLength(this.#sequence - this.#checked);
    this.#checked = this.#sequence;
    // What goes out to the attacker is well-formed, too, or this throws.
    expect(this.attackerWire.rtp.every(({ payloadLength }) => payloadLength >= 0)).toBe(true);
    expect(this.attackerWire.rtcp.every(({ type }) => type !== 'other')).toBe(true);
    this.viewerWire.sent.length = 0;
    this.attackerWire.sent.length = 0;
  }
}

/** One well-formed packet of each kind that there is. */
function seeds(): Buffer[] {
  const packets: Buffer[] = [];
  for (const [n, codec] of CODECS.entries()) {
    const id = (name: keyof typeof EXTENSIONS) => EXTENSIONS[name];
    const extensions = {
      [id('mid')]: [0x30 + n],
      [id('transportCc')]: [0, n],
      [id('absSendTime')]: [1, 2, 3],
      [id('audioLevel')]: [0x9e],
      [id('dependencyDescriptor')]: [0xc0, 0, 1, 0x80, 0, 0x14, 0x28],
    };
    const rids = codec === 'VP8' ? ['l', 'm', 'h'] : [''];
    for (const [layer, rid] of rids.entries()) {
      const named = rid === '' ? {} : { [id('rid')]: [...Buffer.from(rid)] };
      const ssrc = rid === '' ? 1_000 + n : 500 + layer;
      const fields = { ssrc, sequence: 100, extensions: { ...extensions, ...named } };
      const payload = Buffer.concat([Buffer.from(FIRST_PAYLOADS[codec]), Buffer.alloc(40, 7)]);
      packets.push(rtpPacket({ ...fields, payloadType: 100 + 2 * n }, payload));
      const original = Buffer.concat([Buffer.from([0, 99]), payload]);
      packets.push(rtpPacket({ ...fields, ssrc: 2_000 + n, payloadType: 101 + 2 * n }, original));
    }
  }
  const rtcp = (write: (writer: RtcpWriter) => void) => {
    const writer = new RtcpWriter();
    write(writer);
    packets.push(Buffer.from(writer.bytes()));
  };
  const block = { fractionLost: 9, cumulativeLost: 3, highestSequence: 70_000, jitter: 9 };
  const times = { lastSenderReport: 5, delaySinceLastSenderReport: 6 };
  const report = { ssrc: 30_000, ...block, ...times };
  rtcp((w) => w.receiverReport(1, [report, { ...report, ssrc: 30_001 }]));
  rtcp((w) =>
    w.senderReport({
      ssrc: 1_001,
      ntp: { seconds: 3_900_000_000, fraction: 77 },
      rtpTimestamp: 5,
      packetCount: 6,
      octetCount: 7,
    }),
  );
  rtcp((w) => w.nack(1, 30_000, [1, 2, 3, 4, 5, 17, 18, 65_535]));
  rtcp((w) => w.pli(1, 30_001));
  rtcp((w) => w.sourceDescription(1, 'name'));
  // FIR of one, REMB of one, BYE, and transport-wide feedback on three packets.
  packets.push(
    Buffer.from('84ce000400000001000000000000753000000000', 'hex'),
    Buffer.from('8fce000500000001000000005245' + '4d420105ffff00007530', 'hex'),
    Buffer.from('81cb0001000003e9', 'hex'),
    Buffer.from('8fcd0005000000010000000200000003000001002003' + '0a0b', 'hex'),
  );
  return packets;
}

describe('packets of a peer with valid keys', () => {
  it(`${PACKETS} of any kind throw nothing, and the other publisher's all arrive`, () => {
    const room = new Room();
    const random = new Mutations(0x5eed);
    const originals = seeds();
    for (let i = 0; i < PACKETS; i++) {
      const packet = random.bytes(random.pick(originals));
      // Numbers mostly go on, as in a flood that is to be taken for media.
      if (packet.length > 12 && (packet[1] ?? 0) < 192 && random.below(4) > 0) {
        packet.writeUInt16BE(i & 0xffff, 2);
        packet.writeUInt32BE((i * 300) >>> 0, 4);
      }
      room.attack(packet);
      if (i % 8 === 0) room.turn();
      if (i % 8_000 === 7_999) room.checkHonest();
    }
    room.checkHonest();
    expect(room.attacker.refused).toBeGreaterThan(PACKETS / 20);
    const memory = process.memoryUsage().rss / 2 ** 20;
    expect(memory).toBeLessThan(1_024);
  });

  it('a flood of SSRCs, RIDs, replays and requests is counted and takes no more than its bound', () => {
    const room = new Room();
    const [key] = seeds();
    const first = rtpPacket({ payloadType: 102, ssrc: 1_001, sequence: 1 }, Buffer.from([0x88, 0]));
    room.attack(Buffer.from(first));
    const count = Math.min(PACKETS, 50_000);
    const refused = room.attacker.refused;
    for (let i = 0; i < count; i++) {
      const spoofed = Buffer.from(key as Buffer);
      spoofed.writeUInt32BE(100_000 + i, 8);
      room.attack(spoofed);
      room.attack(Buffer.from(first));
      if (i % 8 === 0) room.turn();
    }
    // One of them may be the stream that the RID is for; all others are nobody's.
    expect(room.attacker.refused - refused).toBeGreaterThanOrEqual(count - 64);
    const vp9 = room.attacker.producers.get('VP9')?.stream(0);
    expect(vp9?.duplicates).toBe(count);
    room.viewerWire.sent.length = 0;
    room.attackerWire.sent.length = 0;
    const before = room.nowMs;
    const writer = new RtcpWriter();
    const all = Array.from({ length: 300 }, (_, i) => i);
    writer.nack(1, 30_001, all);
    const nack = Buffer.from(writer.bytes());
    writer.clear();
    writer.pli(1, 30_001);
    const pli = Buffer.from(writer.bytes());
    for (let i = 0; i < 10_000; i++) {
      room.attack(Buffer.from(nack));
      room.attack(Buffer.from(pli));
      if (i % 10 === 0) room.turn();
    }
    const seconds = (room.nowMs - before) / 1_000;
    const plis = room.attackerWire.rtcp.filter(({ type }) => type === 'pli').length;
    expect(plis).toBeLessThanOrEqual(seconds * 4 + 1);
    const resent = room.attacker.consumers.get('back-VP9')?.resent ?? 0;
    expect(resent).toBeLessThanOrEqual(1_000 * (seconds + 1));
  });
});

/** The descriptions of real browsers, and what is done to them: lines moved, cut, repeated, letters changed. */
function mutatedSdp(text: string, random: Mutations): string {
  const lines = text.split('\n');
  for (let n = random.below(6) + 1; n > 0; n--) {
    const at = random.below(lines.length);
    const line = lines[at] ?? '';
    switch (random.below(7)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, random.pick(lines));
        break;
      case 2:
        lines[at] = random.bytes(Buffer.from(line)).toString('latin1');
        break;
      case 3:
        lines[at] = line.replace(
          /\d+/,
          random.pick(['0', '-1', '99999999999', '', '65536', '1e9']),
        );
        break;
      case 4:
        lines[at] =
          `${line}${random.pick([' ', ';', '=', '/', ','])}${'x'.repeat(random.below(300))}`;
        break;
      case 5:
        lines.push(...lines.slice(at, at + random.below(30)));
        break;
      default:
        lines[at] = line.replace(
          /[a-z]+$/,
          random.pick(['sendrecv', 'recvonly', 'VP9', 'rtx', '*']),
        );
    }
  }
  return lines.join('\n');
}

const LOCAL: LocalTransport = {
  usernameFragment: 'ours',
  password: '0123456789012345678901',
  fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
  candidates: [],
};

const OFFERS = ['chromium-whip', 'firefox-whep'].map((name) =>
  readFileSync(new URL(`../fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8'),
);

describe('session descriptions', () => {
  const publish = (offer: SessionDescription) =>
    negotiatePublication(offer, {
      codecs: CODECS,
      order: 'offer',
      startBitrateKbps: 1_000,
      sessionId: '1',
    });
  const play = (offer: SessionDescription) => {
    let ssrc = 1_000;
    const producers = CODECS.map((name) => ({
      producerId: name,
      parameters: publisherOf(name, 1),
    }));
    return negotiatePlayback(offer, producers, {
      sessionId: '1',
      streamId: 's',
      nextSsrc: () => ssrc++,
    });
  };

  it(`${DESCRIPTIONS} are refused as what they are, or answered by one that can be read`, () => {
    const random = new Mutations(0xbad);
    let answered = 0;
    for (let i = 0; i < DESCRIPTIONS; i++) {
      const text = mutatedSdp(random.pick(OFFERS), random);
      let offer: SessionDescription;
      try {
        offer = parseSdp(text);
      } catch (error) {
        if (!(error instanceof SdpError)) throw error;
        continue;
      }
      for (const negotiate of [publish, play]) {
        try {
          const answer = writeSdp(negotiate(offer).answer(LOCAL));
          expect(parseSdp(answer).media).toHaveLength(offer.media.length);
          answered++;
        } catch (error) {
          if (!isAmphiError(error, 'not_acceptable')) throw error;
        }
      }
    }
    expect(answered).toBeGreaterThan(DESCRIPTIONS / 20);
  });
});

/** A value that a request may not expect: of any type, any size. */
function anything(random: Mutations, depth = 0): unknown {
  const few = Array.from({ length: random.below(4) }, () => depth);
  switch (random.below(depth > 3 ? 6 : 9)) {
    case 0:
      return random.below(2 ** 31) - 2 ** 30;
    case 1:
      return random.pick(['', 'x', 'in', 'VP8', 'opus', 'video', '\r\na=x', 'é'.repeat(40)]);
    case 2:
      return random.pick([null, true, false, 0.5, 1e300, -1]);
    case 3:
      return 'x'.repeat(random.below(5_000));
    case 4:
      return random.below(300);
    case 5:
      return '__proto__';
    case 6:
      return few.map(() => anything(random, depth + 1));
    case 7:
      return Object.fromEntries(few.map((_, i) => [`k${i}`, anything(random, depth + 1)]));
    default:
      return Object.fromEntries(
        [...FIELDS]
          .filter(() => random.below(3) === 0)
          .map((f) => [f, anything(random, depth + 1)]),
      );
  }
}

const FIELDS = [
  'routerId',
  'transportId',
  'producerId',
  'consumerId',
  'parameters',
  'remote',
  'paused',
  'priority',
  'maxRank',
  'maxTemporal',
  'kind',
  'codec',
  'encodings',
  'extensions',
  'ssrc',
  'payloadType',
] as const;

describe('a worker process', () => {
  let stage: CallServerStage;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    stage = await CallServerStage.start();
  });

  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await stage?.stop();
  });

  const alive = async () => {
    const transportId = 'nobody';
    await expect(stage.worker.request('transportStats', { transportId })).rejects.toThrow(
      'no transport',
    );
  };

  it(`answers ${REQUESTS_SENT} requests that make no sense with an error each`, async () => {
    const random = new Mutations(0xfeed);
    const names = (Object.keys(REQUESTS) as RequestName[]).filter((name) => name !== 'configure');
    const codes = new Map<string, number>();
    for (let i = 0; i < REQUESTS_SENT; i += 50) {
      const answers = Array.from({ length: 50 }, () =>
        stage.worker.request(random.pick(names), anything(random) as never).then(
          () => 'done',
          (error: unknown) => (isAmphiError(error) ? error.code : String(error)),
        ),
      );
      for (const code of await Promise.all(answers)) codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    for (const known of ['done', 'bad_request', 'not_found', 'conflict']) codes.delete(known);
    expect([...codes.keys()]).toEqual([]);
    await alive();
  });

  /** A session by an offer of Chromium's, and a socket that has passed its connectivity check. */
  async function checkedPeer(): Promise<{ socket: Socket; send: (packet: Uint8Array) => void }> {
    const response = await fetch(`${stage.base}/whip`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: OFFERS[0] ?? '',
    });
    expect(response.status).toBe(201);
    const [media] = parseSdp(await response.text()).media;
    const offered = parseSdp(OFFERS[0] ?? '').media[0];
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const send = (packet: Uint8Array) => socket.send(packet, stage.port, '127.0.0.1');
    const check = connectivityCheck({
      localFragment: offered?.ice?.usernameFragment ?? '',
      remoteFragment: media?.ice?.usernameFragment ?? '',
      remotePassword: media?.ice?.password ?? '',
    });
    let answered = false;
    socket.on('message', (bytes) => {
      answered ||= isStunSuccess(bytes);
    });
    send(check);
    await until('an answer to the check', () => answered);
    return { socket, send };
  }

  it(`outlives ${DATAGRAMS} datagrams of no sense, media before keys among them, and goes on answering checks`, async () => {
    const { send } = await checkedPeer();
    const stranger = createSocket('udp4');
    sockets.push(stranger);
    const random = new Mutations(0xc0de);
    const check = connectivityCheck({
      localFragment: 'abcd',
      remoteFragment: 'nobody',
      remotePassword: 'x'.repeat(22),
    });
    const clientHello = Buffer.from(
      '16feff0000000000000000004c' + '0100004000000000000000' + 'fefd',
      'hex',
    );
    const originals = [check, clientHello, Buffer.from('14feff', 'hex'), ...seeds()];
    const pid = stage.worker.pid ?? 0;
    let before = 0;
    for (let i = 0; i < DATAGRAMS; i++) {
      const bytes = random.bytes(random.pick(originals));
      if (i % 2 === 0) send(bytes);
      else stranger.send(bytes, stage.port, '127.0.0.1');
      // The socket's buffer is not to be what drops them.
      if (i % 200 === 0) await alive();
      if (i === DATAGRAMS / 2) before = residentBytesOf(pid);
    }
    await alive();
    expect(residentBytesOf(pid) - before).toBeLessThan(16 * 2 ** 20);
    await checkedPeer();
  });

  it('knocks on no door that a description names, however many there are', async () => {
    const door = createSocket('udp4');
    sockets.push(door);
    door.bind(0, '127.0.0.1');
    await once(door, 'listening');
    let knocks = 0;
    door.on('message', () => knocks++);
    const candidate = (n: number) =>
      `a=candidate:${n} 1 udp 2122260223 127.0.0.1 ${door.address().port} typ host`;
    const offerWith = (count: number) =>
      `${(OFFERS[0] ?? '').trimEnd()}\r\n${Array.from({ length: count }, (_, n) => candidate(n)).join('\r\n')}\r\n`;
    await expect(stage.router.publish(offerWith(10_000))).rejects.toThrow('too');
    const session = await stage.router.publish(offerWith(2_000));
    await checkedPeer();
    await session.close();
    expect(knocks).toBe(0);
  });

  it('takes 300 peers, and not one more', async () => {
    const routerId = 'full';
    await stage.worker.request('createRouter', { routerId });
    const remote = {
      usernameFragment: 'abcd',
      password: LOCAL.password,
      fingerprint: LOCAL.fingerprint,
    };
    const had = stage.sessions.size;
    let made = 0;
    let refusal: unknown;
    while (refusal === undefined && made <= 300) {
      const input = { routerId, transportId: `full-${made}`, remote };
      await stage.worker.request('createWebRtcTransport', input).then(
        () => made++,
        (error: unknown) => {
          refusal = error;
        },
      );
    }
    expect(isAmphiError(refusal, 'too_many')).toBe(true);
    expect(made + had).toBe(300);
    await stage.worker.request('closeRouter', { routerId });
    await checkedPeer();
  });
});
