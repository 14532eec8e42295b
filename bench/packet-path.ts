import { writeTransportFeedback, writeU16, writeU24, writeU32 } from '#protocol';
import { Transport, type Wire } from '../callserver/core/transport.ts';
import type { Benchmark } from './benchmark.ts';
import { median } from './cpu.ts';

/**
 * What our own JavaScript costs for each forwarded packet: a publisher and its
 * viewers over wires that lead nowhere, on a clock that is handed in.
 */
const PACKET_BYTES = 1_100;
const PACKETS_PER_FRAME = 4;
const FRAME_MS = 33;
const DRAIN_MS = 4;
/** Ten seconds: the path's estimate has been found by then, or given up. */
const SETTLED_FRAMES = 300;
const FEEDBACK_MS = 100;
const PAYLOAD_TYPE = 96;
const SSRC = 4_711;
const VIEWERS = [1, 50, 200] as const;
const ROUNDS = 5;
const TARGET_US = 1;

export const packetPath: Benchmark = {
  name: 'packet-path',
  summary: 'CPU of the call server’s JavaScript for each forwarded packet, without a network',
  async run({ quick }) {
    const rows = [];
    const forwards = quick ? 200_000 : 2_000_000;
    let worst = 0;
    for (const viewers of VIEWERS) {
      for (const feedback of [false, true]) {
        measure(viewers, forwards / 4, feedback);
        const costs = Array.from({ length: ROUNDS }, () => measure(viewers, forwards, feedback));
        const us = Math.round(median(costs) * 1_000) / 1_000;
        worst = viewers > 1 ? Math.max(worst, us) : worst;
        rows.push({ viewers, feedback: feedback ? 'every 100 ms' : 'none', 'us a forward': us });
      }
    }
    return {
      rows,
      verdicts: [
        {
          what: 'JavaScript a forward, 50 viewers and more, µs',
          value: worst,
          target: `<= ${TARGET_US}`,
          met: worst <= TARGET_US,
        },
      ],
    };
  },
};

const OWNER = { consumerClosed() {}, layerChanged() {}, silent() {}, busy() {} };

/** Counts packets by the transport-wide number that they carry. */
class Nowhere implements Wire {
  readonly open = true;
  first = -1;
  last = -1;
  packets = 0;
  send(packet: Uint8Array): boolean {
    if (packet.length < PACKET_BYTES) return true;
    // One-byte elements behind the fixed header: transport-wide number first.
    this.last = ((packet[17] ?? 0) << 8) | (packet[18] ?? 0);
    if (this.first < 0) this.first = this.last;
    this.packets++;
    return true;
  }
  close(): void {}
}

/** Microseconds of CPU for one forward. */
function measure(viewers: number, forwards: number, feedback: boolean): number {
  const publisher = new Transport('publisher', new Nowhere(), 'cname', OWNER);
  const producer = publisher.produce('camera', {
    kind: 'video',
    mid: '0',
    codec: { name: 'VP8', parameters: {} },
    payloadType: PAYLOAD_TYPE,
    nack: true,
    extensions: {},
    encodings: [{ ssrc: SSRC }],
  });
  const waiting = new Set<Transport>();
  const ends = Array.from({ length: viewers }, (_, i) => {
    const wire = new Nowhere();
    const busy = () => waiting.add(transport);
    const transport: Transport = new Transport(`viewer-${i}`, wire, 'cname', { ...OWNER, busy });
    const parameters = {
      payloadType: 100,
      ssrc: 10 + 2 * i,
      rtxPayloadType: 101,
      rtxSsrc: 11 + 2 * i,
      nack: true,
      transportWide: true,
      extensions: { transportCc: 3, absSendTime: 4 },
    };
    transport.consume(`screen-${i}`, producer, parameters, 0);
    return { wire, transport };
  });
  const packet = Buffer.alloc(PACKET_BYTES);
  packet[0] = 0x80;
  writeU32(packet, 8, SSRC);
  let [frame, sequence, nextFeedbackMs, count] = [0, 0, FEEDBACK_MS, 0];
  const sent = () => ends.reduce((sum, { wire }) => sum + wire.packets, 0);
  let before = process.cpuUsage();
  let sentBefore = 0;
  while ((frame - SETTLED_FRAMES) * PACKETS_PER_FRAME * viewers < forwards) {
    if (frame === SETTLED_FRAMES) {
      before = process.cpuUsage();
      sentBefore = sent();
    }
    const nowMs = frame * FRAME_MS;
    for (let i = 0; i < PACKETS_PER_FRAME; i++) {
      packet[1] = PAYLOAD_TYPE | (i === PACKETS_PER_FRAME - 1 ? 0x80 : 0);
      writeU16(packet, 2, sequence++ & 0xffff);
      writeU32(packet, 4, (nowMs * 90) >>> 0);
      // X, S; I; picture id in 15 bits; the frame itself.
      packet.set([i === 0 ? 0x90 : 0x80, 0x80, 0x80 | ((frame >> 8) & 0x7f), frame & 0xff], 12);
      packet[16] = frame === 0 && i === 0 ? 0 : 1;
      publisher.receive(packet, nowMs, nowMs * 1_000);
    }
    for (let ms = nowMs; ms < nowMs + FRAME_MS && waiting.size > 0; ms += DRAIN_MS) {
      for (const transport of waiting)
        if (!transport.drain(ms, ms * 1_000)) waiting.delete(transport);
    }
    if (nowMs >= nextFeedbackMs) {
      nextFeedbackMs += FEEDBACK_MS;
      for (const { wire, transport } of ends) {
        if (feedback) transport.receive(reportOf(wire, nowMs, count), nowMs, nowMs * 1_000);
        transport.tick(nowMs, nowMs * 1_000);
      }
      count++;
    }
    frame++;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (sent() - sentBefore);
}

/** All that went out since the last report has arrived, evenly. Made once for each number of packets. */
function reportOf(wire: Nowhere, nowMs: number, feedbackCount: number): Buffer {
  const packets = (wire.last - wire.first + 1) & 0xffff;
  let report = REPORTS.get(packets);
  if (report === undefined) {
    const { bytes } = writeTransportFeedback({
      senderSsrc: 1,
      mediaSsrc: 2,
      feedbackCount: 0,
      baseSequence: 0,
      arrivals: Array.from({ length: packets }, (_, i) => 8 * i),
    });
    report = Buffer.from(bytes);
    REPORTS.set(packets, report);
  }
  writeU16(report, 12, wire.first);
  writeU24(report, 16, Math.floor(nowMs / 64));
  report[19] = feedbackCount & 0xff;
  wire.first = (wire.last + 1) & 0xffff;
  return report;
}

const REPORTS = new Map<number, Buffer>();
