// Where a mark may stand: beside its control, never over it or over anything else that can be used.

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

const GAP = 6;

function fits(box: Box, window: Size): boolean {
  return box.left >= 0 && box.top >= 0 && box.left + box.width <= window.width && box.top + box.height <= window.height;
}

/** A control with the room that a small mark takes beside it. */
export function withRoom({ left, top, width, height }: Box, small: Size): Box {
  const [x, y] = [small.width + GAP, small.height + GAP];
  return { left: left - x, top: top - y, width: width + 2 * x, height: height + 2 * y };
}

export function overlap(a: Box, b: Box): boolean {
  return a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;
}

/** Points of a box that are asked whether something usable lies there: corners, edges' middles, centre. */
export function probes(box: Box): [number, number][] {
  const xs = [box.left + 1, box.left + box.width / 2, box.left + box.width - 1];
  const ys = [box.top + 1, box.top + box.height / 2, box.top + box.height - 1];
  return xs.flatMap((x) => ys.map((y): [number, number] => [x, y]));
}

/**
 * The first free place for a mark: right of the control, left of it, below, above; then the same for the small mark
 * (shape only). All boxes are in window coordinates, CSS pixels. `taken` says whether a point belongs to something
 * usable or to another mark. null: no place is free, so the mark is not drawn and the summary alone tells.
 */
export function place(
  control: Box,
  full: Size,
  small: Size,
  window: Size,
  taken: (x: number, y: number) => boolean,
): { box: Box; small: boolean } | null {
  for (const [size, isSmall] of [
    [full, false],
    [small, true],
  ] as const) {
    // Beside a control that the window cuts off, a mark stands as far inside as it needs to be seen whole.
    const middle = Math.min(Math.max(control.top + (control.height - size.height) / 2, 0), window.height - size.height);
    const right = control.left + control.width;
    const spots: [number, number][] = [
      [right + GAP, middle],
      [control.left, control.top + control.height + 2],
      [Math.max(0, right - size.width), control.top - size.height - 2],
      [control.left - size.width - GAP, middle],
    ];
    for (const [left, top] of spots) {
      const box = { left, top, ...size };
      if (fits(box, window) && !probes(box).some(([x, y]) => taken(x, y))) return { box, small: isSmall };
    }
  }
  return null;
}

/** Where a card opened from a mark goes: under it if there is room, otherwise over it; kept inside the window. */
export function placeCard(mark: Box, card: Size, window: Size): { left: number; top: number } {
  const below = mark.top + mark.height + 4;
  const top = below + card.height <= window.height ? below : Math.max(4, mark.top - card.height - 4);
  const left = Math.min(Math.max(4, mark.left), Math.max(4, window.width - card.width - 4));
  return { left, top };
}
