/**
 * A page -> which page it is, and its declared fields and rows as text. The one interpreter of a reading
 * part.
 */

import { key, labelKey } from "./dom";
import { find, type Scope } from "./locate";
import { candidates } from "./near";
import { isSecret } from "./names";
import { Survey } from "./survey";
import { Tables } from "./tables";
import type {
  FieldPart,
  FieldText,
  Locator,
  PagePart,
  PageText,
  ReadingPart,
  ReadingProblem,
  RowsPart,
} from "./types";
import { read as readElement } from "./value";

/** Which pages fit: the signs all visible, none of the absent ones. */
export interface Fit {
  page: string | null;
  fits: string[];
  overlays: string[];
}

/**
 * Reads one document and its open shadow roots. Frames are documents of their own: run it in each. Never
 * throws.
 */
export function read(root: Document, part: ReadingPart): PageText {
  const scope = scopeOf(root, part);
  const problems: ReadingProblem[] = [];
  const fit = fitting(part, scope, problems);
  const text: PageText = {
    slug: part.slug,
    version: part.version,
    ...fit,
    url_path: root.location?.pathname ?? "",
    fields: {},
    rows: {},
    problems,
  };
  const page = fit.page === null ? undefined : part.pages[fit.page];
  if (page === undefined) return text;
  for (const [name, field] of Object.entries(page.fields)) {
    const value = readField(field, scope, `fields.${name}`, problems);
    if (value !== null) text.fields[name] = value;
  }
  for (const [name, rows] of Object.entries(page.rows)) {
    const where = `rows.${name}`;
    text.rows[name] = guarded(where, problems, () => readRows(rows, scope, where, problems)) ?? [];
  }
  return text;
}

/** Which page the document is, without reading it. */
export function classify(root: Document, part: ReadingPart): Fit {
  return fitting(part, scopeOf(root, part), []);
}

/** What of the page's own wording is nearest to a locator that finds nothing: labels, names, ids; never a value. */
export function nearest(root: Document, part: ReadingPart | null, locator: Locator): string[] {
  return candidates(locator, scopeOf(root, part));
}

/** Every visible element that a locator means; `inside` narrows it to one element. */
export function locate(root: Document, locator: Locator, inside: Element | null = null): Element[] {
  return find(locator, { ...scopeOf(root, null), inside });
}

/** The visible rows of a page's rows table, in the order in which `read` gives them. */
export function locateRows(root: Document, part: ReadingPart, page: string, name: string): Element[] {
  const rows = part.pages[page]?.rows[name];
  return rows === undefined ? [] : rowElements(rows, scopeOf(root, part));
}

/**
 * The visible element that stands for a field: its control, or the stand-in of a hidden one; null unless
 * there is exactly one. `name` is a field's key, or "procedures[0].quantity" for a cell of a row.
 */
export function locateField(root: Document, part: ReadingPart, page: string, name: string): Element | null {
  const spec = part.pages[page];
  if (spec === undefined) return null;
  const scope = scopeOf(root, part);
  const [field, inside] = fieldAt(spec, name, scope);
  if (field === undefined) return null;
  const within = { ...scope, inside };
  if (field.hidden && field.stand_in !== null) return single(find(field.stand_in, within));
  for (const locator of [field.find, ...field.fallback]) {
    const found = find(locator, within);
    if (found.length > 0) return single(found);
  }
  return null;
}

function scopeOf(root: Document, part: ReadingPart | null): Scope {
  const survey = new Survey(root);
  const knownLabels = new Set<string>();
  for (const page of Object.values(part?.pages ?? {})) {
    const parts = [
      ...Object.values(page.fields),
      ...Object.values(page.rows).flatMap((rows) => Object.values(rows.cells)),
    ];
    for (const { find: locator, fallback } of parts) {
      for (const { beside } of [locator, ...fallback])
        if (beside !== undefined) knownLabels.add(labelKey(beside));
    }
  }
  return { survey, tables: new Tables(survey), knownLabels, inside: null, hidden: false };
}

function fitting(part: ReadingPart, scope: Scope, problems: ReadingProblem[]): Fit {
  const known = new Map<string, boolean>();
  const visible = (locator: Locator): boolean => {
    const name = JSON.stringify(locator);
    const seen = known.get(name) ?? find(locator, scope).length > 0;
    known.set(name, seen);
    return seen;
  };
  const fits = Object.entries(part.pages).filter(([name, page]) =>
    guarded(`pages.${name}`, problems, () => page.sign.every(visible) && !page.absent.some(visible)),
  );
  const under = fits.filter(([, page]) => page.kind !== "overlay").map(([name]) => name);
  return {
    page: single(under),
    fits: fits.map(([name]) => name),
    overlays: fits.filter(([, page]) => page.kind === "overlay").map(([name]) => name),
  };
}

function single<T>(found: T[]): T | null {
  const [first] = found;
  return first !== undefined && found.length === 1 ? first : null;
}

/** What the work gives, or null with a problem where the page breaks it: one field's trap spoils no other. */
function guarded<T>(where: string, problems: ReadingProblem[], work: () => T): T | null {
  try {
    return work();
  } catch {
    problems.push({ where, problem: "failed", count: 0, candidates: [] });
    return null;
  }
}

function readField(
  field: FieldPart,
  scope: Scope,
  where: string,
  problems: ReadingProblem[],
): FieldText | null {
  return guarded(where, problems, () => tryField(field, scope, where, problems));
}

/** One field, or null with a problem that says why: nothing, several, or two ways that disagree. */
function tryField(
  field: FieldPart,
  scope: Scope,
  where: string,
  problems: ReadingProblem[],
): FieldText | null {
  const say = (problem: ReadingProblem["problem"], count: number, candidates: string[] = []): null => {
    problems.push({ where, problem, count, candidates });
    return null;
  };
  if (field.hidden && (field.stand_in === null || find(field.stand_in, scope).length === 0)) {
    return field.required ? say("nothing", 0, candidates(field.stand_in ?? field.find, scope)) : null;
  }
  let value: FieldText | null = null;
  const ways = [field.find, ...field.fallback];
  for (let way = 0; way < ways.length; way += 1) {
    const locator = ways[way];
    if (locator === undefined || (value !== null && !field.compare)) break;
    // Secrets can be signs and be typed by the robot; they are never read.
    const found = find(locator, { ...scope, hidden: field.hidden }).filter((one) => !isSecret(one));
    if (found.length > 1) return say("several", found.length);
    const [element] = found;
    if (element === undefined) continue;
    const text = readElement(scope, element, way, locator.beside ?? null);
    if (value !== null && key(value.text) !== key(text.text)) return say("disagree", 2);
    value ??= text;
  }
  if (value === null) return field.required ? say("nothing", 0, candidates(field.find, scope)) : null;
  if (field.hidden) value.shown = true;
  if (value.way > 0) say("fallback", 1, candidates(field.find, scope));
  return value;
}

function rowElements(rows: RowsPart, scope: Scope): Element[] {
  return find(rows.row, scope).filter((row) => !scope.tables.isNoRecord(row));
}

function readRows(
  rows: RowsPart,
  scope: Scope,
  where: string,
  problems: ReadingProblem[],
): Record<string, FieldText>[] {
  const found = rowElements(rows, scope);
  if (found.length === 0 && rows.required)
    problems.push({ where, problem: "nothing", count: 0, candidates: candidates(rows.row, scope) });
  return found.map((inside, index) => {
    const cells: Record<string, FieldText> = {};
    for (const [name, cell] of Object.entries(rows.cells)) {
      const value = readField(cell, { ...scope, inside }, `${where}[${index}].cells.${name}`, problems);
      if (value !== null) cells[name] = value;
    }
    return cells;
  });
}

function fieldAt(page: PagePart, name: string, scope: Scope): [FieldPart | undefined, Element | null] {
  const cell = /^(\w+)\[(\d+)\]\.(\w+)$/.exec(name);
  if (cell === null) return [page.fields[name], null];
  const rows = page.rows[cell[1] ?? ""];
  if (rows === undefined) return [undefined, null];
  const row = rowElements(rows, scope)[Number(cell[2])];
  return row === undefined ? [undefined, null] : [rows.cells[cell[3] ?? ""], row];
}
