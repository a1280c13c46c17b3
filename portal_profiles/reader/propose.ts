/**
 * An element -> the locators that mean it, best first: by its label, beside its label, by role and name, under
 * its column, by test id, id, and last by CSS. Each is tried by the reader's own rules and counted.
 */

import { attribute, folded, isElement, nearest, parentNode, query, tag } from "./dom";
import { find, type Scope } from "./locate";
import { accessibleName, isControl } from "./names";
import { Survey } from "./survey";
import { isHeaderRow, Tables } from "./tables";
import type { Locator } from "./types";

export interface Proposal {
  locator: Locator;
  /** How many elements it finds: on the page, or for a column in the row. */
  count: number;
}

export interface Proposed {
  proposals: Proposal[];
  /** Where the element stands in a row of a table: the locator of those rows and how many there are. */
  row: Proposal | null;
}

const TABLE = "table, [role=table], [role=grid], [role=treegrid]";
const NAMED_ROLES = /^(button|link|heading|tab|checkbox|radio|switch|combobox|textbox|region|dialog)$/;
const TEST_IDS = ["data-testid", "data-test-id", "data-test", "data-cy", "data-qa"];
const ROLE_OF: Record<string, string> = {
  a: "link",
  button: "button",
  h1: "heading",
  h2: "heading",
  h3: "heading",
  h4: "heading",
};

/** Every locator that finds the element, those that find it alone before those that find others too. */
export function propose(root: Document, clicked: Element): Proposed {
  const survey = new Survey(root);
  const scope: Scope = {
    survey,
    tables: new Tables(survey),
    knownLabels: new Set(),
    inside: null,
    hidden: false,
  };
  const element = owner(clicked);
  const row = rowOf(element, scope);
  const proposals: Proposal[] = [];
  if (row !== null) {
    for (const header of scope.tables.headerTexts(row.element)) {
      const count = means({ column: header }, element, { ...scope, inside: row.element });
      if (count > 0) proposals.push({ locator: { column: header }, count });
    }
  }
  for (const locator of [...byName(element), ...beside(element, scope), ...byWiring(element)]) {
    const count = means(locator, element, scope);
    if (count > 0) proposals.push({ locator, count });
  }
  const alone = proposals.filter((one) => one.count === 1);
  return {
    proposals: [...alone, ...proposals.filter((one) => one.count > 1)],
    row: row === null ? null : { locator: row.locator, count: find(row.locator, scope).length },
  };
}

/** How many elements the locator finds when this one (or the cell or wrapper that is only it) is among them; or 0. */
function means(locator: Locator, element: Element, scope: Scope): number {
  const found = find(locator, scope);
  const same = (one: Element): boolean =>
    one === element ||
    (one.contains(element) && folded(one.textContent ?? "") === folded(element.textContent ?? ""));
  return found.some(same) ? found.length : 0;
}

/** The control that a click on one of its parts means, or the element itself. */
function owner(clicked: Element): Element {
  for (let at: Node | null = clicked, step = 0; isElement(at) && step < 4; at = parentNode(at), step += 1)
    if (isControl(at) || /^(a|button)$/.test(tag(at))) return at;
  return clicked;
}

function byName(element: Element): Locator[] {
  const name = accessibleName(element);
  const role = (attribute(element, "role") ?? ROLE_OF[tag(element)] ?? "").trim();
  const found: Locator[] = [];
  if (isControl(element) && name !== "") found.push({ label: name });
  if (NAMED_ROLES.test(role) && name !== "") found.push({ role, name });
  return found;
}

/** The texts before the element, and before what holds it: one of them may be its label. */
function beside(element: Element, scope: Scope): Locator[] {
  const labels = new Set<string>();
  let at: Element = element;
  for (let step = 0; step < 5; step += 1) {
    let before = at.previousElementSibling;
    for (let back = 0; back < 3 && before !== null; back += 1) {
      const text = scope.survey.shortText(before);
      if (text !== null && text !== "" && text.length <= 60) labels.add(text.replace(/\s*:$/, ""));
      before = before.previousElementSibling;
    }
    const parent = parentNode(at);
    if (!isElement(parent) || tag(parent) === "body") break;
    at = parent;
  }
  return [...labels].map((label) => ({ beside: label }));
}

function byWiring(element: Element): Locator[] {
  const found: Locator[] = [];
  for (let at: Element | null = element, step = 0; at !== null && step < 2; step += 1) {
    for (const name of TEST_IDS) {
      const value = attribute(at, name);
      if (value !== null && value !== "") found.push({ test_id: value });
    }
    const parent = parentNode(at);
    at = isElement(parent) && folded(parent.textContent ?? "") === folded(at.textContent ?? "") ? parent : null;
  }
  const id = attribute(element, "id");
  if (id !== null && id !== "" && !/\d{3}|:/.test(id)) found.push({ id });
  return [...found, { css: pathOf(element) }];
}

/** A CSS path from the nearest element with an id of its own. */
function pathOf(element: Element): string {
  const steps: string[] = [];
  for (let at: Node | null = element; isElement(at); at = parentNode(at)) {
    const id = attribute(at, "id");
    if (at !== element && id !== null && /^[A-Za-z][\w-]*$/.test(id) && !/\d{3}/.test(id)) {
      steps.unshift(`${tag(at)}#${id}`);
      return steps.join(" > ");
    }
    if (tag(at) === "body" || tag(at) === "html") break;
    const parent = parentNode(at);
    const name = tag(at);
    const like = isElement(parent) ? [...parent.children].filter((one) => tag(one) === name) : [];
    steps.unshift(like.length > 1 ? `${name}:nth-of-type(${like.indexOf(at) + 1})` : name);
  }
  return steps.join(" > ");
}

function rowOf(element: Element, scope: Scope): { element: Element; locator: Locator } | null {
  const row = nearest(element, "tr, [role=row]");
  const table = row === null ? null : nearest(row, TABLE);
  if (row === null || table === null || isHeaderRow(row)) return null;
  if (!query(table, "tr, [role=row]").some(isHeaderRow)) return null;
  const id = attribute(table, "id");
  const name = accessibleName(table);
  if (tag(row) === "tr") {
    const own = id !== null && /^[A-Za-z][\w-]*$/.test(id) ? `table#${id} tbody tr` : "table tbody tr";
    return { element: row, locator: { css: own } };
  }
  const role = attribute(table, "role") ?? "grid";
  const within: Locator = name === "" ? { role } : { role, name };
  return find(within, scope).length === 1
    ? { element: row, locator: { role: "row", within } }
    : { element: row, locator: { role: "row" } };
}
