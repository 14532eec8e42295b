import { renderAsync } from '@resvg/resvg-js';
import { describe, expect, it } from 'vitest';
import { drawnSize, slateSize, slateSvg } from './slate-picture.ts';

const picture = (title: string, width = 1280, height = 720) =>
  slateSvg({ kind: 'interrupted', title, width, height });

/** The lines of the title as they stand in the picture. */
const lines = (svg: string) =>
  [...svg.matchAll(/<tspan[^>]*>([^<]*)<\/tspan>/g)].map(([, text]) => text);

/** How many pixels of the picture are not background: the text, more or less. */
async function inkOf(svg: string): Promise<number> {
  const { pixels } = await renderAsync(svg, { font: { loadSystemFonts: true } });
  let bright = 0;
  for (let i = 0; i < pixels.length; i += 4) if ((pixels[i] ?? 0) > 200) bright++;
  return bright;
}

describe('slateSvg', () => {
  it.each([
    ['Gartenfest 2026', ['Gartenfest 2026']],
    ['', ['']],
    ['   ', ['']],
    ['Line\nbreaks\tand   blanks', ['Line breaks and blanks']],
    [
      'A title that is rather too long for a single line of the picture',
      ['A title that is rather too long', 'for a single line of the', 'picture'],
    ],
    ['會議直播會議直播會議直播會議直播會議直播', ['會議直播會議直播會議直播會議直播', '會議直播']],
  ])('sets the title "%s"', (title, expected) => {
    expect(lines(picture(title)).join('|')).toBe(expected.join('|'));
  });

  it('ends a title that has no end in an ellipsis, in no more than three lines', () => {
    const found = lines(picture('endless '.repeat(80)));
    expect(found).toHaveLength(3);
    expect(found[2]).toMatch(/…$/);
  });

  it('breaks a word that is longer than a line', () => {
    const found = lines(picture('Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen'));
    expect(found.length).toBeGreaterThan(1);
    expect(found.join('')).toBe('Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen');
  });

  it.each([
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    [
      '"><image href="http://192.0.2.1/x"/>',
      '&quot;&gt;&lt;image href=&quot;http://192.0.2.1/x&quot;/&gt;',
    ],
    ['Tom & Jerry &amp; <b>', 'Tom &amp; Jerry &amp;amp; &lt;b&gt;'],
    [']]>', ']]&gt;'],
    ['nul\u0000 bell\u0007 lone\ud800', 'nul bell lone'],
    // Marks that would turn the rest of the picture's text around.
    ['\u202egnihton\u202c \u2066x\u2069', 'gnihton x'],
  ])('takes %j for text', async (title, text) => {
    const svg = picture(title);
    expect(lines(svg).join(' ')).toBe(text);
    expect(svg).not.toMatch(/<(script|image|b)\b/);
    await renderAsync(svg);
  });

  it.each([
    ['Latin', 'Gartenfest'],
    ['Arabic, from the right', 'بث مباشر من الحديقة'],
    ['Hebrew and Latin together', 'שידור live מהגן'],
    ['emoji of several parts', '👩‍👩‍👧‍👦 🏳️‍🌈 party'],
    ['Chinese', '花园直播'],
    ['Devanagari', 'सीधा प्रसारण'],
  ])('can be drawn with a title in %s', async (_, title) => {
    expect(await inkOf(picture(title))).toBeGreaterThan(await inkOf(picture('')));
  });

  it('does not cut a character in two', () => {
    const family = '👩‍👩‍👧‍👦';
    const found = lines(picture(family.repeat(60))).join('');
    expect(found.replaceAll(family, '')).toMatch(/^…?$/);
  });

  it.each([
    [2, 2],
    [16, 16],
    [854, 482],
    [720, 1280],
    [7680, 64],
  ])('has the size %d x %d', async (width, height) => {
    const { width: drawnWidth, height: drawnHeight } = await renderAsync(
      picture('T', width, height),
    );
    expect([drawnWidth, drawnHeight]).toEqual([width, height]);
  });

  it('says what it stands in for', () => {
    expect(picture('x')).toContain('Back in a moment');
    const spec = { kind: 'audio-only' as const, title: 'x', width: 640, height: 360 };
    expect(slateSvg(spec)).toContain('Audio only');
  });
});

describe('a slate', () => {
  it.each([
    [1280, 720, 1280, 720],
    [853, 481, 854, 482],
    [3840, 2160, 3840, 2160],
    // What an encoder claims must not cost the memory and the time of everybody.
    [8192, 4320, 3840, 2026],
    [16384, 2176, 3840, 510],
    [16, 16384, 4, 3840],
    [1, 1, 2, 2],
  ])('among pictures of %d x %d has %d x %d', (width, height, slateWidth, slateHeight) => {
    expect(slateSize({ width, height })).toEqual({ width: slateWidth, height: slateHeight });
  });

  it('is drawn no larger than takes a moment', () => {
    expect(drawnSize({ width: 1280, height: 720 })).toEqual({ width: 1280, height: 720 });
    expect(drawnSize({ width: 3840, height: 2160 })).toEqual({ width: 1920, height: 1080 });
    expect(drawnSize({ width: 4, height: 3840 })).toEqual({ width: 2, height: 1920 });
  });
});
