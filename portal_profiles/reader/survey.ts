/**
 * One look at one document: what is visible in it, and where its texts stand. Made anew for every
 * reading.
 */

import {
  TEXT,
  attribute,
  childNodes,
  contains,
  data,
  firstChild,
  folded,
  forEach,
  isElement,
  key,
  labelKey,
  nearest,
  nextSibling,
  parentNode,
  query,
  shadowRoot,
  shownParent,
  tag,
} from "./dom";

const UNREAD = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "head",
  "title",
  "option",
  "optgroup",
  "datalist",
]);
const STRUCTURAL = "dt, th, label, legend, caption, [role=term], [role=rowheader], [role=columnheader]";

/** A text longer than this is prose, not a label. */
const LABEL_LIMIT = 200;

export class Survey {
  readonly roots: (Document | ShadowRoot)[];
  private readonly laidOut: boolean;
  private readonly seen = new Map<Element, boolean>();
  private readonly fullyOpaque = new Map<Element, boolean>();
  private texts: Map<string, Element[]> | null = null;
  private labels: Map<string, Element[]> | null = null;
  private described: Map<string, Element[]> | null = null;

  constructor(readonly document: Document) {
    this.roots = [document];
    for (let at = 0; at < this.roots.length; at += 1) {
      const root = this.roots[at];
      if (root === undefined) break;
      forEach(root, "*", (element) => {
        const inner = shadowRoot(element);
        if (inner !== null) this.roots.push(inner);
      });
    }
    // Without layout (a unit test's document) only styles can tell what is hidden.
    this.laidOut = document.documentElement.getClientRects().length > 0;
  }

  /**
   * Everything that a selector finds in the scope, open shadow roots included, in document order of each
   * root.
   */
  all(selector: string, scope: Element | null = null): Element[] {
    if (scope === null) return this.roots.flatMap((root) => query(root, selector));
    const found = query(scope, selector);
    for (const root of this.roots) {
      if (root instanceof ShadowRoot && contains(scope, root.host)) found.push(...query(root, selector));
    }
    return found;
  }

  /** Whether a sighted person sees it, as far as styles and sizes tell: also each of its ancestors. */
  shown(element: Element): boolean {
    const climbed: Element[] = [];
    let visible = true;
    for (let at: Element | null = element; at !== null; at = shownParent(at)) {
      const known = this.seen.get(at);
      if (known !== undefined) {
        visible = known;
        break;
      }
      climbed.push(at);
    }
    for (let index = climbed.length - 1; index >= 0; index -= 1) {
      const at = climbed[index];
      if (at === undefined) continue;
      visible = visible && this.open(at);
      this.seen.set(at, visible);
    }
    return visible && this.visibility(element);
  }

  /** `visibility` is inherited but a child may be visible again, so only the element's own counts. */
  private visibility(element: Element): boolean {
    const known = this.fullyOpaque.get(element);
    if (known !== undefined) return known;
    const style = this.style(element);
    const visible = style === null || (style.visibility !== "hidden" && style.visibility !== "collapse");
    this.fullyOpaque.set(element, visible);
    return visible;
  }

  private open(element: Element): boolean {
    const style = this.style(element);
    if (style === null) return true;
    if (style.display === "none" || style.opacity === "0") return false;
    if (style.getPropertyValue("content-visibility") === "hidden") return false;
    if (!this.laidOut || style.display === "contents" || element === this.document.documentElement)
      return true;
    if (element === this.document.body) return true;
    if (element.getClientRects().length === 0) return false;
    const box = element.getBoundingClientRect();
    const cut = clips(style.overflowX) || clips(style.overflowY);
    if (cut && (box.width === 0 || box.height === 0)) return false;
    if (box.width <= 1 && box.height <= 1 && (cut || style.clip !== "auto" || style.clipPath !== "none"))
      return false;
    if (/^rect\(0(px)?,? 0(px)?,? 0(px)?,? 0(px)?\)$/.test(style.clip)) return false;
    if (style.position === "absolute" || style.position === "fixed") {
      const view = this.document.defaultView;
      const across = style.position === "fixed" ? 0 : (view?.scrollX ?? 0);
      const down = style.position === "fixed" ? 0 : (view?.scrollY ?? 0);
      if (box.width > 0 && (box.right + across <= 0 || box.bottom + down <= 0)) return false;
    }
    return true;
  }

  private style(element: Element): CSSStyleDeclaration | null {
    return this.document.defaultView?.getComputedStyle(element) ?? null;
  }

  /** The visible text of an element, shadow trees and slots followed; stops after `limit` characters. */
  text(element: Element, limit = 4000, leaveOut: (inner: Element) => boolean = () => false): string {
    let written = "";
    let steps = 0;
    const stack: (Node | string)[] = [element];
    while (stack.length > 0 && written.length < limit && steps < 20_000) {
      steps += 1;
      const node = stack.pop();
      if (node === undefined) break;
      if (typeof node === "string") {
        written += node;
        continue;
      }
      if (!isElement(node)) {
        if (node.nodeType === TEXT) {
          const parent = shownParent(node);
          if (parent === null || this.visibility(parent)) written += data(node);
        }
        continue;
      }
      const name = tag(node);
      if (UNREAD.has(name) || (node !== element && (leaveOut(node) || !this.openHere(node)))) continue;
      if (name === "br") {
        written += " ";
        continue;
      }
      const apart = this.standsApart(node);
      if (apart) written += " ";
      const inner = shadowRoot(node);
      const slotted = name === "slot" ? (node as HTMLSlotElement).assignedNodes() : [];
      const children = inner !== null ? childNodes(inner) : slotted.length > 0 ? slotted : childNodes(node);
      if (apart) stack.push(" ");
      for (let at = children.length - 1; at >= 0; at -= 1) stack.push(children[at] as Node);
    }
    return folded(written);
  }

  private openHere(element: Element): boolean {
    const known = this.seen.get(element);
    if (known !== undefined) return known;
    const parent = shownParent(element);
    const visible = (parent === null || this.seen.get(parent) !== false) && this.open(element);
    if (parent !== null && this.seen.get(parent) === true) this.seen.set(element, visible);
    return visible;
  }

  private standsApart(element: Element): boolean {
    const display = this.style(element)?.display ?? "inline";
    return display !== "contents" && !display.startsWith("inline");
  }

  /** The visible text, or null when it is longer than a label: bounded work on any element. */
  shortText(element: Element): string | null {
    const text = this.text(element, LABEL_LIMIT + 1);
    return text.length > LABEL_LIMIT ? null : text;
  }

  /** Visible elements whose own text is this one (`exact`), or has it as a part; the innermost ones only. */
  withText(wanted: string, exact: boolean, scope: Element | null): Element[] {
    this.texts ??= this.indexTexts();
    const sought = key(wanted);
    let found: Element[] = [];
    if (exact) found = this.texts.get(sought) ?? [];
    else for (const [text, elements] of this.texts) if (text.includes(sought)) found.push(...elements);
    const inside = found.filter((element) => scope === null || contains(scope, element));
    return innermost(inside.filter((element) => this.shown(element)));
  }

  /** Visible elements whose text is this label. */
  withLabelText(wanted: string, scope: Element | null): Element[] {
    if (this.labels === null) {
      this.texts ??= this.indexTexts();
      this.labels = new Map();
      for (const [text, elements] of this.texts) {
        if (text.length > LABEL_LIMIT) continue;
        const label = labelKey(text);
        const known = this.labels.get(label);
        this.labels.set(label, known === undefined ? elements : [...known, ...elements]);
      }
      for (const element of this.all(STRUCTURAL)) {
        if (element.childElementCount === 0) continue;
        const text = this.shortText(element);
        if (text !== null)
          this.labels.set(labelKey(text), [...(this.labels.get(labelKey(text)) ?? []), element]);
      }
    }
    const found = [...new Set(this.labels.get(labelKey(wanted)) ?? [])];
    return innermost(
      found.filter((element) => (scope === null || contains(scope, element)) && this.shown(element)),
    );
  }

  /** The elements that say of themselves that they are labelled by the element with this id. */
  labelledBy(id: string): Element[] {
    if (this.described === null) {
      this.described = new Map();
      for (const element of this.all("[aria-labelledby]")) {
        for (const name of (attribute(element, "aria-labelledby") ?? "").split(/\s+/)) {
          add(this.described, name, element);
        }
      }
    }
    return this.described.get(id) ?? [];
  }

  /**
   * The labels that the page shows, for naming the nearest ones when a declared label is gone. Never
   * values.
   */
  shownLabels(): string[] {
    const found = new Set<string>();
    for (const element of this.all(`dt, th, label, legend, [role=columnheader], [role=term]`)) {
      if (found.size >= 300) break;
      if (tag(element) === "th" && namesARow(element)) continue;
      if (!this.shown(element)) continue;
      const text = this.shortText(element);
      // A label is a few words; long digits in one are somebody's number.
      if (text !== null && text !== "" && text.length <= 60 && !/\d{4}/.test(text)) found.add(text);
    }
    return [...found];
  }

  private indexTexts(): Map<string, Element[]> {
    const index = new Map<string, Element[]>();
    for (const root of this.roots) {
      const walker = this.document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      let last: Node | null = null;
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const parent = parentNode(node);
        if (parent === last || !isElement(parent) || UNREAD.has(tag(parent))) continue;
        const alone = firstChild(parent) === node && nextSibling(node) === null;
        const own = key(alone ? data(node) : directText(parent));
        last = parent;
        if (own === "") continue;
        add(index, own, parent);
        if (!alone && parent.childElementCount > 0 && parent.childElementCount < 20) {
          const text = this.shortText(parent);
          if (text !== null && key(text) !== own) add(index, key(text), parent);
        }
      }
    }
    return index;
  }
}

/**
 * A row header names a thing (perhaps a person), unlike a column header, when the table has column
 * headers.
 */
function namesARow(element: Element): boolean {
  if (attribute(element, "scope") === "row") {
    const table = nearest(element, "table");
    return table !== null && query(table, "thead th, tr > th[scope=col]").length > 0;
  }
  return false;
}

function clips(overflow: string): boolean {
  return overflow === "hidden" || overflow === "clip";
}

function directText(element: Element): string {
  let text = "";
  for (const node of childNodes(element)) if (node.nodeType === TEXT) text += `${data(node)} `;
  return text;
}

function add(index: Map<string, Element[]>, name: string, element: Element): void {
  const known = index.get(name);
  if (known === undefined) index.set(name, [element]);
  else known.push(element);
}

/** Without those that contain another of them. */
export function innermost(elements: Element[]): Element[] {
  const unique = [...new Set(elements)];
  if (unique.length < 2 || unique.length > 200) return unique;
  return unique.filter((outer) => !unique.some((inner) => inner !== outer && contains(outer, inner)));
}
