import { charactersOf } from '#base';
import { escapeXml, fontsFor, plainText } from '../drawing.ts';

/** The pictures that stand in when there is none, as SVG. */

export type SlateKind =
  /** The publisher is away and may come back. */
  | 'interrupted'
  /** The source has sound only. */
  | 'audio-only';

const LINES: Record<SlateKind, string> = {
  interrupted: 'Back in a moment',
  'audio-only': 'Audio only',
};

/** Longer side of a slate at most, and of its drawing, which is scaled up where the slate is larger. */
const MAX_SIDE = 3840;
const MAX_DRAWN_SIDE = 1920;
const MAX_TITLE_LINES = 3;
const MAX_TITLE_LENGTH = 140;
/** Width of a character in ems, roughly: of most scripts, and of ideographs and emoji. */
const NARROW_EM = 0.56;
const WIDE_EM = 1.05;
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}]/u;

interface Size {
  width: number;
  height: number;
}

/** The size of a slate among pictures of this size: theirs, made even, as far as that is reasonable. */
export function slateSize(picture: Size): Size {
  const { width, height } = within(picture, MAX_SIDE);
  const even = (n: number) => Math.max(2, n + (n % 2));
  return { width: even(width), height: even(height) };
}

/** The size in which a slate is drawn: drawing takes memory and time by the pixel, in this process. */
export const drawnSize = (slate: Size): Size => within(slate, MAX_DRAWN_SIDE);

function within({ width, height }: Size, side: number): Size {
  const scale = Math.min(1, side / Math.max(width, height));
  const scaled = (n: number) => Math.max(1, Math.round(n * scale));
  return { width: scaled(width), height: scaled(height) };
}

export function slateSvg(spec: {
  kind: SlateKind;
  title: string;
  width: number;
  height: number;
}): string {
  const { width, height } = spec;
  const unit = Math.min(width, height) / 100;
  const titleSize = unit * 8;
  const lines = wrapText(spec.title, (width * 0.8) / titleSize);
  const lineHeight = titleSize * 1.25;
  const top = height / 2 - (lineHeight * (lines.length - 1)) / 2 - unit * 2;
  const title = lines
    .map(
      (line, i) =>
        `<tspan x="50%" y="${(top + i * lineHeight).toFixed(1)}">${escapeXml(line)}</tspan>`,
    )
    .join('');
  const below = top + lineHeight * (lines.length - 1) + unit * 11;
  const arc = (radius: number, opacity: number) =>
    `<circle cx="${width / 2}" cy="${(height * 1.28).toFixed(1)}" r="${(radius * unit).toFixed(1)}" fill="none" stroke="#ffb454" stroke-opacity="${opacity}" stroke-width="${(unit * 0.35).toFixed(2)}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#171a21"/><stop offset="1" stop-color="#0b0d11"/></linearGradient></defs>
<rect width="100%" height="100%" fill="url(#g)"/>
${[48, 62, 76, 90].map((radius, i) => arc(radius, 0.32 - i * 0.07)).join('')}
<g text-anchor="middle">
<text font-family="${fontsFor(spec.title)}" font-size="${titleSize.toFixed(1)}" font-weight="700" fill="#f4f1ea">${title}</text>
<text x="50%" y="${below.toFixed(1)}" font-family="${fontsFor(LINES[spec.kind])}" font-size="${(unit * 4.4).toFixed(1)}" fill="#ffb454">${LINES[spec.kind]}</text>
</g></svg>`;
}

interface Line {
  text: string;
  ems: number;
}

/** Greedy wrapping into lines of at most so many ems; a title that is too long ends in an ellipsis. */
function wrapText(title: string, ems: number): string[] {
  const lines: Line[] = [{ text: '', ems: 0 }];
  for (const word of plainText(title, MAX_TITLE_LENGTH)
    .split(/\s+/)
    .filter((w) => w !== '')) {
    for (const piece of pieces(word, ems)) {
      const line = lines.at(-1) as Line;
      if (line.text === '') lines[lines.length - 1] = piece;
      else if (line.ems + NARROW_EM + piece.ems > ems) lines.push(piece);
      else {
        line.text += ` ${piece.text}`;
        line.ems += NARROW_EM + piece.ems;
      }
    }
  }
  const kept = lines.slice(0, MAX_TITLE_LINES).map(({ text }) => text);
  if (lines.length > kept.length) kept.push(`${kept.pop()}…`);
  return kept;
}

/** The word, or where it is longer than a line, parts of it that are not. */
function pieces(word: string, ems: number): Line[] {
  const parts: Line[] = [{ text: '', ems: 0 }];
  for (const segment of charactersOf(word)) {
    const own = WIDE.test(segment) ? WIDE_EM : NARROW_EM;
    const part = parts.at(-1) as Line;
    if (part.text !== '' && part.ems + own > ems) {
      parts.push({ text: segment, ems: own });
    } else {
      part.text += segment;
      part.ems += own;
    }
  }
  return parts;
}
