import type { ListedVariant } from './net/read-ahead.ts';

/** What the quality menu offers, from what the multivariant playlist lists. */

/** A rung of the ladder; its name is unique. A height of 0 means sound alone. */
export type Rung = ListedVariant;

export interface QualityChoice {
  /** The rung's name; `auto` follows the network. */
  id: string;
  label: string;
  /** Smaller print beside the label. */
  note: string;
}

const PLAIN = /^\d{3,4}p\d*$/;

/** Label of a rung: its playlist name when that is one for people, else its height. */
export function rungLabel({ name, height, frameRate }: Rung): string {
  if (height === 0) return 'Audio only';
  if (PLAIN.test(name)) return name;
  return frameRate > 31 ? `${height}p${Math.round(frameRate)}` : `${height}p`;
}

/** Short sign for pictures of a certain size, as people know it from elsewhere. */
export function rungBadge({ height }: Rung): string {
  if (height >= 2160) return '4K';
  return height >= 720 ? 'HD' : '';
}

/** Best first, sound alone last, automatic choice on top. */
export function qualityChoices(rungs: readonly Rung[]): QualityChoice[] {
  const sorted = [...rungs].sort(
    (a, b) => b.height - a.height || b.frameRate - a.frameRate || b.bitsPerSecond - a.bitsPerSecond,
  );
  const choices = sorted.map((rung) => ({
    id: rung.name,
    label: rungLabel(rung),
    note: rungBadge(rung),
  }));
  return [{ id: 'auto', label: 'Auto', note: '' }, ...choices];
}
