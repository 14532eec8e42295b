import { codecOf, type Entry, numberIn, numberOf } from '../http-session/index.ts';

/** What goes out, as a page shows it. */
export interface SendFigures {
  bitsPerSecond: number;
  fps: number | undefined;
  width: number | undefined;
  height: number | undefined;
  /** Share of packets that did not arrive, 0 to 1, by the server's word. */
  lost: number | undefined;
  rttMs: number | undefined;
  codec: string | undefined;
  /** Why the picture is smaller or coarser than asked for. */
  limitedBy: 'none' | 'cpu' | 'bandwidth' | 'other';
}

/** What one reading leaves for the next. */
export interface StatsMark {
  atMs: number;
  bytesSent: number;
  /** Changes whenever anything is heard of the server. */
  heard: string;
}

/** Reads a connection's statistics (W3C webrtc-stats). Pure. */
export function readStats(
  report: Iterable<object>,
  atMs: number,
  before: StatsMark | undefined,
): { figures: SendFigures; mark: StatsMark } {
  const entries = [...report] as Entry[];
  const outgoing = entries.filter(({ type }) => type === 'outbound-rtp');
  const video = outgoing.find(({ kind }) => kind === 'video');
  const remote = entries.filter(({ type }) => type === 'remote-inbound-rtp');
  const far = remote.find(({ kind }) => kind === 'video') ?? remote[0];
  const bytesSent = outgoing.reduce((sum, { bytesSent }) => sum + numberOf(bytesSent), 0);
  const seconds = before === undefined ? 0 : (atMs - before.atMs) / 1000;
  const rtt = numberIn(far?.['roundTripTime']);
  const reason = video?.['qualityLimitationReason'];
  return {
    figures: {
      bitsPerSecond:
        before === undefined || seconds <= 0
          ? 0
          : Math.max(0, ((bytesSent - before.bytesSent) * 8) / seconds),
      fps: numberIn(video?.['framesPerSecond']),
      width: numberIn(video?.['frameWidth']),
      height: numberIn(video?.['frameHeight']),
      lost: numberIn(far?.['fractionLost']),
      rttMs: rtt === undefined ? undefined : rtt * 1000,
      codec: codecOf(entries, video),
      limitedBy: reason === 'cpu' || reason === 'bandwidth' || reason === 'other' ? reason : 'none',
    },
    mark: { atMs, bytesSent, heard: heardIn(entries) },
  };
}

/** What only the server can move: bytes and reports that came from it. */
function heardIn(entries: readonly Entry[]): string {
  const parts: unknown[] = [];
  for (const entry of entries) {
    if (entry.type === 'transport' || entry.type === 'candidate-pair') {
      parts.push(entry['bytesReceived'], entry['packetsReceived'], entry['responsesReceived']);
    } else if (entry.type === 'remote-inbound-rtp') {
      parts.push(entry['timestamp'], entry['packetsReceived']);
    }
  }
  return parts.join(' ');
}
