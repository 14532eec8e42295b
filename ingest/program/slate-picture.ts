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

const MAX_TITLE_LINES = 3;
const MAX_TITLE_LENGTH = 140;

export function slateSvg(spec: {
  kind: SlateKind;
  title: string;
  width: number;
  height: number;
}): string {
  const { width, height } = spec;
  const unit = Math.min(width, height) / 100;
  const titleSize = unit * 8;
  const charactersPerLine = Math.max(8, Math.floor((width * 0.8) / (titleSize * 0.56)));
  const lines = wrapText(spec.title.slice(0, MAX_TITLE_LENGTH), charactersPerLine);
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
<g font-family="Inter, 'Noto Sans', 'DejaVu Sans', sans-serif" text-anchor="middle">
<text font-size="${titleSize.toFixed(1)}" font-weight="700" fill="#f4f1ea">${title}</text>
<text x="50%" y="${below.toFixed(1)}" font-size="${(unit * 4.4).toFixed(1)}" fill="#ffb454">${LINES[spec.kind]}</text>
</g></svg>`;
}

/** Greedy wrapping; a title that is too long ends in an ellipsis. */
function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((w) => w !== '')) {
    const fitted = word.length > width ? `${word.slice(0, width - 1)}…` : word;
    if (line !== '' && line.length + 1 + fitted.length > width) {
      lines.push(line);
      line = fitted;
    } else {
      line = line === '' ? fitted : `${line} ${fitted}`;
    }
  }
  if (line !== '') lines.push(line);
  if (lines.length <= MAX_TITLE_LINES) return lines.length === 0 ? [''] : lines;
  const kept = lines.slice(0, MAX_TITLE_LINES);
  kept[MAX_TITLE_LINES - 1] = `${kept[MAX_TITLE_LINES - 1]?.slice(0, width - 1)}…`;
  return kept;
}

function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
