// Going on though a finding speaks against it, from the popup: any of the reasons, one of one's own in words.
import { type CheckAnswer, type Finding, type Reason, REASONS } from '../../lib/checking';
import { failure } from '../../lib/choice';
import { byPerson, h } from '../../lib/elements';
import { ask } from '../../lib/messages';
import { fieldName, t } from '../../lib/words';

/** As many characters as the server keeps of a reason in words. */
const LONGEST = '500';

/** Folded away until it is wanted. Where it was taken, the popup is drawn anew by what changed. */
export function overrideForm(tab: number, answer: CheckAnswer, finding: Finding): HTMLElement {
  const position = answer.findings.indexOf(finding);
  const named = (part: string): string => `override-${position}-${part}`;
  const radios = REASONS.map((reason, i) => {
    const input = h('input', { type: 'radio', name: named('reason'), value: reason, id: named(reason), checked: i === 0 });
    return { reason, input, row: h('label', { class: 'pick', for: named(reason) }, input, t(`reason_${reason}`)) };
  });
  const note = h('input', { id: named('note'), type: 'text', autocomplete: 'off', maxlength: LONGEST });
  const noteRow = h('div', { hidden: true }, h('label', { for: named('note') }, t('override_note')), note);
  const said = h('p', { class: 'said small', role: 'alert' });
  const go = h('button', { type: 'submit', class: 'action second', 'data-name': named('go') }, t('override_now'));
  const chosen = (): Reason => radios.find(({ input }) => input.checked)?.reason ?? 'other';
  const form = h(
    'form',
    { class: 'stack', novalidate: true },
    h('fieldset', {}, h('legend', {}, t('override_why', fieldName(finding.field))), ...radios.map(({ row }) => row)),
    noteRow,
    said,
    go,
  );
  form.addEventListener('change', () => {
    noteRow.hidden = chosen() !== 'other';
  });
  form.addEventListener(
    'submit',
    byPerson((event) => {
      event.preventDefault();
      const reason = chosen();
      const words = reason === 'other' ? note.value.trim() : '';
      if (reason === 'other' && words === '') {
        said.textContent = t('override_note_needed');
        note.focus();
        return;
      }
      go.disabled = true;
      void ask('tab/override', { tab, check: answer.id, finding: position, reason, ...(words === '' ? {} : { note: words }) })
        .then((done) => {
          said.textContent = done.ok ? '' : failure(done);
        })
        .finally(() => {
          go.disabled = false;
        });
    }),
  );
  return h('details', { class: 'write' }, h('summary', { 'data-name': named('open') }, t('override')), form);
}
