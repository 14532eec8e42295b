import { describe, expect, it } from 'vitest';
import { arcPath, rowPath, seatsOf } from './seats.ts';

const HOUSE = {
  rows: 3,
  innerRadius: 100,
  rowGap: 40,
  seatGap: 20,
  spanDegrees: 120,
  aisles: [0],
  aisleWidth: 20,
};

describe('seatsOf', () => {
  const seats = seatsOf(HOUSE);

  it('puts every seat on one of the rows, before the stage', () => {
    for (const { x, y } of seats) {
      const row = (Math.hypot(x, y) - 100) / 40;
      expect(row).toBeCloseTo(Math.round(row), 2);
      expect(y).toBeGreaterThan(0);
    }
  });

  it('leaves the aisle free', () => {
    expect(seats.filter(({ x }) => Math.abs(x) < HOUSE.aisleWidth / 2)).toEqual([]);
  });

  it('is the same on both sides', () => {
    const places = new Set(seats.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`));
    for (const { x, y } of seats) expect(places).toContain(`${(-x).toFixed(1)},${y.toFixed(1)}`);
  });

  it('begins with the middle of the first row', () => {
    const [first] = seats;
    expect(Math.hypot(first!.x, first!.y)).toBeCloseTo(100, 1);
    expect(Math.abs(first!.x)).toBeLessThan(40);
  });
});

describe('arcs', () => {
  it('arcPath goes clockwise from the top', () => {
    expect(arcPath(0, 0, 10, 0, 90)).toBe('M0 -10A10 10 0 0 1 10 0');
  });

  it('rowPath cuts one arc an aisle more', () => {
    expect(rowPath(0, 0, 10, 90, [], 2).match(/M/g)).toHaveLength(1);
    expect(rowPath(0, 0, 10, 90, [-30, 30], 2).match(/M/g)).toHaveLength(3);
  });
});
