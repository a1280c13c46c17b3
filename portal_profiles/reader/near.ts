/**
 * A locator that finds nothing -> what of the page's own wording is nearest to it, for whoever mends the
 * profile: labels, headings, names of controls, ids. Never a value, because a value is somebody's.
 */

import { attribute, folded, isElement, labelKey, parentNode, query, tag } from "./dom";
import type { Scope } from "./locate";
import { accessibleName, controlNames, withRole } from "./names";
import type { Locator } from "./types";

/** Roles whose names are the page's own wording; a row, a cell or an option is named by what it holds. */
const NAMING_ROLES = /^(heading|button|tab|link|region|table|grid|form|navigation|dialog)$/;
const TEST_IDS = ["data-testid", "data-test-id", "data-test", "data-cy", "data-qa"];
const MOST = 3;
/** Of texts that may also name a person only those are told that are about as the wanted one. */
const ALIKE = 0.62;

export function candidates(locator: Locator, scope: Scope): string[] {
  const wiring = locator.id ?? locator.test_id ?? named(locator.css);
  if (wiring !== undefined) return nearestTo(wiring, wired(scope, locator), ALIKE);
  if (locator.role !== undefined) {
    if (locator.name === undefined || !NAMING_ROLES.test(locator.role)) return [];
    const names = withRole(scope.survey, locator.role, undefined, true, null).map((element) =>
      accessibleName(element),
    );
    return nearestTo(locator.name, names, ALIKE);
  }
  const { survey } = scope;
  if (locator.text !== undefined) {
    const headings = withRole(survey, "heading", undefined, true, null).map((one) => accessibleName(one));
    return nearestTo(locator.text, [...survey.shownLabels(), ...shaped(scope), ...headings], ALIKE);
  }
  const wanted = locator.label ?? locator.beside ?? locator.column;
  if (wanted === undefined) return [];
  if (locator.column !== undefined && scope.inside !== null)
    return nearestTo(wanted, scope.tables.headerTexts(scope.inside), 1);
  const labels = [...survey.shownLabels(), ...controlNames(survey), ...shaped(scope)];
  // A label that stands there still has lost its value: the layout has moved.
  const here = labels.filter((label) => labelKey(label) === labelKey(wanted));
  return [...new Set(locator.beside === undefined ? [] : here), ...nearestTo(wanted, labels, 1)].slice(0, MOST);
}

/** The nearest first, without the wanted one itself. far: how different they may be, 0 (alike) to 1. */
function nearestTo(wanted: string, texts: string[], far: number): string[] {
  const sought = labelKey(wanted);
  return [...new Set(texts.map(folded))]
    .filter((text) => text !== "" && text.length <= 60 && !/\d{4}/.test(text) && labelKey(text) !== sought)
    .map((text) => ({
      text,
      far: distance(sought, labelKey(text)) / Math.max(sought.length, text.length),
    }))
    .filter((one) => one.far <= far)
    .sort((one, other) => one.far - other.far)
    .slice(0, MOST)
    .map(({ text }) => text);
}

/** The id or class that a selector names last. */
function named(css: string | undefined): string | undefined {
  return css === undefined ? undefined : [...css.matchAll(/[#.]([A-Za-z][\w-]*)/g)].at(-1)?.[1];
}

/** The ids, test ids or classes on the page, whichever the locator goes by. */
function wired(scope: Scope, locator: Locator): string[] {
  const { survey } = scope;
  if (locator.test_id !== undefined)
    return TEST_IDS.flatMap((name) => survey.all(`[${name}]`).map((one) => attribute(one, name) ?? ""));
  const ids = survey.all("[id]").map((one) => attribute(one, "id") ?? "");
  if (locator.id !== undefined || /#[\w-]+[^#.]*$/.test(locator.css ?? "")) return ids;
  return survey.all("[class]").flatMap((one) => (attribute(one, "class") ?? "").split(/\s+/));
}

/**
 * The texts that stand as the profile's known labels on this page do: same tag, same class, same place in a
 * parent of the same kind. So labels are told from values where the page itself does not say which is which.
 */
function shaped(scope: Scope): string[] {
  const { survey, knownLabels } = scope;
  const shapes = new Set<string>();
  for (const label of knownLabels)
    for (const element of survey.withLabelText(label, null)) {
      // A plain cell of a table is as often a value as a label.
      if (tag(element) !== "td" || attribute(element, "class") !== null) shapes.add(shape(element));
    }
  const found: string[] = [];
  for (const tags of new Set([...shapes].map((one) => one.split("|")[0] ?? ""))) {
    if (tags === "" || /^(dt|th|option|input)$/.test(tags)) continue;
    for (const element of survey.all(tags)) {
      if (found.length >= 300) break;
      if (!shapes.has(shape(element)) || query(element, "*").length > 2 || !survey.shown(element)) continue;
      const text = survey.shortText(element);
      if (text !== null) found.push(text);
    }
  }
  return found;
}

function shape(element: Element): string {
  const parent = parentNode(element);
  const outer = isElement(parent) ? parent : null;
  const place = outer === null ? 0 : [...outer.children].indexOf(element);
  const of = (one: Element): string => `${tag(one)}|${attribute(one, "class") ?? ""}`;
  return `${of(element)}|${place}|${outer === null ? "" : of(outer)}`;
}

/** Levenshtein's edit distance. */
function distance(one: string, other: string): number {
  let before = [...` ${other}`].map((_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const change = one[row - 1] === other[column - 1] ? 0 : 1;
      now[column] = Math.min(
        (before[column] ?? 0) + 1,
        (now[column - 1] ?? 0) + 1,
        (before[column - 1] ?? 0) + change,
      );
    }
    before = now;
  }
  return before[other.length] ?? 0;
}
