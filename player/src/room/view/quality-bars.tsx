import type { Quality } from '../media/quality.ts';
import './quality-bars.css';

const WORDS = { 1: 'very bad', 2: 'bad', 3: 'fair', 4: 'good' } as const;

export const qualityText = ({ bars, reason }: Quality): string =>
  `Connection ${WORDS[bars]}${reason === undefined ? '' : `: ${reason}`}`;

/** How well somebody comes through, with the reason where it is not good. */
export function QualityBars({ quality }: { quality: Quality }) {
  const text = qualityText(quality);
  return (
    <span className="bars" data-bars={quality.bars} role="img" aria-label={text} title={text}>
      {[1, 2, 3, 4].map((bar) => (
        <i key={bar} data-on={bar <= quality.bars || undefined} />
      ))}
    </span>
  );
}
