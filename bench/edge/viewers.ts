import { fileURLToPath } from 'node:url';
import type { BenchOptions, BenchResult } from '../benchmark.ts';
import { type Started, startChild } from '../child.ts';
import { treeCpuSeconds } from '../cpu.ts';
import type { AudienceResult } from './audience.ts';

/** A thousand viewers of low-latency HLS on one relay that has a core to itself. */

const RELAY_CORE = 0;
const OTHERS_CORE = 1;
const VIEWERS = 1_000;
const PLAYLIST_P99_MS = 200;

export async function measureViewers(
  [originPort = 0, relayPort = 0]: readonly number[],
  { quick }: BenchOptions,
): Promise<Pick<BenchResult, 'verdicts' | 'notes'>> {
  const script = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const seconds = quick ? 8 : 30;
  const started: Started[] = [];
  try {
    started.push(await startChild(script('live-origin'), [String(originPort)], OTHERS_CORE));
    const relay = await startChild(
      script('relay-under-test'),
      [String(relayPort), `http://127.0.0.1:${originPort}`],
      RELAY_CORE,
    );
    started.push(relay);
    const audience = await startChild(
      script('audience'),
      [String(relayPort), String(VIEWERS), String(seconds)],
      OTHERS_CORE,
    );
    let before = 0;
    const result = await new Promise<AudienceResult>((resolve) => {
      audience.onMessage((message) => {
        if (message === 'begun') before = treeCpuSeconds(relay.pid);
        else resolve(message as AudienceResult);
      });
    });
    const cores = (treeCpuSeconds(relay.pid) - before) / seconds;
    return report(result, seconds, cores);
  } finally {
    for (const child of started) child.stop();
  }
}

function report(
  { playlists, parts, errors, playlistMs, partMs }: AudienceResult,
  seconds: number,
  cores: number,
): Pick<BenchResult, 'verdicts' | 'notes'> {
  const quantile = (sorted: readonly number[], share: number) =>
    Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
  const p99 = quantile(playlistMs, 0.99);
  return {
    verdicts: [
      {
        what: `errors of ${VIEWERS} low-latency viewers in ${seconds} s`,
        value: errors.length,
        target: '0',
        met: errors.length === 0 && playlists > 0,
      },
      {
        what: 'playlist p99 after publication, ms',
        value: p99,
        target: `< ${PLAYLIST_P99_MS}`,
        met: p99 < PLAYLIST_P99_MS,
      },
    ],
    notes: [
      `${VIEWERS} viewers: ${Math.round((playlists + parts) / seconds)} answers/s from ${cores.toFixed(2)} of a core;`,
      `playlists p50 ${quantile(playlistMs, 0.5)} ms, p99 ${p99} ms after publication; parts p50 ${quantile(partMs, 0.5)} ms, p99 ${quantile(partMs, 0.99)} ms`,
      ...new Set(errors.slice(0, 5)),
    ],
  };
}
