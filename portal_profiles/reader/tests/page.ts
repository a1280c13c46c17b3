/**
 * Pages and parts for the tests: a document from HTML, a reading part from the few keys that a test is
 * about.
 */

import { read } from "../read";
import type { FieldPart, Locator, PagePart, PageText, ReadingPart } from "../types";

export function show(html: string): Document {
  document.body.innerHTML = html;
  return document;
}

export function field(find: Locator, more: Partial<FieldPart> = {}): FieldPart {
  return {
    find,
    fallback: [],
    field: null,
    required: false,
    hidden: false,
    stand_in: null,
    compare: false,
    ...more,
  };
}

export function page(more: Partial<PagePart> = {}): PagePart {
  return { kind: "detail", sign: [{ css: "body" }], absent: [], frame: null, fields: {}, rows: {}, ...more };
}

export function part(pages: Record<string, PagePart>): ReadingPart {
  return { slug: "example_payer", version: "2026.11.1", pages };
}

/** What the one page of these fields reads from the HTML. */
export function readFields(html: string, fields: Record<string, FieldPart>): PageText {
  return read(show(html), part({ detail: page({ fields }) }));
}

/** The text that one locator reads from the HTML, or undefined. */
export function textAt(html: string, find: Locator): string | undefined {
  return readFields(html, { it: field(find) }).fields.it?.text;
}

/** The only problem of a reading, as "problem count". */
export function problem(text: PageText): string {
  return text.problems.map(({ problem: kind, count }) => `${kind} ${count}`).join(", ");
}
