// One finding as an element: field, both values, why, likely denial code, next step. The same in page and popup.
import { type Finding, namesPatient } from './checking';
import { h, sign } from './elements';
import { fieldName, t } from './words';

/** A finding's level for eyes and ears. */
export function level(finding: Pick<Finding, 'severity'>): 'denial' | 'caution' {
  return finding.severity === 'denial' ? 'denial' : 'caution';
}

/** Findings by the field that they are about, graver first, in the order of the answer. */
export function grouped(findings: readonly Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.field}:${finding.line ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  const grave = (group: Finding[]): number => (group.some((finding) => finding.severity === 'denial') ? 0 : 1);
  return [...groups.values()].sort((a, b) => grave(a) - grave(b));
}

/** `inPage`: values that name a patient are not repeated there; the popup has them. */
export function findingElement(finding: Finding, inPage: boolean): HTMLElement {
  const kind = level(finding);
  const withheld = inPage && namesPatient(finding);
  return h(
    'section',
    { class: `finding ${kind}` },
    h('h3', {}, sign(kind), fieldName(finding.field), h('span', { class: 'level' }, t(`level_${kind}`))),
    (finding.approved !== null || finding.entered !== null) &&
      h(
        'dl',
        { class: 'halves' },
        ...(finding.approved === null ? [] : [h('dt', {}, t('approved')), h('dd', {}, finding.approved)]),
        ...(finding.entered === null ? [] : [h('dt', {}, t('entered')), h('dd', {}, finding.entered)]),
      ),
    withheld ? h('p', { class: 'why' }, t('patient_withheld')) : h('p', { class: 'says' }, finding.message),
    !withheld && finding.why !== '' && h('p', { class: 'why' }, finding.why),
    h('p', { class: 'next' }, t('next_step', withheld ? t('patient_next') : finding.next_step)),
    finding.carc !== null && h('p', { class: 'carc' }, t('likely_denial', finding.carc)),
    finding.source !== null && h('p', { class: 'carc' }, t('payer_rule', finding.source)),
  );
}
