// Made-up answers and pages for the tests.
import type { CheckAnswer, Finding } from '../lib/checking';
import type { PageText, ReadingPart } from '../lib/reader';

export const finding = (field: string, more: Partial<Finding> = {}): Finding => ({
  rule: `${field}_differs`,
  severity: 'denial',
  field,
  message: `${field} differs.`,
  why: 'The payer compares it.',
  next_step: 'Correct it.',
  approved: 'A',
  entered: 'B',
  carc: '15',
  line: null,
  allowed_by: null,
  source: null,
  row: null,
  ...more,
});

export const answer = (more: Partial<CheckAnswer> = {}): CheckAnswer => ({
  id: 1,
  verdict: 'match',
  authorization: {
    id: 12,
    payer_name: 'Example Health',
    plan: null,
    patient: { member_id: 'XYZ100200301', last_name: 'Lindqvist', first_name: 'Ada', birth_date: '1961-03-12' },
    determination: 'approved',
    determination_text: 'Approved',
    determination_read_at: '2026-11-01T06:00:00+00:00',
    lines: [
      {
        number: 1, code: '72148', modifiers: [], component: null, quantity: 3, unit: 'units', used: 0, remaining: 3,
        determination: null, effective: null, expiry: null,
      },
    ],
    diagnoses: ['M54.16'],
    requesting_npi: '1234567893',
    rendering_npis: [],
    billing_npi: null,
    facility_npi: null,
    place_of_service: '22',
    level_of_care: null,
    effective: '2026-11-01',
    expiry: '2027-01-31',
    reference_numbers: [{ value: 'A0001', kind: 'authorization', label: null }],
  },
  line: 1,
  candidates: [],
  tie: false,
  findings: [],
  checked: ['member_id', 'procedure_code'],
  unreadable: [],
  before_request: null,
  checked_at: '2026-11-23T10:00:00+00:00',
  ...more,
});

const control = (text: string) => ({ text, shown: true, editable: true, way: 0 });

export const page = (more: Partial<PageText> = {}): PageText => ({
  slug: 'north_plan',
  version: '1',
  page: 'request',
  fits: ['request'],
  overlays: [],
  url_path: '/request',
  fields: { member: control('XYZ100200301') },
  rows: { procedures: [{ procedure_code: control('72149') }] },
  problems: [],
  ...more,
});

const part = (label: string, field: string) => ({
  find: { label }, fallback: [], field, required: false, hidden: false, stand_in: null, compare: false,
});

export const reading: ReadingPart = {
  slug: 'north_plan',
  version: '1',
  pages: {
    request: {
      kind: 'request_form',
      sign: [{ role: 'heading', name: 'New request' }],
      absent: [],
      frame: null,
      fields: { member: part('Member ID', 'member_id'), last: part('Last name', 'patient_last_name') },
      rows: {
        procedures: { row: { css: 'fieldset' }, required: false, cells: { procedure_code: part('Procedure code', 'procedure_code') } },
      },
    },
    status: {
      kind: 'detail',
      sign: [{ role: 'heading', name: 'Status' }],
      absent: [],
      frame: null,
      fields: {},
      rows: {},
    },
  },
};
