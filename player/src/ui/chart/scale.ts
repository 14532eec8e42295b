/** Scales and paths of the line charts. */

export interface Range {
  low: number;
  high: number;
  /** Round values within the range, rising. */
  ticks: number[];
}

const STEPS = [1, 2, 2.5, 5, 10];

/** A step of 1, 2, 2.5 or 5 times a power of ten, at least as large as asked. */
export function niceStep(atLeast: number): number {
  if (!(atLeast > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const factor = STEPS.find((step) => step * power >= atLeast * 0.999_999) ?? 10;
  return factor * power;
}

/**
 * A range with round ends around the values, with two or three steps in it.
 * It is never narrower than `minSpan`, so that noise does not look like drama,
 * and does not go below zero where no value does.
 */
export function niceRange(values: readonly number[], minSpan: number, fromZero = true): Range {
  let low = fromZero ? 0 : Number.POSITIVE_INFINITY;
  let high = fromZero ? 0 : Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (values.length === 0 && !fromZero) {
    low = 0;
    high = 0;
  }
  if (high - low < minSpan) {
    const grow = minSpan - (high - low);
    const below = fromZero || low >= 0 ? Math.min(grow / 2, fromZero ? 0 : low) : grow / 2;
    low -= below;
    high += grow - below;
  }
  const step = niceStep((high - low) / 3);
  low = Math.floor(low / step + 1e-9) * step;
  high = Math.ceil(high / step - 1e-9) * step;
  const ticks: number[] = [];
  for (let i = 0; i <= Math.round((high - low) / step); i++) {
    ticks.push(Number((low + i * step).toPrecision(12)));
  }
  return { low, high, ticks };
}

export interface Point {
  at: number;
  value: number | undefined;
}

export interface Frame {
  from: number;
  to: number;
  range: Range;
  width: number;
  height: number;
}

export const xOf = (at: number, { from, to, width }: Frame): number =>
  ((at - from) / (to - from)) * width;

export const yOf = (value: number, { range, height }: Frame): number =>
  height - ((value - range.low) / (range.high - range.low)) * height;

/** Stretches of points that follow each other; a missing value or a pause of more than `maxGapMs` ends one. */
export function stretches(
  points: readonly Point[],
  maxGapMs: number,
): { at: number; value: number }[][] {
  const all: { at: number; value: number }[][] = [];
  let current: { at: number; value: number }[] = [];
  for (const { at, value } of points) {
    const last = current.at(-1);
    const broken = value === undefined || (last !== undefined && at - last.at > maxGapMs);
    if (broken && current.length > 0) {
      all.push(current);
      current = [];
    }
    if (value !== undefined) current.push({ at, value });
  }
  if (current.length > 0) all.push(current);
  return all;
}

/** SVG path of the line. A single point is drawn as a dot: a line of no length with round ends. */
export function linePath(points: readonly Point[], frame: Frame, maxGapMs: number): string {
  return stretches(points, maxGapMs)
    .map((stretch) => {
      const steps = stretch.map(({ at, value }) => `${n(xOf(at, frame))} ${n(yOf(value, frame))}`);
      return `M${steps.join('L')}${steps.length === 1 ? 'h0' : ''}`;
    })
    .join('');
}

/** SVG path of what lies between the line and the ground of the chart. */
export function areaPath(points: readonly Point[], frame: Frame, maxGapMs: number): string {
  return stretches(points, maxGapMs)
    .map((stretch) => {
      const first = stretch[0];
      const last = stretch.at(-1);
      if (first === undefined || last === undefined) return '';
      const steps = stretch.map(({ at, value }) => `${n(xOf(at, frame))} ${n(yOf(value, frame))}`);
      const ground = n(frame.height);
      return `M${n(xOf(first.at, frame))} ${ground}L${steps.join('L')}L${n(xOf(last.at, frame))} ${ground}Z`;
    })
    .join('');
}

/** The point nearest in time; undefined where there is none. */
export function nearest<P extends { at: number }>(points: readonly P[], at: number): P | undefined {
  let best: P | undefined;
  for (const point of points) {
    if (best === undefined || Math.abs(point.at - at) < Math.abs(best.at - at)) best = point;
  }
  return best;
}

const n = (value: number): string => String(Number(value.toFixed(2)));
