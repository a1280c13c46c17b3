import { describe, expect, it } from 'vitest';
import { type Box, overlap, place, placeCard, withRoom } from '../lib/placing';

const window = { width: 1000, height: 600 };
const full = { width: 150, height: 24 };
const small = { width: 24, height: 24 };
const control: Box = { left: 100, top: 100, width: 200, height: 30 };
const inside = (box: Box) => (x: number, y: number) => x > box.left && x < box.left + box.width && y > box.top && y < box.top + box.height;

describe('a mark', () => {
  it('stands to the right of its control when there is room', () => {
    expect(place(control, full, small, window, () => false)).toEqual({ box: { left: 306, top: 103, ...full }, small: false });
  });

  it('goes below when something usable is to the right', () => {
    const button: Box = { left: 310, top: 90, width: 100, height: 40 };
    expect(place(control, full, small, window, inside(button))?.box.top).toBe(132);
  });

  it('shrinks to its shape when no place takes its words', () => {
    const spot = place(control, full, small, window, (x) => x > 330 || x < 90);
    expect(spot?.small ?? null).not.toBeNull();
    expect(overlap(spot?.box ?? control, control)).toBe(false);
  });

  it('stands beside a control that the window cuts off, wholly inside', () => {
    const cut: Box = { left: 100, top: 580, width: 200, height: 40 };
    expect(place(cut, full, small, window, () => false)).toEqual({ box: { left: 306, top: 576, ...full }, small: false });
  });

  it('has its place in the room that is kept free around its control', () => {
    const room = withRoom(control, small);
    for (const taken of [() => false, (x: number) => x > 300, (x: number, y: number) => x > 300 || y > 130]) {
      const spot = place(control, small, small, window, taken);
      expect(spot && spot.box.left >= room.left && spot.box.top >= room.top).toBe(true);
      expect(spot && spot.box.left + spot.box.width <= room.left + room.width && spot.box.top + spot.box.height <= room.top + room.height).toBe(true);
    }
  });

  it('is not drawn when every place is taken', () => {
    expect(place(control, full, small, window, () => true)).toBeNull();
  });

  it('never covers its own control nor leaves the window, wherever the control is', () => {
    for (let left = 0; left <= 990; left += 45) {
      for (let top = 0; top <= 570; top += 45) {
        const here = { left, top, width: Math.min(200, 1000 - left), height: 30 };
        const spot = place(here, full, small, window, () => false);
        expect(spot).not.toBeNull();
        if (!spot) continue;
        expect(overlap(spot.box, here)).toBe(false);
        expect(spot.box.left >= 0 && spot.box.left + spot.box.width <= 1000).toBe(true);
        expect(spot.box.top >= 0 && spot.box.top + spot.box.height <= 600).toBe(true);
      }
    }
  });
});

describe('a card', () => {
  it('opens over its mark where there is no room below, and stays inside', () => {
    expect(placeCard({ left: 950, top: 560, ...small }, { width: 320, height: 200 }, window)).toEqual({ left: 676, top: 356 });
  });
});
