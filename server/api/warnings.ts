import type { LiveState, OriginState, Warning } from '#contracts';

/** From the first picture to the first playlist: a probe, an encoder's start, one part. */
const START_PATIENCE_MS = 10_000;
/** A healthy rendition is a part and an encoder's delay behind, well under a second. */
const LATE_MS = 4_000;

/** What is wrong on the server's side with an event that an ingest node holds, most urgent first. */
export function warningsOf(
  state: Pick<LiveState, 'status' | 'startedAt'>,
  origin: OriginState | undefined,
  nowMs: number,
): Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: string, text: string) => warnings.push({ code, level: 'warn', text });
  const onAir = state.status === 'live' || state.status === 'interrupted';
  const runMs = nowMs - (state.startedAt ?? nowMs);

  if (origin === undefined) {
    warn('origin_down', 'The origin does not answer. Viewers go on from what relays still hold.');
    return warnings;
  }
  if (onAir && origin.renditions.length === 0 && runMs > START_PATIENCE_MS) {
    warn(
      'no_rendition',
      `Nothing has come out of the transcoder ${Math.round(runMs / 1000)} s after the start. Run “npx amphi doctor” on the server.`,
    );
  }
  const late = origin.renditions.filter(({ behindMs = 0 }) => behindMs > LATE_MS);
  if (onAir && late.length > 0) {
    const worst = Math.max(...late.map(({ behindMs = 0 }) => behindMs));
    const which =
      late.length === origin.renditions.length ? '' : ` (${late.map((r) => r.name).join(', ')})`;
    warn(
      'transcode_slow',
      `Transcoding does not keep up: pictures come out ${(worst / 1000).toFixed(1)} s late${which}. Choose fewer renditions under Settings, or add a machine with AMPHI_ROLES=transcode.`,
    );
  }
  const { withdrawn } = origin;
  if (onAir && withdrawn.length > 0) {
    warn(
      'rendition_dropped',
      `The server was too slow for the whole ladder and gave up ${withdrawn.join(', ')}. Choose fewer renditions under Settings, or add a machine with AMPHI_ROLES=transcode.`,
    );
  }
  if (origin.diskTrouble !== undefined) {
    warn(
      'disk_trouble',
      `The DVR cannot be written (${origin.diskTrouble}). Live goes on; viewers can rewind less.`,
    );
  }
  return warnings;
}
