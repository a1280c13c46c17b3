// Builds elements one by one: text is always text, so nothing a page or a server says is ever parsed as HTML.

type Child = Node | string | null | false | undefined;
type Attributes = Record<string, string | boolean | ((event: Event) => void) | undefined>;

/** One element. Attributes that are functions are listeners (`onclick` -> click); `true` is an empty attribute. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (typeof value === 'string') element.setAttribute(name, value);
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Wraps a listener so that only a real person's action reaches it, never one that a script made. */
export function byPerson(act: (event: Event) => void): (event: Event) => void {
  return (event) => {
    if (event.isTrusted) act(event);
  };
}

export type Shape = 'unpaired' | 'unreached' | 'paused' | 'idle' | 'denial' | 'caution' | 'clear' | 'could_not' | 'checking' | 'record' | 'overridden' | 'off' | 'agrees';

/** Paths in a 16 x 16 box: outline first, then the sign inside it. Shapes differ, so colour may be missing. */
export const PATHS: Record<Shape, readonly [string, string]> = {
  unpaired: ['M1 4h5.2v8H1zM9.8 4H15v8H9.8z', ''],
  unreached: ['M1.5 1.5h13v13h-13z', 'M4.8 4.8l6.4 6.4M11.2 4.8l-6.4 6.4'],
  idle: ['M3 1.5h10v13H3z', 'M5.6 5h4.8M5.6 8h4.8M5.6 11h2.4'],
  paused: ['M3 1.5h3.4v13H3zM9.6 1.5H13v13H9.6z', ''],
  denial: ['M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2z', 'M8 4.3v4.6M8 11.4v.3'],
  caution: ['M8 1.6 15.2 14.2H.8z', 'M8 6v4M8 12v.2'],
  clear: ['M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z', 'M4.8 8.2 7 10.5l4.3-4.8'],
  agrees: ['', 'M3.5 8.4 6.6 11.5l6-6.8'],
  could_not: ['M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z', 'M5.9 6.2a2.1 2.1 0 1 1 3.1 1.9c-.7.4-1 .8-1 1.5M8 11.8v.2'],
  checking: ['M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z', 'M4.7 8h.1M8 8h.1M11.2 8h.1'],
  record: ['M3 1.5h7l3 3v10H3z', 'M5.5 7h5M5.5 9.5h5M5.5 12h3'],
  overridden: ['M8 1.2 14.8 8 8 14.8 1.2 8z', 'M5.2 8h5.6'],
  off: ['M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z', 'M4.5 8h7'],
};

/** A sign drawn in the text's colour, hidden from screen readers: words beside it say the same. */
export function sign(shape: Shape, size = 16): SVGSVGElement {
  const svgNs = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(svgNs, 'svg');
  for (const [name, value] of Object.entries({
    viewBox: '0 0 16 16',
    width: String(size),
    height: String(size),
    'aria-hidden': 'true',
    focusable: 'false',
    class: `sign ${shape}`,
  })) {
    svg.setAttribute(name, value);
  }
  const [outline, inner] = PATHS[shape];
  for (const [d, name] of [
    [outline, 'outline'],
    [inner, 'inner'],
  ] as const) {
    if (d === '') continue;
    const path = document.createElementNS(svgNs, 'path');
    path.setAttribute('d', d);
    path.setAttribute('class', name);
    svg.append(path);
  }
  return svg;
}
