import { compactNtp, ntpOfMicros, type ReportBlock } from '#protocol';

const COMPACT_RATE = 65_536;
/** Beyond this the block lies, or its clock jumped. */
const MAX_RTT_MS = 30_000;

/** Round-trip time by a report block (RFC 3550 6.4.1); undefined when it has none to tell. */
export function roundTripMs(report: ReportBlock, nowUs: number): number | undefined {
  if (report.lastSenderReport === 0) return undefined;
  const now = compactNtp(ntpOfMicros(nowUs));
  const ticks = (now - report.lastSenderReport - report.delaySinceLastSenderReport) | 0;
  const rttMs = (ticks * 1000) / COMPACT_RATE;
  return rttMs < 0 || rttMs > MAX_RTT_MS ? undefined : rttMs;
}
