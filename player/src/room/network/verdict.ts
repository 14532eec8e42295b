/** What a network test has measured; what it could not is undefined. */
export interface Measured {
  /** Round trip of a small request over HTTP, in milliseconds: the middle one of several. */
  httpMs: number | undefined;
  /** By which way media reached the call server; undefined when by none. */
  media:
    | {
        way: 'udp' | 'tcp' | 'relay';
        roundTripMs: number | undefined;
        /** Bits per second: what the way out bears, and what came back of it. */
        up: number | undefined;
        down: number | undefined;
        /** Share of packets lost on the way there and back, from 0 to 1. */
        loss: number | undefined;
      }
    | undefined;
  /** Why the way of media was not tested, in the server's words: it may be there all the same. */
  refusal?: string;
}

export interface Verdict {
  level: 'good' | 'fair' | 'bad';
  title: string;
  /** What to expect, and what one can do. */
  advice: string[];
}

const SLOW_MS = 250;
const VERY_SLOW_MS = 600;
const SOME_LOSS = 0.03;
const MUCH_LOSS = 0.1;
/** Enough for a picture of 720 lines; for a small one; for sound. */
const LARGE = 1_500_000;
const SMALL = 350_000;
const SOUND = 60_000;

/** What was measured, in plain words. */
export function verdictOf({ httpMs, media, refusal }: Measured): Verdict {
  if (refusal !== undefined) {
    return {
      level: 'fair',
      title: 'The server answers; sound and pictures were not tested',
      advice: [refusal],
    };
  }
  if (httpMs === undefined && media === undefined) {
    return {
      level: 'bad',
      title: 'The server does not answer',
      advice: ['Look whether you are connected to the internet, then test again.'],
    };
  }
  if (media === undefined) {
    return {
      level: 'bad',
      title: 'Sound and pictures do not come through',
      advice: [
        'Something between here and the server holds them back: a firewall, or a VPN. The chat will work.',
        'Try another network, or ask whoever runs this one to let UDP through.',
      ],
    };
  }
  const { way, roundTripMs = 0, up, down, loss = 0 } = media;
  const rate = Math.min(up ?? LARGE, down ?? LARGE);
  const faults = [
    rate < SMALL ? 'bad' : rate < LARGE ? 'fair' : 'good',
    loss > MUCH_LOSS ? 'bad' : loss > SOME_LOSS ? 'fair' : 'good',
    roundTripMs > VERY_SLOW_MS ? 'bad' : roundTripMs > SLOW_MS ? 'fair' : 'good',
    way === 'udp' ? 'good' : 'fair',
  ] as const;
  const level = faults.includes('bad') ? 'bad' : faults.includes('fair') ? 'fair' : 'good';
  const advice: string[] = [];
  if (rate < SOUND) advice.push('There is hardly enough for sound.');
  else if (rate < SMALL) advice.push('Enough for sound. Leave the camera off.');
  else if (rate < LARGE) advice.push('Enough for sound and small pictures.');
  if (loss > MUCH_LOSS) advice.push('Much gets lost on the way: words will be missing.');
  else if (loss > SOME_LOSS) advice.push('Some gets lost on the way: pictures may stumble.');
  if (roundTripMs > VERY_SLOW_MS) advice.push('The way is so long that people will talk at once.');
  else if (roundTripMs > SLOW_MS) advice.push('The way is long: leave each other time to answer.');
  if (way === 'tcp') {
    advice.push('UDP is held back here, so it goes by TCP: there may be pauses when much is lost.');
  }
  if (way === 'relay') advice.push('It goes by a relay, since the straight way is closed.');
  if (level !== 'good') advice.push('A cable, or a place nearer to the Wi-Fi, often helps.');
  return { level, title: TITLES[level], advice };
}

const TITLES = {
  good: 'Good for sound and large pictures',
  fair: 'It will do',
  bad: 'Expect trouble',
} as const;

/** The middle one by size; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
