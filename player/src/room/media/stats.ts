import type { Measured } from './quality.ts';

/** As much of an entry of `RTCStatsReport` as is read. */
export interface StatsEntry {
  type: string;
  id?: string;
  kind?: string;
  trackIdentifier?: string;
  packetsReceived?: number;
  packetsLost?: number;
  jitter?: number;
  totalFreezesDuration?: number;
  concealedSamples?: number;
  silentConcealedSamples?: number;
  totalSamplesReceived?: number;
  currentRoundTripTime?: number;
  roundTripTime?: number;
  fractionLost?: number;
  nominated?: boolean;
  state?: string;
  availableOutgoingBitrate?: number;
  qualityLimitationReason?: string;
}

/** Sums of one received track, to be compared with those of the next reading. */
interface Mark {
  received: number;
  lost: number;
  frozenS: number;
  concealed: number;
  samples: number;
  jitterMs: number;
}

/** One reading of a connection. */
export interface Reading {
  atMs: number;
  tracks: ReadonlyMap<string, Mark>;
  roundTripMs: number | undefined;
  uplink: number | undefined;
  outLoss: number | undefined;
  limitedBy: 'cpu' | 'bandwidth' | undefined;
}

export function read(entries: Iterable<StatsEntry>, atMs: number): Reading {
  const tracks = new Map<string, Mark>();
  let roundTripS: number | undefined;
  let uplink: number | undefined;
  let outLoss: number | undefined;
  let limitedBy: Reading['limitedBy'];
  for (const entry of entries) {
    if (entry.type === 'inbound-rtp' && entry.trackIdentifier !== undefined) {
      tracks.set(entry.trackIdentifier, {
        received: entry.packetsReceived ?? 0,
        lost: entry.packetsLost ?? 0,
        frozenS: entry.totalFreezesDuration ?? 0,
        concealed: (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0),
        samples: entry.totalSamplesReceived ?? 0,
        jitterMs: (entry.jitter ?? 0) * 1000,
      });
    } else if (entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded') {
      roundTripS = entry.currentRoundTripTime ?? roundTripS;
      uplink = entry.availableOutgoingBitrate ?? uplink;
    } else if (entry.type === 'remote-inbound-rtp') {
      if (entry.fractionLost !== undefined) outLoss = Math.max(outLoss ?? 0, entry.fractionLost);
    } else if (entry.type === 'outbound-rtp') {
      const by = entry.qualityLimitationReason;
      if (by === 'cpu' || by === 'bandwidth') limitedBy = by;
    }
  }
  const roundTripMs = roundTripS === undefined ? undefined : roundTripS * 1000;
  return { atMs, tracks, roundTripMs, uplink, outLoss, limitedBy };
}

/** What happened to these tracks between two readings of one connection. */
export function between(
  before: Reading | undefined,
  after: Reading,
  trackIds: Iterable<string>,
): Measured {
  const seconds = before === undefined ? 0 : (after.atMs - before.atMs) / 1000;
  let received = 0;
  let lost = 0;
  let frozen = 0;
  let concealed = 0;
  let samples = 0;
  let jitterMs: number | undefined;
  for (const id of trackIds) {
    const now = after.tracks.get(id);
    if (now === undefined) continue;
    const then = before?.tracks.get(id) ?? now;
    received += now.received - then.received;
    lost += Math.max(0, now.lost - then.lost);
    frozen = Math.max(frozen, now.frozenS - then.frozenS);
    concealed += Math.max(0, now.concealed - then.concealed);
    samples += now.samples - then.samples;
    jitterMs = Math.max(jitterMs ?? 0, now.jitterMs);
  }
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : undefined);
  return {
    loss: share(lost, lost + received),
    roundTripMs: after.roundTripMs,
    jitterMs,
    frozen: seconds > 0 ? Math.min(1, frozen / seconds) : undefined,
    concealed: share(concealed, samples),
  };
}
