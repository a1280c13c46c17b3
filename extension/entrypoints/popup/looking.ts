// What to look at next where the night job may not go: one portal's list, each with the way to the portal's search.
import type { LookCounts, LookItem, LookList, Told } from '../../lib/cases';
import { byPerson, h, sign } from '../../lib/elements';
import { ask } from '../../lib/messages';
import { determinationName, fieldName, localDate, t } from '../../lib/words';
import { copied, failure } from './pieces';

/** As many as are shown at once: the next ones come up as these are recorded. */
const SHOWN = 10;

function nameOf({ last_name, first_name }: Pick<LookItem, 'last_name' | 'first_name'>): string {
  const name = [last_name, first_name].filter(Boolean).join(', ');
  return name === '' ? t('patient_unnamed') : name;
}

/** The portals with something due; one opens its list. `open`: the portal whose list is open already. */
export function lookNodes(counts: LookCounts, open: string | null, list: Told<LookList> | null, choose: (slug: string | null) => void): Node[] {
  if (counts.portals.length === 0) return [];
  return [
    h('h2', {}, t('look_title')),
    ...counts.portals.map(({ slug, name, total }) => {
      const shown = slug === open;
      const toggle = h(
        'button',
        { type: 'button', class: 'fold', 'data-name': `look-${slug}`, 'aria-expanded': String(shown), onclick: byPerson(() => { choose(shown ? null : slug); }) },
        h('span', {}, name),
        h('span', { class: 'count' }, t('look_due', total)),
      );
      return h('div', { class: 'look' }, toggle, ...(shown && list ? listNodes(list) : []));
    }),
  ];
}

function listNodes(told: Told<LookList>): Node[] {
  if (!told.ok) return [failure(t('look_failed'), told)];
  const { items, refreshed, why, total, pages_known } = told.value;
  const waits = new Set(refreshed.filter(({ state }) => state === 'waiting').map(({ authorization_id }) => authorization_id));
  const open = items.filter(({ authorization_id }) => !waits.has(authorization_id));
  const said = h('p', { class: 'unseen', role: 'status' });
  const nodes: (HTMLElement | false | null)[] = [
    h('p', { class: 'small quiet' }, why),
    pages_known ? null : h('p', { class: 'small quiet' }, t('look_pages_not_known')),
    refreshed.length > 0 &&
      h(
        'ul',
        { class: 'done', 'aria-label': t('look_done') },
        ...refreshed.map((one) =>
          h('li', {}, sign(one.state === 'accepted' ? 'clear' : 'could_not'), h('span', {}, nameOf(one)), h('span', { class: 'small quiet' }, t(one.state === 'accepted' ? 'look_recorded' : 'look_waits'))),
        ),
      ),
    open.length === 0 ? h('p', {}, t('look_all_done')) : h('ol', { class: 'next', 'aria-label': t('look_next') }, ...open.slice(0, SHOWN).map((item, i) => itemNode(item, i === 0, said))),
    total > SHOWN && h('p', { class: 'small quiet' }, t('look_more', Math.min(SHOWN, open.length), total)),
    said,
  ];
  return nodes.filter((node) => node !== false && node !== null);
}

function itemNode(item: LookItem, next: boolean, said: HTMLElement): HTMLElement {
  const failed = h('p', { class: 'small', role: 'alert' });
  const about = [determinationName(item.determination), item.codes.join(' '), item.due_since && t('due_since', localDate(item.due_since))];
  const go = h(
    'button',
    {
      type: 'button',
      class: next ? 'action' : 'action second',
      'data-name': `go-${item.authorization_id}`,
      'aria-label': t('open_search_for', nameOf(item)),
      onclick: byPerson(() => {
        void ask('look/open', { address: item.address, authorization_id: item.authorization_id }).then(({ opened }) => {
          if (!opened) failed.textContent = t('search_not_a_portal');
        });
      }),
    },
    t('open_search'),
  );
  return h(
    'li',
    next ? { 'aria-current': 'step' } : {},
    h('div', { class: 'who' }, h('strong', {}, nameOf(item)), h('span', { class: 'small quiet' }, about.filter(Boolean).join(' · '))),
    go,
    next && h('dl', { class: 'numbers' }, ...item.typed.map(({ field, text }) => h('div', {}, h('dt', {}, fieldName(field)), h('dd', {}, copied(text, fieldName(field), said))))),
    failed,
  );
}
