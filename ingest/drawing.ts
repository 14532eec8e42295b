import { charactersOf, withoutBidi } from '#base';

/** Drawing text into pictures: SVG, rendered in this process. */

export const FONTS = "Inter, 'Noto Sans', 'DejaVu Sans', sans-serif";

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
  return renderAsync(svg, { font: { loadSystemFonts: true } });
}
