// Notes and the phone log of a case: kept at the clinic's server; what is being written outlives the popup.
import { browser } from 'wxt/browser';
import type { CaseNote, NoteToKeep } from '../../lib/cases';
import { byPerson, h } from '../../lib/elements';
import { ask } from '../../lib/messages';
import { localMoment, t } from '../../lib/words';

const draftKey = (authorization: number): string => `draft:${authorization}`;

type Draft = Pick<NoteToKeep, 'kind' | 'text' | 'representative' | 'call_reference' | 'sent_key'>;

/** The list, newest first, as the server gives it. */
export function noteList(notes: readonly CaseNote[]): Node[] {
  if (notes.length === 0) return [h('p', { class: 'quiet small' }, t('notes_none'))];
  return [
    h(
      'ol',
      { class: 'notes' },
      ...notes.map((note) =>
        h(
          'li',
          {},
          h('p', { class: 'small quiet' }, h('strong', {}, t(`note_${note.kind}`)), ` ${localMoment(note.at)} · ${note.actor}`),
          note.kind === 'call' && h('p', {}, [note.representative, note.call_reference && t('call_number', note.call_reference)].filter(Boolean).join(' · ')),
          note.text !== '' && h('p', { class: 'as-written' }, note.text),
        ),
      ),
    ),
  ];
}

/** The form for a new one. `kept` is called when the server has it. */
export async function noteForm(authorization: number, kept: () => Promise<void>): Promise<HTMLElement> {
  const key = draftKey(authorization);
  const draft = ((await browser.storage.session.get(key))[key] as Draft | undefined) ?? null;
  const radio = (kind: Draft['kind']): [HTMLInputElement, HTMLElement] => {
    const input = h('input', { type: 'radio', name: 'kind', value: kind, id: `kind-${kind}`, checked: (draft?.kind ?? 'note') === kind });
    return [input, h('label', { class: 'pick', for: `kind-${kind}` }, input, t(`note_${kind}`))];
  };
  const [, noteLabel] = radio('note');
  const [call, callLabel] = radio('call');
  const field = (name: string, maxlength: string, value: string | null): [HTMLInputElement, HTMLElement] => {
    const input = h('input', { id: `note-${name}`, type: 'text', autocomplete: 'off', maxlength });
    input.value = value ?? '';
    return [input, h('div', {}, h('label', { for: `note-${name}` }, t(`note_${name}`)), input)];
  };
  const [representative, representativeRow] = field('representative', '120', draft?.representative ?? null);
  const [reference, referenceRow] = field('call_reference', '80', draft?.call_reference ?? null);
  const text = h('textarea', { id: 'note-text', rows: '3', maxlength: '4000' });
  text.value = draft?.text ?? '';
  const ofCall = h('div', { class: 'two' }, representativeRow, referenceRow);
  const said = h('p', { class: 'said small', role: 'alert' });
  const save = h('button', { type: 'submit', class: 'action', 'data-name': 'save-note' }, t('note_save'));
  // The same key for each try: what arrived though its answer did not is kept once.
  let sentKey = draft?.sent_key ?? crypto.randomUUID();

  const now = (): Draft => {
    const isCall = call.checked;
    return {
      kind: isCall ? 'call' : 'note',
      text: text.value,
      representative: isCall ? representative.value : null,
      call_reference: isCall ? reference.value : null,
      sent_key: sentKey,
    };
  };
  const showKind = (): void => {
    ofCall.hidden = !call.checked;
  };
  showKind();

  const form = h(
    'form',
    { class: 'stack', novalidate: true },
    h('fieldset', {}, h('legend', { class: 'unseen' }, t('note_kind')), h('div', { class: 'row' }, noteLabel, callLabel)),
    ofCall,
    h('div', {}, h('label', { for: 'note-text' }, t('note_text')), text),
    said,
    save,
  );
  form.addEventListener('input', () => {
    showKind();
    void browser.storage.session.set({ [key]: now() });
  });
  form.addEventListener(
    'submit',
    byPerson((event) => {
      event.preventDefault();
      const { representative: who, call_reference: number, ...rest } = now();
      const note: NoteToKeep = { ...rest, representative: who?.trim() ?? null, call_reference: number?.trim() ?? null, at: null };
      if (note.kind === 'note' && note.text.trim() === '') {
        said.textContent = t('note_empty');
        text.focus();
        return;
      }
      if (note.kind === 'call' && !note.representative && !note.call_reference) {
        said.textContent = t('call_empty');
        representative.focus();
        return;
      }
      save.disabled = true;
      said.textContent = '';
      void ask('case/note', { authorization_id: authorization, note })
        .then(async (told) => {
          if (!told.ok) {
            said.textContent = [t('note_not_kept'), t(`reason_${told.because}`), told.message.includes(' ') ? told.message : ''].filter(Boolean).join(' ');
            return;
          }
          await browser.storage.session.remove(key);
          sentKey = crypto.randomUUID();
          form.reset();
          text.value = '';
          showKind();
          await kept();
        })
        .finally(() => {
          save.disabled = false;
        });
    }),
  );
  return h('details', { class: 'write', open: draft !== null }, h('summary', { 'data-name': 'add-note' }, t('note_add')), form);
}
