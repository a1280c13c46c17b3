// The case shown: whose it is, how it stands, both halves side by side, its numbers to copy, the way to the dashboard.
import type { CaseFile } from '../../lib/cases';
import type { Authorization, AuthorizationLine } from '../../lib/checking';
import { h, sign } from '../../lib/elements';
import { halves, type HalvesRow, halvesOfCheck, halvesOfPage, lineOf } from '../../lib/halves';
import type { Answer, Pairing } from '../../lib/messages';
import { ago, daysUntil, determinationName, fieldName, localDate, localMoment, t } from '../../lib/words';
import { copied, patientName } from './pieces';

export interface ShownCase {
  authorization: Authorization;
  /** null when only the check of the page told of it. */
  file: CaseFile | null;
  /** Chosen by a person for this tab; else it is what the page names. */
  chosen: boolean;
}

/** `acts`: what can be done with it, drawn beside its name. */
export function caseNodes(shown: ShownCase, view: Answer<'tab/view'> | null, pairing: Pairing, acts: Node[]): Node[] {
  const { authorization, file } = shown;
  const { patient } = authorization;
  const answer = view?.answer?.authorization?.id === authorization.id ? view.answer : null;
  const line = lineOf({ authorization, line: answer?.line ?? null });
  const said = h('p', { class: 'unseen', role: 'status' });
  const halvesShown = bothHalves(shown, view);
  return [
    h(
      'div',
      { class: 'case-head' },
      h(
        'div',
        {},
        h('p', { class: 'small quiet' }, t(shown.chosen ? 'case_chosen' : 'case_named_here')),
        h('h2', {}, patientName(authorization)),
        h('p', { class: 'small quiet' }, [...new Set([authorization.payer_name, authorization.plan, file?.portal_name])].filter(Boolean).join(' · ')),
      ),
      h(
        'div',
        { class: 'row' },
        h('a', { class: 'action second slim', href: `${pairing.address}/authorizations/${authorization.id}`, target: '_blank', rel: 'noopener noreferrer', 'data-name': 'dashboard' }, t('open_dashboard')),
        ...acts,
      ),
    ),
    facts(authorization, line),
    h('p', { class: 'quiet small fresh' }, freshness(authorization, file)),
    ...notSince(file),
    ...(line === null && authorization.lines.length > 1 ? [linesTable(authorization.lines)] : []),
    h(
      'dl',
      { class: 'numbers' },
      ...authorization.reference_numbers.map(({ value, kind, label }) => numberRow(label ?? t(`number_${kind}`), value, said)),
      patient.member_id ? numberRow(fieldName('member_id'), patient.member_id, said) : null,
      patient.birth_date ? numberRow(fieldName('birth_date'), typedDate(patient.birth_date), said) : null,
    ),
    ...(authorization.reference_numbers.length === 0 ? [h('p', { class: 'quiet small' }, t('authorization_unnumbered'))] : []),
    said,
    ...halvesShown,
  ];
}

/** As portals take a date: MM/DD/YYYY. */
function typedDate(iso: string): string {
  const [year = '', month = '', day = ''] = iso.split('-');
  return `${month}/${day}/${year}`;
}

function facts(authorization: Authorization, line: AuthorizationLine | null): HTMLElement {
  const expiry = line?.expiry ?? authorization.expiry;
  const left = expiry ? daysUntil(expiry) : null;
  return h(
    'dl',
    { class: 'facts' },
    h('div', {}, h('dt', {}, fieldName('determination')), h('dd', {}, authorization.determination_text ?? determinationName(authorization.determination))),
    h('div', {}, h('dt', {}, t('remaining')), h('dd', {}, remaining(line))),
    h(
      'div',
      {},
      h('dt', {}, t('days_left')),
      h('dd', {}, left === null ? '–' : left < 0 ? t('expired') : String(left)),
      expiry ? h('dd', { class: 'small quiet' }, t('until', localDate(expiry))) : null,
    ),
  );
}

function remaining(line: AuthorizationLine | null): string {
  if (line?.quantity == null) return '–';
  const unit = line.unit ?? '';
  if (line.remaining === null) return `– / ${line.quantity} ${unit}`;
  return line.remaining === line.quantity ? `${line.remaining} ${unit}` : t('remaining_of', `${line.remaining}`, `${line.quantity} ${unit}`);
}

/** How fresh the status is, and who looked. */
function freshness(authorization: Authorization, file: CaseFile | null): string {
  const last = file?.last_reading;
  if (last) return t(`fresh_${last.by}`, ago(last.at));
  return authorization.determination_read_at ? t('status_read', ago(authorization.determination_read_at)) : t('status_never_read');
}

/** A later look that failed does not change the status: it ages it. */
function notSince(file: CaseFile | null): Node[] {
  const looked = file?.authorization.last_looked_at;
  const outcome = file?.authorization.last_outcome;
  if (!looked || !outcome || outcome === 'read') return [];
  const last = file.last_reading;
  if (last && Date.parse(looked) <= Date.parse(last.at)) return [];
  return [h('p', { class: 'aged small caution' }, sign('caution'), h('span', {}, t('looked_in_vain', ago(looked), t(`outcome_${outcome}`))))];
}

function numberRow(name: string, value: string, said: HTMLElement): HTMLElement {
  return h('div', {}, h('dt', {}, name), h('dd', {}, copied(value, name, said)));
}

function linesTable(lines: readonly AuthorizationLine[]): HTMLElement {
  return h(
    'table',
    { class: 'lines' },
    h('caption', {}, t('lines')),
    h('thead', {}, h('tr', {}, ...['field_procedure_code', 'field_quantity', 'remaining', 'field_determination'].map((key) => h('th', { scope: 'col' }, t(key))))),
    h(
      'tbody',
      {},
      ...lines.map((line) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, [line.code ?? line.service_type ?? String(line.number), ...line.modifiers].join(' ')),
          h('td', {}, line.quantity === null ? '–' : `${line.quantity} ${line.unit ?? ''}`),
          h('td', {}, line.remaining === null ? '–' : String(line.remaining)),
          h('td', {}, line.determination === null ? '–' : determinationName(line.determination)),
        ),
      ),
    ),
  );
}

/** What is approved beside what this page says; where it says nothing, beside the service last compared. */
function bothHalves({ authorization, file }: ShownCase, view: Answer<'tab/view'> | null): Node[] {
  if (view?.page && view.page.page !== null) {
    const compared = view.answer?.authorization?.id === authorization.id;
    const rows = compared && view.answer ? halves(view.answer, view.page, view.part) : halvesOfPage(authorization, view.page, view.part);
    if (rows.length > 0) return [sideBySide(rows, t(view.recordable ? 'on_file' : 'approved'), t(view.recordable ? 'on_this_page' : 'entered'), null)];
  }
  if (!file?.last_check) return [];
  const rows = halvesOfCheck(authorization, file.last_check);
  if (rows.length === 0) return [];
  return [sideBySide(rows, t('approved'), t('service'), t('compared_at', t(`checkpoint_${file.last_check.checkpoint}`), localMoment(file.last_check.at)))];
}

function differingFirst(rows: readonly HalvesRow[]): HalvesRow[] {
  const differs = ({ state }: HalvesRow): boolean => state === 'denial' || state === 'caution';
  return [...rows.filter(differs), ...rows.filter((row) => !differs(row))];
}

function sideBySide(rows: HalvesRow[], left: string, right: string, caption: string | null): HTMLElement {
  const shape = { denial: 'denial', caution: 'caution', agrees: 'agrees', not_compared: null, not_entered: null } as const;
  return h(
    'table',
    { class: 'both small' },
    caption !== null && h('caption', {}, caption),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('element')), h('th', { scope: 'col' }, left), h('th', { scope: 'col' }, right), h('td', {}))),
    h(
      'tbody',
      {},
      ...differingFirst(rows).map((row) => {
        const drawn = shape[row.state];
        const mark = h('td', { class: `mark ${drawn ?? 'off'}` }, drawn && sign(drawn), h('span', { class: 'unseen' }, t(`row_${row.state}`)));
        return h(
          'tr',
          row.state === 'denial' || row.state === 'caution' ? { class: 'differs' } : {},
          h('th', { scope: 'row' }, fieldName(row.field)),
          h('td', {}, row.approved),
          h('td', {}, row.entered),
          mark,
        );
      }),
    ),
  );
}
