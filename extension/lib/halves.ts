// The two halves of the tally side by side: what the authorization says, what the page says.
import type { CaseFile } from './cases';
import type { Authorization, AuthorizationLine, CheckAnswer } from './checking';
import type { PageText, ReadingPart } from './reader';
import { determinationName, localDate } from './words';

export type RowState = 'denial' | 'caution' | 'agrees' | 'not_compared' | 'not_entered';

export interface HalvesRow {
  field: string;
  approved: string;
  entered: string;
  state: RowState;
}

/** The chosen line; the only one when there is one. */
export function lineOf(answer: Pick<CheckAnswer, 'line' | 'authorization'>): AuthorizationLine | null {
  const lines = answer.authorization?.lines ?? [];
  return lines.find((line) => line.number === answer.line) ?? (lines.length === 1 ? (lines[0] ?? null) : null);
}

function joined(...parts: (string | number | null | undefined)[]): string {
  return parts.filter((part) => part !== null && part !== undefined && part !== '').join(' ');
}

function dates(authorization: Authorization, line: AuthorizationLine | null): string {
  const from = line?.effective ?? authorization.effective;
  const to = line?.expiry ?? authorization.expiry;
  return from || to ? `${from ? localDate(from) : '…'} – ${to ? localDate(to) : '…'}` : '';
}

/** Of several lines none of which is meant, only what they have in common is told: their codes. */
function approvedValues(authorization: Authorization, line: AuthorizationLine | null): Record<string, string> {
  const ofLine = line
    ? {
        procedure_code: line.code_end ? `${line.code ?? ''} – ${line.code_end}` : (line.code ?? ''),
        modifiers: line.modifiers.join(', '),
        quantity: joined(line.quantity, line.unit),
      }
    : { procedure_code: authorization.lines.flatMap(({ code }) => code ?? []).join(', ') };
  const { patient } = authorization;
  const name = joined(patient.last_name && `${patient.last_name},`, patient.first_name);
  const number = authorization.reference_numbers.find(({ kind }) => kind === 'authorization');
  return {
    member_id: patient.member_id ?? '',
    patient_name: name,
    patient_last_name: patient.last_name ?? '',
    patient_first_name: patient.first_name ?? '',
    birth_date: patient.birth_date ? localDate(patient.birth_date) : '',
    payer: authorization.payer_name ?? '',
    plan: authorization.plan ?? '',
    reference_number: number?.value ?? '',
    ...ofLine,
    diagnoses: authorization.diagnoses.join(', '),
    requesting_npi: authorization.requesting_npi ?? '',
    rendering_npi: authorization.rendering_npis.join(', '),
    billing_npi: authorization.billing_npi ?? '',
    facility_npi: authorization.facility_npi ?? '',
    place_of_service: authorization.place_of_service ?? '',
    level_of_care: authorization.level_of_care ?? '',
    service_from: dates(authorization, line),
    service_to: dates(authorization, line),
    determination: authorization.determination_text ?? determinationName(authorization.determination),
    effective_date: localDate(line?.effective ?? authorization.effective ?? ''),
    expiry_date: localDate(line?.expiry ?? authorization.expiry ?? ''),
  };
}

/** Entered texts by element of an authorization; rows of the page give their first filled one. */
function enteredValues(page: PageText, part: ReadingPart | null): Record<string, string> {
  const spec = part && page.page !== null ? part.pages[page.page] : undefined;
  const entered: Record<string, string> = {};
  const keep = (field: string, text: string): void => {
    if (text !== '') entered[field] ??= text;
  };
  for (const [key, { text }] of Object.entries(page.fields)) keep(spec?.fields[key]?.field ?? key, text);
  for (const [name, rows] of Object.entries(page.rows)) {
    for (const row of rows) {
      for (const [cell, { text }] of Object.entries(row)) keep(spec?.rows[name]?.cells[cell]?.field ?? cell, text);
    }
  }
  return entered;
}

/** One row for each element that either half states, in the order in which staff fill forms. */
export function halves(answer: CheckAnswer, page: PageText, part: ReadingPart | null): HalvesRow[] {
  if (!answer.authorization) return [];
  const entered = enteredValues(page, part);
  return rowsOf(answer.authorization, lineOf(answer), entered, (field) => stateOf(answer, field, entered[field]));
}

/** The record beside a page that nothing was compared on, such as a status page. */
export function halvesOfPage(authorization: Authorization, page: PageText, part: ReadingPart | null): HalvesRow[] {
  return rowsOf(authorization, onlyLine(authorization), enteredValues(page, part), () => 'not_compared');
}

/** The record beside the service that it was last compared with, as the server kept it. */
export function halvesOfCheck(authorization: Authorization, check: Pick<NonNullable<CaseFile['last_check']>, 'service' | 'findings'>): HalvesRow[] {
  const { service } = check;
  const said = (key: string): string => {
    const value = service[key];
    if (Array.isArray(value)) return value.map(String).join(', ');
    return typeof value === 'string' || typeof value === 'number' ? localDate(String(value)) : '';
  };
  const entered: Record<string, string> = {};
  for (const [key, field] of Object.entries(SERVICE_FIELDS)) {
    const text = key === 'quantity' ? joined(said('quantity'), said('unit')) : said(key);
    if (text !== '') entered[field] = text;
  }
  const line = authorization.lines.find(({ code }) => code !== null && code === service.procedure_code) ?? onlyLine(authorization);
  return rowsOf(authorization, line, entered, (field) => worst(check.findings, field) ?? 'not_compared');
}

/** A service's names at the server -> the elements that they state. */
const SERVICE_FIELDS: Readonly<Record<string, string>> = {
  member_id: 'member_id',
  last_name: 'patient_last_name',
  first_name: 'patient_first_name',
  birth_date: 'birth_date',
  payer_name: 'payer',
  plan: 'plan',
  reference_number: 'reference_number',
  procedure_code: 'procedure_code',
  modifiers: 'modifiers',
  quantity: 'quantity',
  diagnoses: 'diagnoses',
  requesting_npi: 'requesting_npi',
  rendering_npi: 'rendering_npi',
  billing_npi: 'billing_npi',
  facility_npi: 'facility_npi',
  place_of_service: 'place_of_service',
  level_of_care: 'level_of_care',
  date_from: 'service_from',
  date_to: 'service_to',
};

function onlyLine(authorization: Authorization): AuthorizationLine | null {
  return authorization.lines.length === 1 ? (authorization.lines[0] ?? null) : null;
}

function rowsOf(
  authorization: Authorization,
  line: AuthorizationLine | null,
  entered: Record<string, string>,
  state: (field: string) => RowState,
): HalvesRow[] {
  return Object.entries(approvedValues(authorization, line))
    .filter(([field]) => field in entered)
    .map(([field, value]) => ({
      field,
      approved: value === '' ? '–' : value,
      entered: entered[field] ?? '–',
      state: state(field),
    }));
}

function worst(findings: CheckAnswer['findings'], field: string): 'denial' | 'caution' | null {
  const own = findings.filter((finding) => finding.field === field);
  if (own.some((finding) => finding.severity === 'denial')) return 'denial';
  return own.some((finding) => finding.severity === 'caution') ? 'caution' : null;
}

function stateOf(answer: CheckAnswer, field: string, entered: string | undefined): RowState {
  const found = worst(answer.findings, field);
  if (found) return found;
  if (entered === undefined) return 'not_entered';
  return answer.checked.includes(field) ? 'agrees' : 'not_compared';
}

/** What a page names of a patient or a request: reference numbers first, since one of them finds one case. */
export function namedOn(page: PageText, part: ReadingPart | null): string[] {
  const entered = enteredValues(page, part);
  return ['reference_number', 'referral_number', 'member_id'].flatMap((field) => entered[field] ?? []);
}
