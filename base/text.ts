/** Text that people typed, as readers see it. */

const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

let segmenter: Intl.Segmenter | undefined;

/**
 * What a reader takes for one character each (UAX #29): letters with their
 * accents, emoji with theirs. Code points where the platform cannot tell.
 */
export function charactersOf(text: string): string[] {
  if (!('Segmenter' in Intl)) return [...(text as string)];
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Without what would turn the direction of the text around it. */
export const withoutBidi = (text: string): string => text.replace(BIDI_CONTROLS, '');

/** The letters that stand for a name, of its first and last word; `?` for none. */
export function initialsOf(name: string): string {
  const words = withoutBidi(name)
    .split(/\s+/u)
    .filter((word) => word !== '');
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  const letters = ends.map((word = '') => charactersOf(word)[0]?.toUpperCase() ?? '');
  return letters.join('') || '?';
}
