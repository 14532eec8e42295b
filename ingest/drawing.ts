import { createRequire } from 'node:module';
import { charactersOf, withoutBidi } from '#base';

/** Drawing text into pictures: SVG, rendered in this process. */

const OWN_FONT = 'Familjen Grotesk';

/** What the pages' own font has. */
const WITHIN_OWN_FONT = /^[\u0020-\u017f\u2010-\u2026]*$/;

/**
 * The families in which to draw a text: the pages' own, or for other scripts what
 * machines have most often. The renderer would take any font that knows a missing
 * letter, with serifs or without.
 */
export const fontsFor = (text: string): string =>
  `${WITHIN_OWN_FONT.test(text) ? `'${OWN_FONT}', ` : ''}'Noto Sans', 'DejaVu Sans', sans-serif`;

const require = createRequire(import.meta.url);
const OWN_FONT_FILES = ['400Regular', '600SemiBold', '700Bold'].map(
  (cut) => `@expo-google-fonts/familjen-grotesk/${cut}/FamiljenGrotesk_${cut}.ttf`,
);

/** Without what would turn the text around it, and at most so many characters, with an ellipsis where there are more. */
export function plainText(text: string, most: number): string {
  const all = charactersOf(withoutBidi(text));
  const kept = all.slice(0, most).join('');
  return all.length > most ? `${kept}…` : kept;
}

/** Text as it may stand in an element or an attribute. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

/** Loaded when first needed: most processes draw nothing. */
export async function renderSvg(svg: string) {
  const { renderAsync } = await import('@resvg/resvg-js');
  const font = {
    loadSystemFonts: true,
    fontFiles: OWN_FONT_FILES.map((file) => require.resolve(file)),
    defaultFontFamily: OWN_FONT,
    sansSerifFamily: OWN_FONT,
  };
  return renderAsync(svg, { font });
}
