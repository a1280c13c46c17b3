/**
 * A declared locator -> elements. What is not visible is not found, except a hidden control that is
 * asked for.
 */

import {
  attribute,
  contains,
  folded,
  isElement,
  labelKey,
  nearest,
  nextElement,
  nextSibling,
  parentNode,
  query,
  quoted,
  tag,
} from "./dom";
import { isControl, labelled, withRole } from "./names";
import type { Survey } from "./survey";
import { isHeaderRow, type Tables } from "./tables";
import type { Locator } from "./types";

export interface Scope {
  survey: Survey;
  tables: Tables;
  /** Labels that the profile names: the neighbour of one label is never another. */
  knownLabels: ReadonlySet<string>;
  /** Only inside this element; null for the whole document. */
  inside: Element | null;
  hidden: boolean;
}

const TEST_IDS = ["data-testid", "data-test-id", "data-test", "data-cy", "data-qa"];

/**
 * The elements that the locator means, each once. Never throws: a selector that can't be read finds
 * nothing.
 */
export function find(locator: Locator, scope: Scope): Element[] {
  const { within, ...rest } = locator;
  if (within === undefined) return [...new Set(one(rest, scope))];
  const outers = find(within, { ...scope, hidden: false });
  return [...new Set(outers.flatMap((inside) => one(rest, { ...scope, inside })))];
}

function one(locator: Locator, scope: Scope): Element[] {
  const { survey, inside, hidden } = scope;
  const exact = locator.exact !== false;
  if (locator.label !== undefined) return labelled(survey, locator.label, exact, inside, hidden);
  if (locator.role !== undefined) return withRole(survey, locator.role, locator.name, exact, inside);
  if (locator.beside !== undefined) return beside(locator.beside, scope);
  if (locator.text !== undefined) return survey.withText(locator.text, exact, inside);
  if (locator.column !== undefined) return inside === null ? [] : scope.tables.cells(inside, locator.column);
  let selector = locator.css;
  if (locator.id !== undefined) selector = `[id=${quoted(locator.id)}]`;
  const wanted = locator.test_id;
  if (wanted !== undefined) selector = TEST_IDS.map((name) => `[${name}=${quoted(wanted)}]`).join(", ");
  if (selector === undefined) return [];
  return selected(selector, scope).filter((element) => hidden || survey.shown(element));
}

function selected(selector: string, scope: Scope): Element[] {
  try {
    return scope.survey.all(selector, scope.inside);
  } catch (error) {
    if (error instanceof DOMException && error.name === "SyntaxError") return [];
    throw error;
  }
}

/** The visible values that stand beside a label of exactly this text. */
function beside(label: string, scope: Scope): Element[] {
  const found = new Set<Element>();
  for (const element of scope.survey.withLabelText(label, scope.inside)) {
    for (const value of valuesOf(element, label, scope)) {
      if (scope.inside !== null && !contains(scope.inside, value)) continue;
      if (scope.survey.shown(value)) found.add(value);
    }
  }
  return [...found];
}

function valuesOf(labelElement: Element, label: string, scope: Scope): Element[] {
  const term = climb(labelElement, "dt", label, scope);
  if (term !== null) return definitions(term);
  const cell = climb(labelElement, "th, td, [role=rowheader], [role=cell], [role=gridcell]", label, scope);
  if (cell !== null) return cellsAfter(cell, scope);
  if (nearest(labelElement, "td, th") !== null && tag(labelElement) === "th") return [];
  const form = climb(labelElement, "label", label, scope);
  if (form !== null) {
    const control = (form as HTMLLabelElement).control;
    if (isElement(control) && isControl(control)) return [control];
  }
  const id = attribute(labelElement, "id") ?? (form === null ? null : attribute(form, "id"));
  const pointing =
    id === null ? [] : scope.survey.labelledBy(id).filter((element) => element !== labelElement);
  if (pointing.length > 0) return pointing;
  return neighbour(labelElement, label, scope);
}

/** The nearest ancestor (or the element itself) of this kind, if the label is all it says. */
function climb(element: Element, selector: string, label: string, scope: Scope): Element | null {
  const outer = nearest(element, selector);
  if (outer === null) return null;
  if (outer === element) return outer;
  return labelKey(scope.survey.shortText(outer) ?? "") === labelKey(label) ? outer : null;
}

function definitions(term: Element): Element[] {
  const values: Element[] = [];
  for (let next = nextElement(term); next !== null && tag(next) !== "dt"; next = nextElement(next)) {
    if (tag(next) === "dd") values.push(next);
  }
  return values;
}

/** The cells after a label in its row; a column's header has no value beside it. */
function cellsAfter(cell: Element, scope: Scope): Element[] {
  const row = nearest(cell, "tr, [role=row]");
  if (row === null || isHeaderRow(row)) return [];
  const isHeader = tag(cell) === "th" || attribute(cell, "role") === "rowheader";
  const table = nearest(row, "table, [role=table], [role=grid]");
  if (!isHeader && table !== null && query(table, "tr, [role=row]").some(isHeaderRow)) return [];
  const values: Element[] = [];
  for (let next = nextElement(cell); next !== null; next = nextElement(next)) {
    if (tag(next) === "th" || attribute(next, "role") === "rowheader") break;
    if (!scope.survey.shown(next)) continue;
    if (!isHeader && (values.length === 1 || isLabel(next, scope))) break;
    values.push(next);
  }
  return values;
}

/** The next visible sibling of a label (or of a wrapper that says nothing else), if it is no label itself. */
function neighbour(labelElement: Element, label: string, scope: Scope): Element[] {
  let at: Element = labelElement;
  for (let step = 0; step < 6; step += 1) {
    // Bare text after the label, as in <p><b>Status:</b> Approved</p>: the paragraph is the value's element.
    const parent = parentNode(at);
    if (textAfter(at)) return isElement(parent) ? [parent] : [];
    let next = nextElement(at);
    while (next !== null && (isSign(next) || !scope.survey.shown(next))) next = nextElement(next);
    if (next !== null) return isLabel(next, scope) || (step > 0 && isPair(next, scope)) ? [] : [next];
    if (!isElement(parent) || tag(parent) === "body") return [];
    if (labelKey(scope.survey.shortText(parent) ?? "") !== labelKey(label)) return [];
    at = parent;
  }
  return [];
}

/** A label and its own value together: the neighbour of a label that has lost its value. */
function isPair(element: Element, scope: Scope): boolean {
  const [first, second] = query(element, "*");
  return first !== undefined && second !== undefined && isLabel(first, scope);
}

/** An icon or a button of help between a label and its value. */
function isSign(element: Element): boolean {
  return /^(i|svg|img|button)$/.test(tag(element)) || attribute(element, "role") === "img";
}

function textAfter(element: Element): boolean {
  const next = nextSibling(element);
  return (
    next !== null &&
    next.nodeType === 3 &&
    folded(next.textContent ?? "")
      .replace(/^:/, "")
      .trim() !== ""
  );
}

/** Whether the element is itself a label. */
export function isLabel(element: Element, scope: Scope): boolean {
  if (/^(label|dt|th|legend)$/.test(tag(element))) return true;
  const text = scope.survey.shortText(element);
  if (text === null) return false;
  return /:$/.test(text) || scope.knownLabels.has(labelKey(text));
}
