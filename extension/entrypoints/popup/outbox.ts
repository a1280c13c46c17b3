// What was recorded and has not reached the clinic's server: it waits, or was refused and waits for the person.
import { byPerson, h } from '../../lib/elements';
import { ask } from '../../lib/messages';
import type { Waiting } from '../../lib/outbox';
import { ago, t } from '../../lib/words';

/** One line for what waits, one for each page that was refused; nothing when there is neither. */
export async function outboxNodes(): Promise<Node[]> {
  const all = await ask('outbox/list', {});
  const waiting = all.filter(({ state }) => state === 'waiting');
  const refused = all.filter(({ state }) => state === 'refused');
  if (all.length === 0) return [];
  return [h('section', { class: 'stack', 'aria-label': t('outbox') }, ...(waiting.length === 0 ? [] : [waits(waiting)]), ...refused.map(wasRefused))];
}

function waits(waiting: Waiting[]): HTMLElement {
  const because = waiting.find((one) => one.because !== null)?.because;
  return h(
    'div',
    { class: 'outbox' },
    h('p', {}, t(waiting.length === 1 ? 'outbox_waiting_one' : 'outbox_waiting', waiting.length), because ? ` ${t(`unsent_${because}`)}` : ''),
    h('button', { type: 'button', class: 'action second', 'data-name': 'send_now', onclick: byPerson(() => void ask('outbox/send', {})) }, t('send_now')),
  );
}

function wasRefused({ id, at, portal, because, message }: Waiting): HTMLElement {
  return h(
    'div',
    { class: 'outbox' },
    h('p', {}, t('outbox_refused', portal, ago(new Date(at).toISOString())), ` ${message !== '' ? message : because ? t(`because_${because}`) : ''}`),
    h('button', { type: 'button', class: 'action second', 'data-name': `discard-${id}`, onclick: byPerson(() => void ask('outbox/discard', { id })) }, t('discard')),
  );
}
