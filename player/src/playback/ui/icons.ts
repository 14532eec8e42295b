/** The player's pictures: lines on a grid of 24, drawn in the colour of the text. */

const PATHS = {
  settings: [
    'M4 7h9M17 7h3M4 17h3M11 17h9',
    'M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
    'M9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  ],
  back: ['M15 5l-7 7 7 7'],
  check: ['M5 12.5l4.5 4.5L19 7.5'],
  next: ['M9 5l7 7-7 7'],
  close: ['M6 6l12 12M18 6L6 18'],
  speakerOff: ['M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z', 'M16 9.5l5 5M21 9.5l-5 5'],
  play: ['M8 5.5v13l10.5-6.5z'],
  pause: ['M8.5 5.5v13M15.5 5.5v13'],
  replay: ['M4.5 12a7.5 7.5 0 1 0 2.4-5.5', 'M4.5 4.5v4h4'],
  cast: ['M3.5 8V5.5h17v13h-6', 'M3.5 12a6.5 6.5 0 0 1 6.5 6.5M3.5 16a2.5 2.5 0 0 1 2.5 2.5'],
  airplay: ['M7 17.5H3.5v-12h17v12H17', 'M12 14.5l4.5 5h-9z'],
  forward: ['M13 6l6 6-6 6M5 6l6 6-6 6'],
} as const;

export type IconName = keyof typeof PATHS;

const SVG = 'http://www.w3.org/2000/svg';

function svg(viewBox: string, className: string): SVGSVGElement {
  const element = document.createElementNS(SVG, 'svg');
  element.setAttribute('viewBox', viewBox);
  element.setAttribute('class', className);
  element.setAttribute('aria-hidden', 'true');
  element.setAttribute('focusable', 'false');
  return element;
}

function path(d: string): SVGPathElement {
  const element = document.createElementNS(SVG, 'path');
  element.setAttribute('d', d);
  return element;
}

export function icon(name: IconName): SVGSVGElement {
  const element = svg('0 0 24 24', 'amphi-icon');
  element.append(...PATHS[name].map(path));
  return element;
}

/** The motif: rows of seats around a stage, as half circles; each row can be moved by itself. */
export function arcs(rows: number, className: string): SVGSVGElement {
  const size = 100;
  const element = svg(`0 0 ${size * 2} ${size}`, className);
  for (let row = 0; row < rows; row++) {
    const radius = ((row + 1) * (size - 4)) / rows;
    const arc = path(`M${size - radius} ${size}a${radius} ${radius} 0 0 1 ${radius * 2} 0`);
    arc.setAttribute('style', `--row:${row}`);
    element.append(arc);
  }
  return element;
}
