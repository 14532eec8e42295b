import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';
import { readU16, writeTransportFeedback, writeU16, writeU32 } from '#protocol';
import { type PeerOrder, type PeerReport, RTX_PAYLOAD_TYPE, TRANSPORT_CC_ID } from './messages.ts';

/**
 * Many WebRTC peers in one process, with real ICE, DTLS and SRTP: the other
 * side of a server that is measured. Argument: the address to be reached at.
 */
const [, , address = ''] = process.argv;

const PAYLOAD_TYPE = 96;
const SSRC = 0x1234;
const FEEDBACK_MS = 100;
const TICKS_PER_MS = 4;
/** Of all that receive, every so many-th is asked how long its packets took. */
const SAMPLE_EVERY = 20;
const MAX_DELAYS = 200_000;
/** The publisher's clock stands at the end of each packet. */
const CLOCK_BYTES = 8;
const MTU = 1500;

interface Peer {
  connection: PeerConnection;
  track: Track;
  /** All of them: the library closes what nobody refers to. */
  tracks: Track[];
  /** Whose packets' delays are noted. */
  sampled: boolean;
}

const peers = new Map<string, Peer>();
let receivers = 0;
/** Of those who receive, the first one and every so many-th after it. */
const isSampled = (): boolean => receivers++ % SAMPLE_EVERY === 0;
const delays: number[] = [];
const report = (message: PeerReport) => process.send?.(message);

function newConnection(peer: string): PeerConnection {
  const connection = new nodeDataChannel.PeerConnection(peer, {
    iceServers: [],
    bindAddress: address,
    mtu: MTU,
  });
  connection.onStateChange((state) => {
    if (state === 'connected') report({ report: 'connected', peer });
    else if (state === 'failed') report({ report: 'failed', peer, reason: 'connection failed' });
  });
  return connection;
}

/** The description with all candidates in it. */
function whenGathered(peer: string, connection: PeerConnection): void {
  let told = false;
  const tell = () => {
    const sdp = connection.localDescription()?.sdp;
    if (told || sdp === undefined || !sdp.includes('a=candidate')) return;
    told = true;
    report({ report: 'description', peer, sdp });
  };
  connection.onGatheringStateChange((state) => {
    if (state === 'complete') tell();
  });
  if (connection.gatheringState() === 'complete') tell();
}

function offer(peer: string, direction: 'SendOnly' | 'RecvOnly', sections: number): void {
  const connection = newConnection(peer);
  const tracks = Array.from({ length: sections }, (_, i) => {
    const media = new nodeDataChannel.Video(String(i), direction);
    media.addVP8Codec(PAYLOAD_TYPE);
    if (direction === 'SendOnly') media.addSSRC(SSRC, 'amphi-bench', 'bench', 'video');
    return connection.addTrack(media);
  });
  const [track] = tracks;
  if (track === undefined) throw new Error('an offer without sections');
  peers.set(peer, { connection, track, tracks, sampled: direction === 'RecvOnly' && isSampled() });
  whenGathered(peer, connection);
  connection.setLocalDescription('offer');
}

function accept(peer: string, sdp: string): void {
  const connection = newConnection(peer);
  connection.onTrack((track) => {
    const known = peers.get(peer);
    const tracks = [...(known?.tracks ?? []), track];
    const sampled = known?.sampled ?? isSampled();
    peers.set(peer, { connection, track, tracks, sampled });
    if (sampled) track.onMessage((packet) => noteDelay(packet));
  });
  whenGathered(peer, connection);
  connection.setRemoteDescription(sdp, 'offer');
}

function answer({ peer, sdp, feedback, tell }: Extract<PeerOrder, { order: 'answer' }>): void {
  const found = peers.get(peer);
  if (found === undefined) throw new Error(`no peer ${peer}`);
  if (feedback) sendFeedback(found.track, found.sampled);
  else if (tell) tellFirst(peer, found.track);
  else if (found.sampled) {
    for (const track of found.tracks) track.onMessage((packet) => noteDelay(packet));
  }
  found.connection.setRemoteDescription(sdp, 'answer');
}

function tellFirst(peer: string, track: Track): void {
  let told = false;
  track.onMessage((packet) => {
    if (told || !isRtp(packet)) return;
    told = true;
    report({ report: 'playing', peer });
  });
}

/** Track first, as the library wants it. */
function leave(peer: string): void {
  const found = peers.get(peer);
  peers.delete(peer);
  found?.track.close();
  found?.connection.close();
}

const typeOf = (packet: Uint8Array) => (packet[1] ?? 0) & 0x7f;
const isRtp = (packet: Uint8Array) => typeOf(packet) === PAYLOAD_TYPE;

function noteDelay(packet: Buffer): void {
  if (!isRtp(packet) || delays.length === MAX_DELAYS) return;
  const sent = packet.readBigUInt64BE(packet.length - CLOCK_BYTES);
  delays.push(Number(process.hrtime.bigint() - sent) / 1e6);
}

/** Reports arrivals ten times a second, as browsers do. */
function sendFeedback(track: Track, sampled: boolean): void {
  let base: number | undefined;
  let arrivals: (number | undefined)[] = [];
  let feedbackCount = 0;
  track.onMessage((packet) => {
    if (!isRtp(packet) && typeOf(packet) !== RTX_PAYLOAD_TYPE) return;
    if (sampled) noteDelay(packet);
    const sequence = transportSequenceOf(packet);
    if (sequence === undefined) return;
    base ??= sequence;
    arrivals[(sequence - base) & 0xffff] = Math.round(performance.now() * TICKS_PER_MS);
  });
  setInterval(() => {
    if (base === undefined || arrivals.length === 0) return;
    const { bytes, taken } = writeTransportFeedback({
      senderSsrc: 1,
      mediaSsrc: SSRC,
      feedbackCount: feedbackCount++ & 0xff,
      baseSequence: base,
      arrivals: Array.from(arrivals),
    });
    base = (base + taken) & 0xffff;
    arrivals = arrivals.slice(taken);
    track.sendMessageBinary(Buffer.from(bytes));
  }, FEEDBACK_MS);
}

/** From an extension block of the one-byte form (RFC 8285). */
function transportSequenceOf(packet: Uint8Array): number | undefined {
  if (((packet[0] ?? 0) & 0x10) === 0) return undefined;
  const end = 16 + readU16(packet, 14) * 4;
  for (let at = 16; at < end; ) {
    const head = packet[at] ?? 0;
    if (head === 0) {
      at++;
      continue;
    }
    if (head >> 4 === TRANSPORT_CC_ID) return readU16(packet, at + 1);
    at += (head & 0x0f) + 2;
  }
  return undefined;
}

/** Ten packets a picture (VP8, RFC 7741). */
function send(order: Extract<PeerOrder, { order: 'send' }>): void {
  const { peer, packetsPerSecond, packetBytes, keyEvery } = order;
  const found = peers.get(peer);
  if (found === undefined) throw new Error(`no peer ${peer}`);
  const packet = Buffer.alloc(packetBytes);
  packet[0] = 0x80;
  writeU32(packet, 8, SSRC);
  const startedAt = performance.now();
  let sent = 0;
  setInterval(() => {
    const due = ((performance.now() - startedAt) / 1000) * packetsPerSecond;
    // Not yet, or not any more.
    if (!found.track.isOpen()) sent = Math.ceil(due);
    for (; sent < due; sent++) {
      const place = sent % 10;
      const picture = Math.floor(sent / 10);
      packet[1] = PAYLOAD_TYPE | (place === 9 ? 0x80 : 0);
      writeU16(packet, 2, sent & 0xffff);
      writeU32(packet, 4, (picture * 3_000) >>> 0);
      // Extended descriptor with a picture id of 15 bits.
      packet[12] = place === 0 ? 0x90 : 0x80;
      packet[13] = 0x80;
      packet[14] = 0x80 | ((picture >> 8) & 0x7f);
      packet[15] = picture & 0xff;
      // Frame tag: a key frame has its lowest bit clear, then start code and size follow.
      packet.set(
        (picture * 10) % keyEvery === 0
          ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]
          : [0x11],
        16,
      );
      packet.writeBigUInt64BE(process.hrtime.bigint(), packetBytes - CLOCK_BYTES);
      found.track.sendMessageBinary(packet);
    }
  }, 3);
}

function obey(order: PeerOrder): void {
  switch (order.order) {
    case 'offer':
      offer(order.peer, order.direction, order.sections);
      break;
    case 'answer':
      answer(order);
      break;
    case 'leave':
      leave(order.peer);
      break;
    case 'accept':
      accept(order.peer, order.sdp);
      break;
    case 'send':
      send(order);
      break;
    case 'reset':
      delays.length = 0;
      break;
    case 'delays':
      report({ report: 'delays', ms: [...delays].sort((a, b) => a - b) });
      break;
  }
}

process.on('message', (order: PeerOrder) => {
  try {
    obey(order);
  } catch (error) {
    report({ report: 'failed', peer: 'peer' in order ? order.peer : '', reason: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
report({ report: 'ready' });
