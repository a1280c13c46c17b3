/** What the reader is given (a profile's reading part) and what it gives back (one page as text). */

/**
 * Exactly one way to an element, as the profile writes it; `portal_profiles/profile.py` has the same
 * shape.
 */
export interface Locator {
  label?: string;
  role?: string;
  name?: string;
  beside?: string;
  test_id?: string;
  text?: string;
  css?: string;
  id?: string;
  column?: string;
  /** Absent or true: the whole text, white space and letter case folded. False: a part of it. */
  exact?: boolean;
  within?: Locator;
}

export interface FieldPart {
  find: Locator;
  fallback: Locator[];
  /** The element of an authorization (portal_profiles.vocabulary.FieldName), or null for a text only kept. */
  field: string | null;
  required: boolean;
  /** The control itself is hidden; it is read while its stand-in is visible. */
  hidden: boolean;
  stand_in: Locator | null;
  /** Read every fallback too, and report when they differ. */
  compare: boolean;
}

export interface RowsPart {
  row: Locator;
  required: boolean;
  cells: Record<string, FieldPart>;
}

export interface PagePart {
  kind: string;
  sign: Locator[];
  absent: Locator[];
  /** The iframe of the shell in which this page's document lives; the driver's business, not the reader's. */
  frame: Locator | null;
  fields: Record<string, FieldPart>;
  rows: Record<string, RowsPart>;
}

export interface ReadingPart {
  slug: string;
  version: string;
  pages: Record<string, PagePart>;
}

export interface FieldText {
  /** The text as shown, white space folded; "" for an empty control. */
  text: string;
  /** The committed value of a select, where it is not the text. */
  value?: string;
  shown: boolean;
  editable: boolean;
  /** 0: the first way found it; n: the nth fallback. */
  way: number;
}

/** `failed`: the page broke what looks at it; nothing is known of the field, or of whether the page fits. */
export type ProblemKind = "nothing" | "several" | "fallback" | "disagree" | "failed";

export interface ReadingProblem {
  /** "fields.member_id", "rows.lines[2].cells.quantity" (rows count from 0), or "pages.detail". */
  where: string;
  problem: ProblemKind;
  /** How many elements were found. */
  count: number;
  /** Nearest labels on the page; never values. */
  candidates: string[];
}

export interface PageText {
  slug: string;
  version: string;
  /** The one page, overlays aside, whose signs fit; null when none or several do. */
  page: string | null;
  /** Every page whose signs fit, overlays included. */
  fits: string[];
  /** The overlays that lie over it. */
  overlays: string[];
  /** The path of the address; never its query or hash. */
  url_path: string;
  fields: Record<string, FieldText>;
  rows: Record<string, Record<string, FieldText>[]>;
  problems: ReadingProblem[];
}
