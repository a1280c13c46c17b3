// The pieces that the popup's parts are made of: a state, a button, a value to copy, a failure in words.
import type { Told } from '../../lib/cases';
import type { Authorization } from '../../lib/checking';
import { byPerson, h, type Shape, sign } from '../../lib/elements';
import { determinationName, localDate, t } from '../../lib/words';

/** One state with its shape, its words, and what it means. */
export function state(shape: Shape, title: string, text: string): HTMLElement {
  return h('div', { class: `state ${shape}`, role: 'status' }, sign(shape, 24), h('div', {}, h('strong', {}, title), text !== '' && h('span', {}, text)));
}

/** A button named by a sentence of the table; it takes no second press while the first is under way. */
export function button(name: string, act: () => Promise<unknown>, second = false): HTMLButtonElement {
  const made = h('button', { type: 'button', class: second ? 'action second' : 'action', 'data-name': name }, t(name));
  made.addEventListener(
    'click',
    byPerson(() => {
      made.disabled = true;
      void act().finally(() => {
        made.disabled = false;
      });
    }),
  );
  return made;
}

/** Why something could not be had, and what the server itself says of it. */
export function failure(title: string, told: Extract<Told<unknown>, { ok: false }>): HTMLElement {
  return state('could_not', title, [t(`reason_${told.because}`), told.message.includes(' ') ? told.message : ''].filter(Boolean).join(' '));
}

/** A value with a button that copies it; what was copied is said. `of`: what the value is, for those who hear it. */
export function copied(value: string, of: string, said: HTMLElement): HTMLElement {
  const made = h('button', { type: 'button', class: 'copy', 'data-name': `copy-${value}`, 'aria-label': t('copy_value', of) }, t('copy'));
  made.addEventListener(
    'click',
    byPerson(() => {
      void navigator.clipboard.writeText(value).then(
        () => {
          said.textContent = t('copied', of);
        },
        () => {
          said.textContent = t('not_copied');
        },
      );
    }),
  );
  return h('span', { class: 'value' }, h('strong', {}, value), made);
}

export function patientName({ patient }: Pick<Authorization, 'patient'>): string {
  const name = [patient.last_name, patient.first_name].filter(Boolean).join(', ');
  return name === '' ? t('patient_unnamed') : name;
}

/** A case in two lines, as it is chosen from a list. */
export function caseLines(authorization: Authorization): [string, string] {
  const { patient, lines, reference_numbers } = authorization;
  const first = [patientName(authorization), patient.birth_date && localDate(patient.birth_date), patient.member_id];
  const number = reference_numbers.find(({ kind }) => kind === 'authorization') ?? reference_numbers[0];
  const codes = lines.flatMap(({ code }) => code ?? []).join(' ');
  const second = [determinationName(authorization.determination), codes, number?.value, authorization.expiry && t('until', localDate(authorization.expiry))];
  return [first.filter(Boolean).join(' · '), second.filter(Boolean).join(' · ')];
}
