/** Geometry of the rows of an amphitheatre, seen from above: the stage is the centre of every arc. */

export interface Seat {
  x: number;
  y: number;
}

export interface RowsOptions {
  rows: number;
  /** Radius of the first row; the rows behind follow at `rowGap`. */
  innerRadius: number;
  rowGap: number;
  /** Distance of neighbours along a row. */
  seatGap: number;
  /** The arc is this wide, in degrees, and hangs evenly below the stage. */
  spanDegrees: number;
  /** Aisles cut the rows at these angles, in degrees from the middle. */
  aisles: readonly number[];
  /** Width of an aisle, in the unit of the radii. */
  aisleWidth: number;
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Where the seats are, the stage at (0, 0) and the rows below it; the best seats first. */
export function seatsOf(options: RowsOptions): Seat[] {
  const { rows, innerRadius, rowGap, seatGap, spanDegrees, aisles, aisleWidth } = options;
  const seats: (Seat & { distance: number })[] = [];
  for (let row = 0; row < rows; row++) {
    const radius = innerRadius + row * rowGap;
    const half = radians(spanDegrees / 2);
    const count = Math.max(1, Math.round((2 * half * radius) / seatGap));
    for (let i = 0; i <= count; i++) {
      const angle = -half + (2 * half * i) / count;
      const inAisle = aisles.some(
        (aisle) => Math.abs(angle - radians(aisle)) * radius < aisleWidth / 2 + seatGap / 2,
      );
      if (inAisle) continue;
      seats.push({
        x: round(radius * Math.sin(angle)),
        y: round(radius * Math.cos(angle)),
        // Off to the side is worse than further back.
        distance: radius + Math.abs(angle) * innerRadius,
      });
    }
  }
  seats.sort((a, b) => a.distance - b.distance || a.x - b.x);
  return seats.map(({ x, y }) => ({ x, y }));
}

/** SVG path of an arc around a centre, from one angle to another, in degrees clockwise from the top. */
export function arcPath(cx: number, cy: number, radius: number, from: number, to: number): string {
  const point = (degrees: number) => {
    const angle = radians(degrees);
    return `${round(cx + radius * Math.sin(angle))} ${round(cy - radius * Math.cos(angle))}`;
  };
  const large = Math.abs(to - from) > 180 ? 1 : 0;
  const sweep = to > from ? 1 : 0;
  return `M${point(from)}A${round(radius)} ${round(radius)} 0 ${large} ${sweep} ${point(to)}`;
}

/** An arc with aisles of one width cut out of it, as one path. */
export function rowPath(
  cx: number,
  cy: number,
  radius: number,
  halfSpan: number,
  aisles: readonly number[],
  aisleWidth: number,
): string {
  const gap = (aisleWidth / radius) * (90 / Math.PI);
  const cuts = [...aisles].sort((a, b) => a - b);
  const starts = [-halfSpan, ...cuts.map((at) => at + gap)];
  const ends = [...cuts.map((at) => at - gap), halfSpan];
  return starts.map((from, i) => arcPath(cx, cy, radius, from, ends[i] ?? halfSpan)).join('');
}

const round = (value: number): number => Number(value.toFixed(2));
