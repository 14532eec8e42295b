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
  /** Seconds that all pictures so far took to be encoded. */
  encodeS: number;
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
  const encodeS = numberOf(video?.['totalEncodeTime']);
  const perSecond = (now: number, then: number | undefined) =>
    then === undefined || seconds <= 0 ? 0 : Math.max(0, (now - then) / seconds);
  const bitsPerSecond = perSecond(bytesSent * 8, before && before.bytesSent * 8);
  return {
    figures: {
      bitsPerSecond,
      fps: numberIn(video?.['framesPerSecond']),
      width: numberIn(video?.['frameWidth']),
      height: numberIn(video?.['frameHeight']),
      lost: numberIn(far?.['fractionLost']),
      rttMs: rtt === undefined ? undefined : rtt * 1000,
      codec: codecOf(entries, video),
      limitedBy: limitOf(video?.['qualityLimitationReason'], {
        encoding: perSecond(encodeS, before?.encodeS),
        bitsPerSecond,
        bearable: bearableIn(entries),
      }),
    },
    mark: { atMs, bytesSent, encodeS, heard: heardIn(entries) },
  };
}

/** The encoder is at work this share of the time: it has no more to give. */
const ENCODER_BUSY = 0.7;
/** The way out bears so many times what is sent: it is not what holds back. */
const ROOM_TO_SPARE = 1.5;

/**
 * What holds the picture back. Browsers say `bandwidth` of whatever bit rate is
 * below the one that was asked for; a device that encodes too slowly fills no
 * line either, and nobody is to look for a better network then.
 */
function limitOf(
  reason: unknown,
  measured: { encoding: number; bitsPerSecond: number; bearable: number | undefined },
): SendFigures['limitedBy'] {
  if (reason === 'cpu' || reason === 'other') return reason;
  if (reason !== 'bandwidth') return 'none';
  const { encoding, bitsPerSecond, bearable = 0 } = measured;
  if (encoding >= ENCODER_BUSY) return 'cpu';
  return bitsPerSecond > 0 && bearable > bitsPerSecond * ROOM_TO_SPARE ? 'other' : 'bandwidth';
}

/** What the way out bears by the browser's estimate, in bits per second. */
const bearableIn = (entries: readonly Entry[]): number | undefined =>
  numberIn(
    entries.find(({ type, nominated }) => type === 'candidate-pair' && nominated === true)?.[
      'availableOutgoingBitrate'
    ],
  );

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
