// Which control on the page a finding is about.
import type { Finding } from './checking';
import { type FieldPart, locate, locateField, type PagePart, type PageText, type ReadingPart } from './reader';

/** The keys of a page's fields, and of its rows' cells, that hold one element of an authorization. */
function keysOf(part: PagePart, field: string, page: PageText, entered: string | null): string[] {
  const keys = Object.entries(part.fields)
    .filter(([, spec]) => spec.field === field)
    .map(([key]) => key);
  for (const [rows, spec] of Object.entries(part.rows)) {
    for (const [cell, { field: own }] of Object.entries(spec.cells)) {
      if (own !== field) continue;
      const read = page.rows[rows] ?? [];
      const row = Math.max(0, read.findIndex((one) => sameText(one[cell]?.text, entered)));
      keys.push(`${rows}[${row}].${cell}`);
    }
  }
  return keys;
}

/** A stand-in of several fields (the whole form's button, say) is no place for the mark of one of them. */
function isShared(part: PagePart, spec: FieldPart): boolean {
  const same = (other: FieldPart): boolean => JSON.stringify(other.stand_in) === JSON.stringify(spec.stand_in);
  return Object.values(part.fields).filter(same).length > 1;
}

/** Parts of the patient's name are asked for by one finding. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  patient_name: ['patient_name', 'patient_last_name', 'patient_first_name'],
};

function sameText(text: string | undefined, entered: string | null): boolean {
  const fold = (one: string): string => one.replaceAll(/[\s-]/g, '').toUpperCase();
  return text !== undefined && entered !== null && text !== '' && fold(entered).includes(fold(text));
}

/** The visible control of a finding; null when this page does not show the field. */
export function controlOf(root: Document, reading: ReadingPart, page: PageText, finding: Finding): Element | null {
  const part = page.page === null ? undefined : reading.pages[page.page];
  if (!part || page.page === null) return null;
  for (const field of PARTS[finding.field] ?? [finding.field]) {
    for (const key of keysOf(part, field, page, finding.entered)) {
      const spec = part.fields[key];
      const [own] = spec?.hidden ? locate(root, spec.find) : [];
      if (own) return own;
      if (spec?.hidden && isShared(part, spec)) continue;
      const element = locateField(root, reading, page.page, key);
      if (element) return element;
    }
  }
  return null;
}
