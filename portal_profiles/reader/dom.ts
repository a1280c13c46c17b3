/**
 * The page's elements, asked in a way that the page can't easily get in between: a form control named `id` or
 * `parentNode` shadows the property of that name on its form, so prototypes' own accessors are called.
 */

const getAttribute = Element.prototype.getAttribute;
const closest = Element.prototype.closest;
const queryIn = {
  document: Document.prototype.querySelectorAll,
  fragment: DocumentFragment.prototype.querySelectorAll,
  element: Element.prototype.querySelectorAll,
};

function getter<T>(of: object, property: string): (node: Node) => T {
  const get = Object.getOwnPropertyDescriptor(of, property)?.get;
  if (get === undefined) throw new Error(`This browser has no ${property} to read`);
  return (node) => get.call(node) as T;
}

export const parentNode = getter<Node | null>(Node.prototype, "parentNode");
export const childNodes = getter<NodeListOf<ChildNode>>(Node.prototype, "childNodes");
export const firstChild = getter<ChildNode | null>(Node.prototype, "firstChild");
export const nextSibling = getter<ChildNode | null>(Node.prototype, "nextSibling");
export const nextElement = getter<Element | null>(Element.prototype, "nextElementSibling");
export const nodeType = getter<number>(Node.prototype, "nodeType");
export const shadowRoot = getter<ShadowRoot | null>(Element.prototype, "shadowRoot");
const localName = getter<string>(Element.prototype, "localName");
const assignedSlot = getter<Element | null>(Element.prototype, "assignedSlot");
const textData = getter<string>(CharacterData.prototype, "data");
const shadowHost = getter<Element>(ShadowRoot.prototype, "host");

export const ELEMENT = 1;
export const TEXT = 3;

export function isElement(node: Node | null): node is Element {
  return node !== null && nodeType(node) === ELEMENT;
}

export function tag(element: Element): string {
  return localName(element).toLowerCase();
}

export function attribute(element: Element, name: string): string | null {
  return getAttribute.call(element, name);
}

export function nearest(element: Element, selector: string): Element | null {
  return closest.call(element, selector);
}

export function data(text: Node): string {
  return textData(text);
}

export function query(scope: Document | ShadowRoot | Element, selector: string): Element[] {
  const type = nodeType(scope);
  const find = type === 9 ? queryIn.document : type === 11 ? queryIn.fragment : queryIn.element;
  // Spread, not Array.from: old page libraries put their own in its place.
  return [...(find as (selector: string) => NodeListOf<Element>).call(scope, selector)];
}

/** Visits what a selector finds, without a list in between. */
export function forEach(
  root: Document | ShadowRoot,
  selector: string,
  visit: (element: Element) => void,
): void {
  const found = (nodeType(root) === 9 ? queryIn.document : queryIn.fragment).call(root, selector);
  for (let at = 0; at < found.length; at += 1) visit(found[at] as Element);
}

/** The parent as a person sees it: out of a slot into the shadow tree, out of a shadow root to its host. */
export function shownParent(node: Node): Element | null {
  if (isElement(node)) {
    const slot = assignedSlot(node);
    if (slot !== null) return slot;
  }
  const parent = parentNode(node);
  if (parent === null) return null;
  if (isElement(parent)) return parent;
  return parent instanceof ShadowRoot ? shadowHost(parent) : null;
}

/** Whether `inner` is `outer` or stands anywhere inside it, shadow roots included. */
export function contains(outer: Element, inner: Node): boolean {
  for (let node: Node | null = inner; node !== null; node = shownParent(node))
    if (node === outer) return true;
  // A slotted element's light-tree parents are its ancestors too.
  for (let node: Node | null = inner; node !== null; node = parentNode(node)) if (node === outer) return true;
  return false;
}

// Marks of direction, zero-width characters and joiners that components put between a date's sections.
const UNSEEN = /[\u00ad\u200b-\u200f\u2060\u2066-\u2069\ufeff]/g;

// Most texts are plain already; on a page of fifty thousand elements that is worth a look first.
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** The text as it looks: unseen characters dropped, white space folded, ends trimmed. */
export function folded(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSEEN, "").replace(/\s+/g, " ").trim();
}

/** How two texts are compared: folded, letter case aside. */
export function key(text: string): string {
  return folded(text).toLowerCase();
}

/**
 * How two labels are compared: also without the colon, the mark of a required field or the arrow of a
 * sort.
 */
export function labelKey(text: string): string {
  const plain = key(text);
  if (/^[^*\s].*[a-z0-9]$/.test(plain)) return plain;
  return plain
    .replace(/^[*\s]+|[\s:*▲▼△▽↑↓⇅↕]+$/gu, "")
    .replace(/\s*\((required|optional)\)$/u, "")
    .replace(/[\s:*]+$/u, "");
}

/** A text as a quoted CSS string. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\a ")}"`;
}
