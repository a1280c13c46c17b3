// The server's answer -> one of three states, never two: warning, checked and clear, could not check.
import type { PageText } from './reader';

export type Severity = 'denial' | 'caution' | 'allowed';

/** Why a person goes on though a finding speaks against it: the server's short list. */
export type Reason = (typeof REASONS)[number];
export const REASONS = ['payer_said_so', 'change_requested', 'record_is_wrong', 'another_service', 'other'] as const;

export interface Finding {
  rule: string;
  severity: Severity;
  field: string;
  message: string;
  why: string;
  next_step: string;
  approved: string | null;
  entered: string | null;
  carc: string | null;
  line: number | null;
  allowed_by: string | null;
  source: string | null;
  /** Further row of the form, from 0. */
  row: number | null;
  /** Set here, not by the server's check: a person has overridden it in this tab. */
  overridden?: Reason;
}

export interface Candidate {
  authorization_id: number;
  line: number | null;
  score: number;
  reasons: string[];
  label: string;
}

export interface AuthorizationLine {
  number: number;
  code: string | null;
  code_end?: string | null;
  service_type?: string | null;
  modifiers: string[];
  component: string | null;
  quantity: number | string | null;
  unit: string | null;
  used: number | string | null;
  remaining: number | string | null;
  determination: string | null;
  effective: string | null;
  expiry: string | null;
}

/** The parts of the server's authorization that are shown. */
export interface Authorization {
  id: number;
  payer_name: string | null;
  plan: string | null;
  patient: {
    member_id: string | null;
    last_name: string | null;
    first_name: string | null;
    birth_date: string | null;
  };
  determination: string;
  determination_text: string | null;
  determination_read_at: string | null;
  lines: AuthorizationLine[];
  diagnoses: string[];
  requesting_npi: string | null;
  rendering_npis: string[];
  billing_npi: string | null;
  facility_npi: string | null;
  place_of_service: string | null;
  level_of_care: string | null;
  effective: string | null;
  expiry: string | null;
  reference_numbers: { value: string; kind: string; label: string | null }[];
}

/** An authorization under which the service is approved or asked for already. label: number, code, state, dates. */
export interface Standing {
  authorization_id: number;
  determination: string;
  read_at: string | null;
  label: string;
}

/** POST /api/v1/checks answers this. */
export interface CheckAnswer {
  /** Of the record of this check. */
  id: number;
  verdict: 'match' | 'caution' | 'mismatch' | 'no_authorization' | 'undetermined';
  authorization: Authorization | null;
  line: number | null;
  candidates: Candidate[];
  tie: boolean;
  findings: Finding[];
  checked: string[];
  unreadable: { field: string; message: string }[];
  /** What is worth knowing before the request is sent; null where no page was checked. */
  before_request: { standing: Standing[] } | null;
  checked_at: string;
}

/** Why nothing can be said. */
export type Because =
  | 'not_paired'
  | 'server_not_reached'
  | 'too_slow'
  | 'access_refused'
  | 'not_allowed'
  | 'server_failed'
  | 'not_recognised'
  | 'several_pages'
  | 'pages_not_known'
  | 'unreadable'
  | 'no_authorization'
  | 'several_authorizations'
  | 'too_little'
  | 'switched_off'
  | 'outdated'
  | 'another_pairing'
  | 'extension_failed';

export type State = 'warning' | 'clear' | 'could_not' | 'checking' | 'nothing_to_check';

export interface Judged {
  state: 'warning' | 'clear' | 'could_not';
  because: Because | null;
}

/** Findings that ask for a person: what a payer's rule allows, or a person has overridden, is told but warns of nothing. */
export function issues(answer: Pick<CheckAnswer, 'findings'>): Finding[] {
  return answer.findings.filter((finding) => finding.severity !== 'allowed' && finding.overridden === undefined);
}

/** Findings that a person has overridden. */
export function overridden(answer: Pick<CheckAnswer, 'findings'>): (Finding & { overridden: Reason })[] {
  return answer.findings.filter((finding): finding is Finding & { overridden: Reason } => finding.overridden !== undefined);
}

/**
 * The state that a check's answer means. Clear needs an authorization, something compared, and nothing unread:
 * a required field that the reader did not find is a gap, not agreement.
 */
export function judge(answer: CheckAnswer, page: PageText): Judged {
  if (issues(answer).length > 0) return { state: 'warning', because: null };
  if (answer.tie) return { state: 'could_not', because: 'several_authorizations' };
  if (answer.verdict === 'no_authorization') return { state: 'could_not', because: 'no_authorization' };
  if (answer.verdict === 'undetermined' || answer.checked.length === 0) {
    return { state: 'could_not', because: 'too_little' };
  }
  if (answer.unreadable.length > 0 || unread(page).length > 0) return { state: 'could_not', because: 'unreadable' };
  if (answer.verdict === 'match' || overridden(answer).length > 0) return { state: 'clear', because: null };
  return { state: 'could_not', because: 'server_failed' };
}

/** Required or contradictory fields that the reader could not read: their keys, e.g. `fields.member_id`. */
export function unread(page: PageText): string[] {
  return page.problems.filter((problem) => problem.problem !== 'fallback').map((problem) => problem.where);
}

const PATIENT = new Set(['member_id', 'patient_name', 'patient_last_name', 'patient_first_name', 'birth_date']);

/**
 * The same answer as it may stand in a portal's page: the authorization's own patient is left out, since the page
 * may belong to somebody else, and so is every approved value that names a patient.
 */
export function withoutPatient(answer: CheckAnswer): CheckAnswer {
  return {
    ...answer,
    authorization: null,
    findings: answer.findings.map((finding) =>
      PATIENT.has(finding.field)
        ? { ...finding, approved: null, entered: null, message: '', why: '', next_step: '', source: null }
        : finding,
    ),
  };
}

/** Whether a finding's values are kept out of the page. */
export function namesPatient(finding: Pick<Finding, 'field'>): boolean {
  return PATIENT.has(finding.field);
}
