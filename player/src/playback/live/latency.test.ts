import { describe, expect, it } from 'vitest';
import { LatencyController } from './latency.ts';
import { type LatencyProfile, PROFILES } from './profile.ts';

const PART_MS = 1000 / 3;
const TICK_MS = 100;
const PROMPT_MS = 60;

/** What a profile comes to when every part is there so soon after its end. */
const neededMs = ({ floorMs, marginMs }: LatencyProfile, delayMs = PROMPT_MS): number =>
  Math.max(floorMs, PART_MS + delayMs + marginMs);
/** Before anything was measured. */
const ASSUMED_TARGET_MS = 620;

interface World {
  /** How long after its end a part can be played. */
  delayMs: (part: number) => number;
  /** Error of the page's idea of the programme's clock. */
  clockErrorMs?: number;
  /** Media before the live edge that is buffered at the beginning. */
  backlogMs?: number;
  seconds: number;
  profile?: keyof typeof PROFILES;
}

interface Outcome {
  stalls: number;
  stalledMs: number;
  jumps: number;
  /** True distance behind the programme at every tick. */
  latencies: number[];
  targets: number[];
  rates: number[];
}

/** A player, its buffer and a programme of parts, second by second, with nothing real in it. */
function simulate(world: World): Outcome {
  const { clockErrorMs = 0, backlogMs = 600, seconds } = world;
  const controller = new LatencyController(PROFILES[world.profile ?? 'low']);
  const outcome: Outcome = {
    stalls: 0,
    stalledMs: 0,
    jumps: 0,
    latencies: [],
    targets: [],
    rates: [],
  };
  const beganMs = 1_000_000;
  let nextPart = Math.ceil(beganMs / PART_MS);
  let bufferEnd = (nextPart - 1) * PART_MS;
  let position = bufferEnd - backlogMs;
  let stalled = false;
  let stalledAt = 0;
  let rate = 1;
  const step = 10;
  for (let now = beganMs; now < beganMs + seconds * 1000; now += step) {
    for (;;) {
      const endMs = nextPart * PART_MS;
      if (endMs + world.delayMs(nextPart) > now) break;
      bufferEnd = endMs;
      controller.arrival(now, PART_MS, now - endMs + clockErrorMs);
      nextPart++;
    }
    if (stalled && bufferEnd - position > 100) {
      stalled = false;
      controller.resumed(now, now - stalledAt);
    }
    if (!stalled) {
      position += step * rate;
      if (position >= bufferEnd) {
        position = bufferEnd;
        stalled = true;
        stalledAt = now;
        outcome.stalls++;
        controller.stalled(now);
      }
    } else {
      outcome.stalledMs += step;
    }
    if ((now - beganMs) % TICK_MS !== 0) continue;
    const advice = controller.advise({
      nowMs: now,
      latencyMs: now - position + clockErrorMs,
      bufferMs: bufferEnd - position,
      playing: !stalled,
    });
    if (advice.jumpMs > 0) {
      outcome.jumps++;
      position += advice.jumpMs;
    }
    rate = advice.rate;
    outcome.latencies.push(now - position);
    outcome.targets.push(advice.targetMs);
    outcome.rates.push(rate);
  }
  return outcome;
}

/** Numbers between 0 and 1 that are the same in every run. */
function noise(seed: number): (n: number) => number {
  return (n) => {
    let x = Math.imul(n ^ seed, 0x9e3779b1);
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    return ((x ^ (x >>> 13)) >>> 0) / 2 ** 32;
  };
}

const since = (values: readonly number[], seconds: number) =>
  values.slice((seconds * 1000) / TICK_MS);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('LatencyController in a good network', () => {
  const outcome = simulate({ delayMs: () => 60, seconds: 300 });

  it('settles at what the arrivals need within ten seconds', () => {
    for (const latency of since(outcome.latencies, 10)) {
      expect(Math.abs(latency - neededMs(PROFILES.low))).toBeLessThan(60);
    }
  });

  it('never stalls', () => {
    expect(outcome.stalls).toBe(0);
  });

  it('leaves the rate alone most of the time', () => {
    const moved = since(outcome.rates, 10).filter((rate) => rate !== 1);
    expect(moved.length / outcome.rates.length).toBeLessThan(0.1);
  });

  it('stays within the bounds of the rate', () => {
    expect(Math.max(...outcome.rates)).toBeLessThanOrEqual(1 + PROFILES.low.catchUp);
    expect(Math.min(...outcome.rates)).toBeGreaterThanOrEqual(1 - PROFILES.low.fallBack);
  });
});

describe('LatencyController with late and uneven arrivals', () => {
  it.each([
    ['jitter of 150 ms', (n: number) => 60 + 150 * noise(7)(n)],
    ['a long way', () => 420],
    ['a long way and jitter', (n: number) => 300 + 200 * noise(11)(n)],
    ['bursts of two parts', (n: number) => (n % 2 === 0 ? 60 : 60 + PART_MS)],
  ])('does not stall after half a minute with %s', (_, delayMs) => {
    const calm = simulate({ delayMs, seconds: 30 });
    const outcome = simulate({ delayMs, seconds: 300 });
    expect(outcome.stalls).toBe(calm.stalls);
    expect(calm.stalls).toBeLessThanOrEqual(2);
  });

  it('stays no further behind than the arrivals need', () => {
    const outcome = simulate({ delayMs: () => 420, seconds: 120 });
    const need = PART_MS + 420 + PROFILES.low.marginMs;
    expect(mean(since(outcome.latencies, 30))).toBeLessThan(need + 80);
    expect(mean(since(outcome.latencies, 30))).toBeGreaterThan(need - 60);
  });
});

describe('LatencyController with a wrong clock', () => {
  it.each([-600, -250, 250, 600])(
    'does not stall when the clock is wrong by %i ms',
    (clockErrorMs) => {
      const outcome = simulate({ delayMs: () => 80, seconds: 300, clockErrorMs });
      expect(outcome.stalls).toBeLessThanOrEqual(1);
      expect(since(outcome.latencies, 30).every((latency) => latency < 1_400)).toBe(true);
    },
  );
});

describe('LatencyController with a programme that is ahead of its camera', () => {
  it('adds nothing to what the arrivals need', () => {
    const outcome = simulate({ delayMs: () => PROMPT_MS, seconds: 120, clockErrorMs: -450 });
    expect(outcome.stalls).toBe(0);
    expect(mean(since(outcome.latencies, 60))).toBeLessThan(neededMs(PROFILES.low) + 60);
  });
});

describe('LatencyController after a break', () => {
  const breakAt = Math.ceil((1_000_000 + 60_000) / PART_MS);
  const delayMs = (n: number) => {
    const age = (n - breakAt) * PART_MS;
    return age >= 0 && age < 2_500 ? Math.max(60, 2_500 - age) : 60;
  };
  const outcome = simulate({ delayMs, seconds: 360 });

  it('stalls once and keeps more distance for a while', () => {
    expect(outcome.stalls).toBe(1);
    expect(Math.max(...outcome.targets.slice(600, 800))).toBeGreaterThan(
      neededMs(PROFILES.low) + 150,
    );
  });

  it('is back where it was within three minutes', () => {
    for (const latency of since(outcome.latencies, 60 + 180)) {
      expect(Math.abs(latency - neededMs(PROFILES.low))).toBeLessThan(70);
    }
  });
});

describe('LatencyController with a hiccup now and then', () => {
  const everySeconds = 90;
  const outcome = simulate({
    seconds: 1_800,
    delayMs: (n) => {
      const sinceMs = (n * PART_MS) % (everySeconds * 1000);
      return sinceMs < 700 ? 60 + 700 - sinceMs : 60;
    },
  });

  it('learns to keep the distance that it takes', () => {
    // Of twenty hiccups.
    expect(outcome.stalls).toBeLessThanOrEqual(5);
    expect(Math.max(...since(outcome.latencies, 600))).toBeLessThan(neededMs(PROFILES.low) + 1_500);
  });
});

describe('LatencyController.stalled', () => {
  const targetAfter = (seconds: number) => {
    const controller = new LatencyController(PROFILES.low);
    controller.stalled(0);
    let target = 0;
    for (let nowMs = 0; nowMs <= seconds * 1000; nowMs += TICK_MS) {
      target = controller.advise({ nowMs, latencyMs: 900, bufferMs: 400, playing: true }).targetMs;
    }
    return target;
  };

  it('raises the target at once and holds it', () => {
    expect(targetAfter(0.1)).toBeGreaterThan(ASSUMED_TARGET_MS + 150);
    expect(targetAfter(15)).toBe(targetAfter(0.1));
  });

  it('gives the distance back slowly', () => {
    expect(targetAfter(30)).toBeLessThan(targetAfter(15));
    expect(targetAfter(60)).toBe(ASSUMED_TARGET_MS);
  });
});

describe('LatencyController on joining', () => {
  it('jumps once inside the buffer instead of creeping', () => {
    const outcome = simulate({ delayMs: () => 60, seconds: 30, backlogMs: 2_000 });
    expect(outcome.jumps).toBe(1);
    expect(outcome.stalls).toBe(0);
    expect(Math.abs((outcome.latencies[20] ?? 0) - neededMs(PROFILES.low))).toBeLessThan(120);
  });

  it('asks for neither jump nor rate while the picture stands', () => {
    const controller = new LatencyController(PROFILES.low);
    expect(
      controller.advise({ nowMs: 0, latencyMs: 9_000, bufferMs: 8_000, playing: false }),
    ).toEqual({
      rate: 1,
      targetMs: ASSUMED_TARGET_MS,
      jumpMs: 0,
    });
  });
});

describe('LatencyController profiles', () => {
  it.each(['ultra', 'low', 'standard'] as const)(
    'keeps %s where it should be without a stall',
    (profile) => {
      const backlogMs = neededMs(PROFILES[profile]);
      const outcome = simulate({ delayMs: () => 60, seconds: 120, profile, backlogMs });
      expect(outcome.stalls).toBe(0);
      expect(Math.abs(mean(since(outcome.latencies, 20)) - backlogMs)).toBeLessThan(60);
    },
  );

  it('never goes beyond its ceiling', () => {
    const outcome = simulate({ delayMs: (n) => (n % 30 === 0 ? 9_000 : 60), seconds: 120 });
    expect(Math.max(...outcome.targets)).toBeLessThanOrEqual(PROFILES.low.ceilingMs);
  });
});
