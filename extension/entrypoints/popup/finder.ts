// Finds a case by keyboard: a text field with a list below it (the combobox of the ARIA Authoring Practices Guide).
import type { CaseAuthorization } from '../../lib/cases';
import { byPerson, h } from '../../lib/elements';
import { ask } from '../../lib/messages';
import { t } from '../../lib/words';
import { caseLines } from './pieces';

/** Typed letters after which it looks by itself, and how long it waits for the next one, ms. */
const ENOUGH = 3;
const PAUSE_MS = 250;

export interface Finder {
  element: HTMLElement;
  focus: () => void;
}

/** `choose` is called with the case that a person took. */
export function finder(choose: (found: CaseAuthorization) => void): Finder {
  const input = h('input', {
    id: 'find', type: 'text', role: 'combobox', autocomplete: 'off', spellcheck: 'false', maxlength: '120',
    'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': 'found', 'aria-describedby': 'find-hint', 'data-name': 'find', placeholder: t('find_example'),
  });
  const list = h('ul', { id: 'found', role: 'listbox', 'aria-label': t('found_cases') });
  const said = h('p', { class: 'said small quiet', role: 'status' });
  list.hidden = true;
  let found: CaseAuthorization[] = [];
  let active = -1;
  let asked = 0;
  let waiting: ReturnType<typeof setTimeout> | undefined;

  function close(): void {
    list.hidden = true;
    active = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function activate(index: number): void {
    active = index;
    for (const [i, option] of [...list.children].entries()) option.setAttribute('aria-selected', String(i === index));
    const option = list.children[index];
    if (!option) return;
    input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  }

  function take(index: number): void {
    const chosen = found[index];
    if (!chosen) return;
    input.value = '';
    said.textContent = '';
    close();
    choose(chosen);
  }

  function show(total: number): void {
    list.replaceChildren(
      ...found.map((one, i) => {
        const [first, second] = caseLines(one);
        const option = h('li', { id: `found-${i}`, role: 'option', 'aria-selected': 'false' }, h('strong', {}, first), h('span', { class: 'small quiet' }, second));
        // The field keeps the focus, so that the arrow keys go on from here.
        option.addEventListener('pointerdown', (event) => { event.preventDefault(); });
        option.addEventListener('click', byPerson(() => { take(i); }));
        return option;
      }),
    );
    list.hidden = found.length === 0;
    input.setAttribute('aria-expanded', String(found.length > 0));
    input.removeAttribute('aria-activedescendant');
    active = -1;
    said.textContent = total === 0 ? t('found_none') : total > found.length ? t('found_more', found.length, total) : total === 1 ? t('found_one') : t('found_several', total);
  }

  async function search(): Promise<void> {
    clearTimeout(waiting);
    const text = input.value.trim();
    asked += 1;
    const mine = asked;
    if (text === '') {
      close();
      said.textContent = '';
      return;
    }
    said.textContent = t('searching');
    const told = await ask('case/search', { text });
    // An answer to what was typed before is of no use any more.
    if (mine !== asked) return;
    if (!told.ok) {
      close();
      said.textContent = `${t('search_failed')} ${t(`reason_${told.because}`)}`;
      return;
    }
    found = told.value.items;
    show(told.value.total);
  }

  input.addEventListener('input', byPerson(() => {
    clearTimeout(waiting);
    asked += 1;
    close();
    said.textContent = '';
    if (input.value.trim().length >= ENOUGH) waiting = setTimeout(() => void search(), PAUSE_MS);
  }));
  input.addEventListener('keydown', (event) => {
    if (!event.isTrusted || event.isComposing) return;
    const last = found.length - 1;
    const open = !list.hidden;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        event.preventDefault();
        if (!open) void search();
        else if (event.key === 'ArrowDown') activate(active >= last ? 0 : active + 1);
        else activate(active <= 0 ? last : active - 1);
        break;
      case 'Enter':
        event.preventDefault();
        if (open && active >= 0) take(active);
        else if (open && found.length === 1) take(0);
        else void search();
        break;
      case 'Escape':
        // The first press closes the list, the next empties the field, and only then does the popup close.
        if (!open && input.value === '') return;
        event.preventDefault();
        asked += 1;
        clearTimeout(waiting);
        if (!open) input.value = '';
        said.textContent = '';
        close();
        break;
    }
  });
  input.addEventListener('blur', close);

  const element = h(
    'div',
    { class: 'finder', role: 'search' },
    h('label', { for: 'find' }, t('find_case')),
    h('div', { class: 'combo' }, input, list),
    h('p', { id: 'find-hint', class: 'unseen' }, t('find_hint')),
    said,
  );
  return { element, focus: () => { input.focus(); } };
}
