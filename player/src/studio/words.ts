import type { EventView } from '#contracts';
import { span } from '../ui/format.ts';
import type { Option } from '../ui/option.ts';

/** What an event's settings are called, and what they mean. */

type Words = { label: string; hint: string };

export const VISIBILITY_WORDS: Record<EventView['visibility'], Words> = {
  public: { label: 'Public', hint: 'Listed on the home page' },
  unlisted: { label: 'Unlisted', hint: 'Whoever has the link' },
  private: { label: 'Private', hint: 'Whoever has a token' },
};

export const LATENCY_WORDS: Record<EventView['latency'], Words> = {
  ultra: { label: 'Ultra low', hint: 'Under a second, on good lines' },
  low: { label: 'Low', hint: 'About a second; right for most' },
  standard: { label: 'Standard', hint: 'A few seconds; calmest on poor lines' },
};

export function optionsOf<Value extends string>(words: Record<Value, Words>): Option<Value>[] {
  return (Object.entries(words) as [Value, Words][]).map(([value, said]) => ({ value, ...said }));
}

const DVR_SECONDS = [30, 300, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 604_800];

/** Lengths to choose from, with the present one among them. */
export function dvrOptions(present: number): Option<string>[] {
  const all = DVR_SECONDS.includes(present) ? DVR_SECONDS : [...DVR_SECONDS, present];
  return all
    .toSorted((a, b) => a - b)
    .map((seconds) => ({ value: String(seconds), label: span(seconds) }));
}

/** By what each says of itself and the ones after it do not; most say that they are others, too. */
const BROWSERS: readonly (readonly [name: string, version: RegExp])[] = [
  ['Edge', /\bEdg(?:A|iOS)?\/(\d+)/],
  ['Opera', /\bOPR\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /(?:Chrome|CriOS)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+)/],
];

/** What an encoder is called; of a browser, which says far more, the name and the version. */
export function encoderName(encoder: string): string {
  if (!encoder.startsWith('Mozilla/')) return encoder;
  for (const [name, version] of BROWSERS) {
    const [, number] = encoder.match(version) ?? [];
    if (number !== undefined) return `${name} ${number}`;
  }
  return 'A browser';
}
