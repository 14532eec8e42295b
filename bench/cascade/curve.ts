/** Draws points as a line in a coordinate system, as an SVG picture. */
export function curve(
  points: readonly { x: number; y: number }[],
  labels: { title: string; x: string; y: string },
): string {
  const [width, height, margin] = [720, 420, 60];
  const maxX = Math.max(1, ...points.map(({ x }) => x));
  const maxY = Math.max(1, ...points.map(({ y }) => y)) * 1.2;
  const at = ({ x, y }: { x: number; y: number }) => [
    margin + (x / maxX) * (width - 2 * margin),
    height - margin - (y / maxY) * (height - 2 * margin),
  ];
  const text = (x: number, y: number, what: string, more = '') =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${what}</text>`;
  const marks = points.map((point) => {
    const [x = 0, y = 0] = at(point);
    return [
      `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4"/>`,
      text(x, y - 12, point.y.toFixed(2), 'text-anchor="middle"'),
      text(x, height - margin + 18, String(point.x), 'text-anchor="middle"'),
    ].join('');
  });
  const [left, bottom] = [margin, height - margin];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(margin, 28, labels.title, 'font-size="16"'),
    `<path d="M${left} ${margin}V${bottom}H${width - margin}" fill="none" stroke="#888"/>`,
    text(width / 2, height - 16, labels.x, 'text-anchor="middle"'),
    text(16, height / 2, labels.y, `text-anchor="middle" transform="rotate(-90 16 ${height / 2})"`),
    `<polyline fill="none" stroke="#1668c7" stroke-width="2" points="${points.map((point) => at(point).join(' ')).join(' ')}"/>`,
    `<g fill="#1668c7">${marks.join('')}</g>`,
    '</svg>',
    '',
  ].join('\n');
}
