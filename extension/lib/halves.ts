// The two halves of the tally side by side: what the authorization says, what the page says.
import type { Authorization, AuthorizationLine, CheckAnswer } from './checking';
import type { PageText, ReadingPart } from './reader';
import { localDate } from './words';

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

function approvedValues(authorization: Authorization, line: AuthorizationLine | null): Record<string, string> {
  const { patient } = authorization;
  const name = joined(patient.last_name && `${patient.last_name},`, patient.first_name);
  const number = authorization.reference_numbers.find(({ kind }) => kind === 'authorization') ?? authorization.reference_numbers[0];
  return {
    member_id: patient.member_id ?? '',
    patient_name: name,
    patient_last_name: patient.last_name ?? '',
    patient_first_name: patient.first_name ?? '',
    birth_date: patient.birth_date ? localDate(patient.birth_date) : '',
    payer: authorization.payer_name ?? '',
    plan: authorization.plan ?? '',
    reference_number: number?.value ?? '',
    procedure_code: line ? (line.code_end ? `${line.code ?? ''} – ${line.code_end}` : (line.code ?? '')) : '',
    modifiers: line?.modifiers.join(', ') ?? '',
    quantity: joined(line?.quantity, line?.unit),
    diagnoses: authorization.diagnoses.join(', '),
    requesting_npi: authorization.requesting_npi ?? '',
    rendering_npi: authorization.rendering_npis.join(', '),
    billing_npi: authorization.billing_npi ?? '',
    facility_npi: authorization.facility_npi ?? '',
    place_of_service: authorization.place_of_service ?? '',
    level_of_care: authorization.level_of_care ?? '',
    service_from: dates(authorization, line),
    service_to: dates(authorization, line),
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
  const approved = approvedValues(answer.authorization, lineOf(answer));
  const entered = enteredValues(page, part);
  return Object.entries(approved)
    .filter(([field, value]) => (value !== '' || entered[field] !== undefined) && field in entered)
    .map(([field, value]) => ({
      field,
      approved: value === '' ? '–' : value,
      entered: entered[field] ?? '–',
      state: stateOf(answer, field, entered[field]),
    }));
}

function stateOf(answer: CheckAnswer, field: string, entered: string | undefined): RowState {
  const own = answer.findings.filter((finding) => finding.field === field);
  if (own.some((finding) => finding.severity === 'denial')) return 'denial';
  if (own.some((finding) => finding.severity === 'caution')) return 'caution';
  if (entered === undefined) return 'not_entered';
  return answer.checked.includes(field) ? 'agrees' : 'not_compared';
}
