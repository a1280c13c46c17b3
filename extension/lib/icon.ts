// The toolbar icon drawn from the same signs as the page's: the sign inside is cut out, so that the outline alone tells.
import { PATHS, type Shape } from './elements';

const SIZES = [16, 32] as const;

/** The icon in the sizes that toolbars use. */
export function iconOf(shape: Shape, colour: string): Record<string, ImageData> {
  return Object.fromEntries(SIZES.map((size) => [size, drawn(shape, colour, size)]));
}

function drawn(shape: Shape, colour: string, size: number): ImageData {
  const context = new OffscreenCanvas(size, size).getContext('2d');
  if (!context) throw new Error('this browser draws no icon');
  const [outline, inner] = PATHS[shape];
  context.scale(size / 16, size / 16);
  context.fillStyle = colour;
  context.fill(new Path2D(outline));
  context.globalCompositeOperation = 'destination-out';
  context.lineWidth = 2;
  context.lineCap = 'round';
  context.stroke(new Path2D(inner));
  return context.getImageData(0, 0, size, size);
}
