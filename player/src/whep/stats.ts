import { codecOf, type Entry, numberIn, numberOf } from '../http-session/index.ts';

/** What comes in, as a page shows it. */
export interface PlayFigures {
  bitsPerSecond: number;
  fps: number | undefined;
  width: number | undefined;
  height: number | undefined;
  codec: string | undefined;
  rttMs: number | undefined;
  /** Packets that never came, of those that should have since the last reading, 0 to 1. */
  lost: number;
  /** How long what comes in waits before it is shown. */
  bufferMs: number | undefined;
  /** When what is on the screen was captured, by the server's clock in epoch milliseconds. */
  capturedMs: number | undefined;
  /** Share of the time since the last reading that the picture stood still, 0 to 1. */
  frozen: number;
}

/** What one reading leaves for the next. */
export interface PlayMark {
  atMs: number;
  bytes: number;
  packets: number;
  lost: number;
  frozenSeconds: number;
  bufferSeconds: number;
  buffered: number;
  framesDecoded: number;
}

/** RFC 5905: NTP counts from 1900. */
const NTP_EPOCH_MS = 2_208_988_800_000;

/** Reads a connection's statistics (W3C webrtc-stats). Pure. */
export function readStats(
  report: Iterable<object>,
  atMs: number,
  before: PlayMark | undefined,
): { figures: PlayFigures; mark: PlayMark } {
  const entries = [...report] as Entry[];
  const incoming = entries.filter(({ type }) => type === 'inbound-rtp');
  const video = incoming.find(({ kind }) => kind === 'video');
  const shown = video ?? incoming[0];
  const pair = entries.find(
    ({ type, nominated, currentRoundTripTime }) =>
      type === 'candidate-pair' && nominated === true && currentRoundTripTime !== undefined,
  );
  const sum = (name: string) => incoming.reduce((total, entry) => total + numberOf(entry[name]), 0);
  const mark: PlayMark = {
    atMs,
    bytes: sum('bytesReceived'),
    packets: sum('packetsReceived'),
    lost: sum('packetsLost'),
    frozenSeconds: numberOf(video?.['totalFreezesDuration']),
    bufferSeconds: numberOf(shown?.['jitterBufferDelay']),
    buffered: numberOf(shown?.['jitterBufferEmittedCount']),
    framesDecoded: numberOf(video?.['framesDecoded']),
  };
  const since = before ?? { ...mark, atMs: atMs - 1 };
  const seconds = Math.max(0.001, (atMs - since.atMs) / 1000);
  const lost = Math.max(0, mark.lost - since.lost);
  const emitted = mark.buffered - since.buffered;
  const rtt = numberIn(pair?.['currentRoundTripTime']);
  return {
    mark,
    figures: {
      bitsPerSecond: Math.max(0, ((mark.bytes - since.bytes) * 8) / seconds),
      fps: numberIn(video?.['framesPerSecond']),
      width: numberIn(video?.['frameWidth']),
      height: numberIn(video?.['frameHeight']),
      codec: codecOf(entries, video),
      rttMs: rtt === undefined ? undefined : rtt * 1000,
      lost: lost / Math.max(1, lost + mark.packets - since.packets),
      bufferMs:
        emitted > 0 ? ((mark.bufferSeconds - since.bufferSeconds) / emitted) * 1000 : undefined,
      capturedMs: capturedAt(numberIn(shown?.['estimatedPlayoutTimestamp'])),
      frozen: Math.min(1, Math.max(0, mark.frozenSeconds - since.frozenSeconds) / seconds),
    },
  };
}

/** Some browsers count it from 1900 as the standard says, others from 1970. */
function capturedAt(playout: number | undefined): number | undefined {
  if (playout === undefined || playout <= 0) return undefined;
  return playout > NTP_EPOCH_MS ? playout - NTP_EPOCH_MS : playout;
}
