import type { EventLive, SourceHealth } from '#contracts';

/** The last minutes of an event, as the page that has it open has seen them. */

/** One moment of one source, or of the event. Undefined where there was nothing to measure. */
export interface Sample {
  /** The server's clock, milliseconds since the epoch. */
  at: number;
  videoBps: number | undefined;
  audioBps: number | undefined;
  fps: number | undefined;
  driftMs: number | undefined;
  gopSeconds: number | undefined;
  /** Since the sample before. */
  dropped: number;
}

export interface History {
  sources: ReadonlyMap<string, readonly Sample[]>;
  viewers: readonly { at: number; viewers: number }[];
  /** The counter of each source, from which the next sample's `dropped` is told. */
  counters: ReadonlyMap<string, number>;
}

export const EMPTY_HISTORY: History = { sources: new Map(), viewers: [], counters: new Map() };
export const HISTORY_MS = 5 * 60_000;
/** States that follow each other more closely say the same. */
const EVERY_MS = 900;

const SHORTEST_MS = 60_000;

/** The stretch of time to draw: it grows with what there is to show, to five minutes at the most. */
export function windowOf(history: History, now: number): { from: number; to: number } {
  const first = history.viewers[0]?.at ?? now;
  return { from: now - Math.min(HISTORY_MS, Math.max(SHORTEST_MS, now - first)), to: now };
}

/** The history with one more message in it; what is older than five minutes is left out. */
export function remember(history: History, now: EventLive): History {
  const { at } = now;
  const last = history.viewers.at(-1);
  if (last !== undefined && at - last.at < EVERY_MS) return history;
  const since = at - HISTORY_MS;
  const recent = <T extends { at: number }>(list: readonly T[]) =>
    list.filter((s) => s.at >= since);
  const sources = new Map<string, readonly Sample[]>();
  const counters = new Map<string, number>();
  for (const health of now.sources) {
    const { sourceId } = health;
    const before = recent(history.sources.get(sourceId) ?? []);
    const counted = history.counters.get(sourceId);
    sources.set(sourceId, [...before, sampleOf(health, at, counted)]);
    counters.set(sourceId, health.dropped);
  }
  return {
    sources,
    counters,
    viewers: [...recent(history.viewers), { at, viewers: now.viewers }],
  };
}

function sampleOf(health: SourceHealth, at: number, counted: number | undefined): Sample {
  const { connected, video, audio, driftMs, dropped } = health;
  const whileConnected = (value: number | undefined) => (connected ? value : undefined);
  return {
    at,
    videoBps: whileConnected(video?.bitsPerSecond),
    audioBps: whileConnected(audio?.bitsPerSecond),
    fps: whileConnected(video?.fps),
    driftMs: whileConnected(driftMs),
    gopSeconds: whileConnected(video?.gopSeconds),
    // A counter that fell back belongs to a new connection.
    dropped: counted === undefined || dropped < counted ? 0 : dropped - counted,
  };
}
