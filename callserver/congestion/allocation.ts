/** One way to show a producer to a receiver: a simulcast stream with its temporal layers up to one. */
export interface LadderStep {
  /** Of the simulcast stream, from 0, the lowest. */
  rank: number;
  /** The highest temporal layer that is passed on. */
  temporal: number;
  /** What it takes, headers included. */
  bitsPerSecond: number;
}

/** A consumer, as far as sharing out the estimate needs it. */
export interface Claim {
  /** From low to high; not empty. */
  ladder: readonly LadderStep[];
  /** The highest rank that is of use to this receiver. */
  maxRank: number;
  /** Its share next to others: 2 gets twice the rate of 1 where there is not enough. */
  priority: number;
  /** What it has now: an index in the ladder, -1 for nothing. */
  present: number;
  /** Whether it may rise above that now. */
  mayRise: boolean;
}

/** A step up must fit with room to spare, so that it lasts. */
const RISE_MARGIN = 1.2;
/**
 * What is there already is not given up for a trifle, and where nothing but the
 * estimate speaks against it, not for one step back of the estimate either.
 */
const KEEP_MARGIN = 0.95;
const CALM_KEEP_MARGIN = 0.8;

/**
 * Shares `budget` out over the claims (bits per second): one step after the
 * other goes to whoever has least for its priority, until none fits. Writes an
 * index of each claim's ladder into `into`, -1 for nothing. `calm` says that the
 * path shows no sign of being too full. The first in order of
 * priority gets its lowest step whether it fits or not: a picture that
 * stutters tells more than none.
 */
export function allocate(
  claims: readonly Claim[],
  budget: number,
  calm: boolean,
  into: number[],
): void {
  const keep = calm ? CALM_KEEP_MARGIN : KEEP_MARGIN;
  into.length = 0;
  const open: boolean[] = [];
  for (const { ladder } of claims) {
    into.push(-1);
    open.push(ladder.length > 0);
  }
  let left = budget;
  let nobodyYet = true;
  for (;;) {
    const next = poorest(claims, into, open);
    if (next < 0) return;
    const claim = claims[next];
    if (claim === undefined) return;
    const index = (into[next] ?? -1) + 1;
    const cost = costOf(claim, index, keep) - (index > 0 ? costOf(claim, index - 1, keep) : 0);
    const step = claim.ladder[index];
    const wanted = step !== undefined && (index === 0 || step.rank <= claim.maxRank);
    const fits = cost <= left && (index <= claim.present || claim.mayRise);
    if (wanted && (fits || nobodyYet)) {
      into[next] = index;
      left -= cost;
      nobodyYet = false;
    } else {
      open[next] = false;
    }
  }
}

/** What a step takes of the budget: more than its rate where it would be a rise, a little less where it is there. */
function costOf({ ladder, present }: Claim, index: number, keep: number): number {
  const rate = ladder[index]?.bitsPerSecond ?? 0;
  if (present < 0) return rate;
  return rate * (index > present ? RISE_MARGIN : keep);
}

/** Whose turn it is: the one with least for its priority; of equals the one of higher priority. */
function poorest(claims: readonly Claim[], into: readonly number[], open: readonly boolean[]) {
  let found = -1;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, { ladder, priority }] of claims.entries()) {
    if (!open[i]) continue;
    const share = (ladder[into[i] ?? -1]?.bitsPerSecond ?? 0) / priority;
    const higher = found >= 0 && share === least && priority > (claims[found]?.priority ?? 0);
    if (share < least || higher) {
      found = i;
      least = share;
    }
  }
  return found;
}

/** What all claims could use, bits per second. */
export function wantedBy(claims: readonly Claim[]): number {
  let sum = 0;
  for (const { ladder, maxRank } of claims) {
    let best = ladder[0]?.bitsPerSecond ?? 0;
    for (const { rank, bitsPerSecond } of ladder) {
      if (rank <= maxRank && bitsPerSecond > best) best = bitsPerSecond;
    }
    sum += best;
  }
  return sum * RISE_MARGIN;
}
