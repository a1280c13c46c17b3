// Pausing, said in the popup: what is paused and until when, and the form to begin with.
import { byPerson, h } from '../../lib/elements';
import { type Answer, ask } from '../../lib/messages';
import type { Scope } from '../../lib/pausing';
import { localMoment, t } from '../../lib/words';
import { button, state } from './pieces';

type PauseView = Answer<'pause/view'>;

/** Minutes on offer; null: until the person resumes. */
const LENGTHS: readonly (number | null)[] = [15, 60, 240, null];

/** That it is paused, over what, until when, and the way out. */
export function pausedNodes(tab: number, { pause, portal }: PauseView): Node[] {
  if (!pause) return [];
  const over = t(`paused_${pause.scope}`, portal?.name ?? '');
  const until = pause.until === null ? t('paused_until_resumed') : t('paused_until', localMoment(pause.until));
  return [state('paused', t('title_paused'), `${over} ${until}`), button('resume', () => ask('pause/end', { tab }))];
}

/** What to pause, and for how long. */
export function pauseForm(tab: number, { portal }: PauseView): Node[] {
  const scopes: [Scope, string][] = [
    ['tab', t('pause_tab')],
    ...(portal ? [['portal', t('pause_portal', portal.name)] as [Scope, string]] : []),
    ['everywhere', t('pause_everywhere')],
  ];
  const radios = scopes.map(([scope, words], i) => {
    const input = h('input', { type: 'radio', name: 'scope', value: scope, id: `scope-${scope}`, checked: i === 0 });
    return { input, row: h('label', { class: 'pick', for: `scope-${scope}` }, input, words) };
  });
  const length = h(
    'select',
    { id: 'pause-length' },
    ...LENGTHS.map((minutes) => h('option', { value: String(minutes ?? '') }, minutes === null ? t('pause_open') : minutes < 60 ? t('pause_minutes', minutes) : minutes === 60 ? t('pause_hour') : t('pause_hours', minutes / 60))),
  );
  const form = h(
    'form',
    { class: 'stack' },
    h('fieldset', {}, h('legend', {}, t('pause_what')), ...radios.map(({ row }) => row)),
    h('div', {}, h('label', { for: 'pause-length' }, t('pause_length')), length),
    h('p', { class: 'small quiet' }, t('pause_words')),
    h('button', { type: 'submit', class: 'action', 'data-name': 'pause-now' }, t('pause_now')),
  );
  form.addEventListener(
    'submit',
    byPerson((event) => {
      event.preventDefault();
      const scope = scopes[radios.findIndex(({ input }) => input.checked)]?.[0] ?? 'tab';
      void ask('pause/begin', { tab, scope, minutes: length.value === '' ? null : Number(length.value) });
    }),
  );
  return [form];
}
