/** What the network carries, as far as known before anything was loaded. */

const KEY = 'amphi.bits-per-second';
/** Without any knowledge: what nearly all fixed and mobile networks carry. */
const ASSUMED = 4_500_000;
const LEAST = 300_000;
const MOST = 40_000_000;

/** Bits a second: of the last visit, else what the browser says, else an assumption. */
export function rememberedBitrate(): number {
  const kept = Number(read());
  if (kept > 0) return Math.min(MOST, Math.max(LEAST, kept));
  const connection: unknown = Reflect.get(navigator, 'connection');
  if (typeof connection !== 'object' || connection === null) return ASSUMED;
  // Browsers that have not measured say 1.6 Mbit/s for a fast network; only what they call slow is news.
  const downlink = Number(Reflect.get(connection, 'downlink')) * 1e6;
  const slow = Reflect.get(connection, 'effectiveType') !== '4g';
  return slow && downlink > 0 ? Math.max(LEAST, Math.min(downlink, ASSUMED)) : ASSUMED;
}

export function rememberBitrate(bitsPerSecond: number): void {
  if (!Number.isFinite(bitsPerSecond) || bitsPerSecond <= 0) return;
  try {
    localStorage.setItem(KEY, String(Math.round(bitsPerSecond)));
  } catch {
    // Storage is full or forbidden: the next visit begins with the assumption.
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
