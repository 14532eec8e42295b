import { initialsOf } from '#base';
import { escapeXml, fontsFor, plainText, renderSvg } from '../drawing.ts';
import type { Size } from './layout.ts';
import { type Overlay, overlayOf } from './picture.ts';

const MAX_NAME_CHARACTERS = 32;
/** Of the tile's height. */
const TEXT_SHARE = 0.05;
const LEAST_TEXT_PX = 12;
const EM_AT_MOST = 0.7;
const COLOURS = ['#3f6ea8', '#8a5a9e', '#3c8a72', '#a8683f', '#9e4a5f', '#5a7f3c'] as const;

/** A name as it stands in the corner of a tile. */
export async function nameLabel(name: string, tile: Size): Promise<Overlay> {
  const text = plainText(name, MAX_NAME_CHARACTERS);
  const px = Math.max(LEAST_TEXT_PX, tile.height * TEXT_SHARE);
  const wide = Math.min(tile.width, (text.length * EM_AT_MOST + 1) * px);
  const size = { width: even(wide), height: even(px * 1.7) };
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">
<rect width="100%" height="100%" rx="${(px * 0.3).toFixed(1)}" fill="#0b0d11" fill-opacity="0.62"/>
<text x="50%" y="${(px * 1.2).toFixed(1)}" text-anchor="middle" font-family="${fontsFor(text)}" font-size="${px.toFixed(1)}" fill="#f4f1ea">${escapeXml(text)}</text>
</svg>`;
  return overlay(svg, size);
}

/** What stands in for a person without a picture: their initials. */
export async function avatar(name: string, tile: Size): Promise<Overlay> {
  const radius = Math.min(tile.width, tile.height) * 0.24;
  const size = { width: even(tile.width), height: even(tile.height) };
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">
<rect width="100%" height="100%" fill="#1d2129"/>
<circle cx="50%" cy="50%" r="${radius.toFixed(1)}" fill="${colourOf(name)}"/>
<text x="50%" y="${(size.height / 2 + radius * 0.3).toFixed(1)}" text-anchor="middle" font-family="${fontsFor(initialsOf(name))}" font-weight="600" font-size="${(radius * 0.85).toFixed(1)}" fill="#f4f1ea">${escapeXml(initialsOf(name))}</text>
</svg>`;
  return overlay(svg, size);
}

async function overlay(svg: string, size: Size): Promise<Overlay> {
  const drawn = await renderSvg(svg);
  return overlayOf(drawn.pixels, size);
}

/** The same for the same name. */
function colourOf(name: string): string {
  let sum = 0;
  for (const unit of name) sum = (sum * 31 + (unit.codePointAt(0) ?? 0)) % 65_521;
  return COLOURS[sum % COLOURS.length] ?? COLOURS[0];
}

const even = (n: number): number => Math.ceil(n / 2) * 2;
