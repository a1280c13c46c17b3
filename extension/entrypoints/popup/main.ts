import { browser } from 'wxt/browser';
import type { CheckAnswer } from '../../lib/checking';
import { issues } from '../../lib/checking';
import { h, sign } from '../../lib/elements';
import { findingElement } from '../../lib/findings';
import { halves, type HalvesRow, lineOf } from '../../lib/halves';
import { type Answer, ask, Failed, type Pairing, type PortalPermission, Refused } from '../../lib/messages';
import { checkedList, headline, recordedNodes, shapeOf } from '../../lib/summary';
import { ago, daysUntil, fieldName, t } from '../../lib/words';

/** What the popup knows of its tab. */
type TabView = Answer<'tab/view'>;

const main = element('main');
const settings = element('options');
settings.textContent = t('options');
settings.addEventListener('click', () => void ask('open/options', {}));
document.documentElement.lang = browser.i18n.getUILanguage();

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`popup: no #${id}`);
  return found;
}

/** The tab that the popup is about. A number in the address counts only when one of our own pages opened it. */
async function tabOf(): Promise<{ id: number; url: string | undefined } | null> {
  const named = Number(new URLSearchParams(location.search).get('tab'));
  const tabs = await browser.tabs.query(named > 0 && openedByUs() ? {} : { active: true, currentWindow: true });
  const tab = named > 0 && openedByUs() ? tabs.find(({ id }) => id === named) : tabs[0];
  return tab?.id === undefined ? null : { id: tab.id, url: tab.url };
}

function openedByUs(): boolean {
  const opener = window.opener as Window | null;
  if (!opener) return false;
  try {
    return opener.location.origin === location.origin;
  } catch (error) {
    if (error instanceof DOMException) return false; // another origin: the browser refuses to say
    throw error;
  }
}

/** A portal of ours that this tab shows but that has not been switched on. */
function portalToGrant(url: string | undefined, portals: PortalPermission[]): PortalPermission | null {
  if (url === undefined || !URL.canParse(url)) return null;
  const { origin } = new URL(url);
  return portals.find((portal) => !portal.granted && portal.origins.includes(`${origin}/*`)) ?? null;
}

async function draw(): Promise<void> {
  const tab = await tabOf();
  const [{ pairing }, portals, view] = await Promise.all([
    ask('device/pairing', {}),
    ask('portals/list', {}),
    tab ? ask('tab/view', { tab: tab.id }) : null,
  ]);
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.name : undefined;
  main.replaceChildren(...content(tab, view, pairing, portalToGrant(tab?.url, portals)));
  if (focused !== undefined) main.querySelector<HTMLElement>(`[data-name="${focused}"]`)?.focus();
}

function content(tab: { id: number } | null, view: TabView | null, pairing: Pairing | null, toGrant: PortalPermission | null): Node[] {
  const nodes: Node[] = [];
  if (!pairing) nodes.push(state('could_not', t('not_paired'), t('because_not_paired')), button('open_pairing', () => ask('open/options', {})));
  if (toGrant) return [...nodes, ...grant(toGrant)];
  if (!view || view.state === 'not_a_portal' || !tab) return [...nodes, state('off', t('title_not_a_portal'), t('not_a_portal_long'))];
  if (!pairing) return nodes;
  const because = view.state === 'could_not' && view.because !== null ? t(`because_${view.because}`) : (view.portal ?? '');
  nodes.push(state(shapeOf(view), headline(view), because));
  if (view.message !== '') nodes.push(h('p', { class: 'quiet' }, view.message));
  if (view.recordable) return [...nodes, ...recording(tab.id, view)];
  if (view.because === 'not_recognised' || view.because === 'several_pages') nodes.push(...pageTold(view));
  if (view.answer) nodes.push(...answered(tab.id, view, view.answer, pairing));
  if (view.state === 'could_not') nodes.push(button('check_again', () => ask('tab/check_again', { tab: tab.id }), true));
  return nodes;
}

function state(shape: Parameters<typeof sign>[0], title: string, text: string): HTMLElement {
  return h('div', { class: `state ${shape}`, role: 'status' }, sign(shape, 24), h('div', {}, h('strong', {}, title), text !== '' && h('span', {}, text)));
}

function button(name: string, act: () => Promise<unknown>, second = false): HTMLButtonElement {
  const made = h('button', { type: 'button', class: second ? 'action second' : 'action', 'data-name': name }, t(name));
  made.addEventListener('click', (event) => {
    if (!event.isTrusted) return;
    made.disabled = true;
    void act().finally(() => {
      made.disabled = false;
    });
  });
  return made;
}

function grant(portal: PortalPermission): Node[] {
  return [
    h('h2', {}, t('grant_title', portal.name)),
    h('p', {}, t('grant_words', portal.name)),
    h('ul', { class: 'small quiet' }, ...portal.origins.map((origin) => h('li', {}, h('code', {}, origin.replace(/\/\*$/, ''))))),
    button('grant', async () => {
      await browser.permissions.request({ origins: portal.origins });
      await draw();
    }),
  ];
}

function pageTold(view: TabView): Node[] {
  return [h('p', { class: 'quiet small' }, t('page_path', view.page?.url_path ?? '/'))];
}

function recording(tab: number, view: TabView): Node[] {
  return [
    ...(view.recorded ? recordedNodes(view.recorded) : [h('p', { class: 'quiet' }, t('record_offer'))]),
    button(view.recorded ? 'record_again' : 'record_reading', () => ask('tab/record', { tab })),
  ];
}

function answered(tab: number, view: TabView, answer: CheckAnswer, pairing: Pairing): Node[] {
  const nodes: Node[] = [];
  if (view.because === 'several_authorizations') {
    nodes.push(
      h(
        'div',
        { class: 'choices' },
        ...answer.candidates.map((candidate) => {
          const choose = h('button', { type: 'button', class: 'action second', 'data-name': `choice-${candidate.authorization_id}` }, candidate.label);
          choose.addEventListener('click', (event) => {
            if (event.isTrusted) void ask('tab/choose', { tab, authorization_id: candidate.authorization_id });
          });
          return h('div', {}, choose, candidate.reasons.length > 0 && h('p', { class: 'small quiet' }, candidate.reasons.join('; ')));
        }),
      ),
    );
  }
  const found = issues(answer);
  if (found.length > 0) nodes.push(h('div', { class: 'stack' }, ...found.map((finding) => findingElement(finding, false))));
  const allowed = answer.findings.filter((finding) => finding.severity === 'allowed');
  if (allowed.length > 0) nodes.push(h('p', { class: 'quiet' }, t('allowed', allowed.map((one) => `${fieldName(one.field)}: ${one.source ?? one.message}`).join('; '))));
  nodes.push(...theCase(view, answer, pairing));
  if (answer.unreadable.length > 0) nodes.push(h('p', { class: 'quiet' }, t('not_read', answer.unreadable.map((one) => fieldName(one.field)).join(', '))));
  if (answer.checked.length > 0) nodes.push(checkedList(answer.checked));
  return nodes;
}

function theCase(view: TabView, answer: CheckAnswer, pairing: Pairing): Node[] {
  const { authorization } = answer;
  if (!authorization) return [];
  const line = lineOf(answer);
  const expiry = line?.expiry ?? authorization.expiry;
  const left = expiry ? daysUntil(expiry) : null;
  const number = authorization.reference_numbers.find(({ kind }) => kind === 'authorization') ?? authorization.reference_numbers[0];
  const nodes: Node[] = [
    h('h2', {}, number ? t('authorization_number', number.value) : t('authorization_unnumbered')),
    h(
      'dl',
      { class: 'facts' },
      h('div', {}, h('dt', {}, fieldName('determination')), h('dd', {}, authorization.determination_text ?? authorization.determination.replaceAll('_', ' '))),
      h('div', {}, h('dt', {}, t('remaining')), h('dd', {}, line?.remaining == null ? '–' : `${line.remaining} ${line.unit ?? ''}`)),
      h('div', {}, h('dt', {}, t('days_left')), h('dd', {}, left === null ? '–' : left < 0 ? t('expired') : String(left))),
    ),
    h('p', { class: 'quiet small' }, authorization.determination_read_at ? t('status_read', ago(authorization.determination_read_at)) : t('status_never_read')),
  ];
  const rows = view.page ? halves(answer, view.page, view.part) : [];
  if (rows.length > 0) nodes.push(sideBySide(rows));
  nodes.push(h('a', { class: 'action second', href: `${pairing.address}/authorizations/${authorization.id}`, target: '_blank', rel: 'noopener noreferrer', 'data-name': 'dashboard' }, t('open_dashboard')));
  return nodes;
}

function sideBySide(rows: HalvesRow[]): HTMLElement {
  const shape = { denial: 'denial', caution: 'caution', agrees: 'agrees', not_compared: null, not_entered: null } as const;
  return h(
    'table',
    {},
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('element')), h('th', { scope: 'col' }, t('approved')), h('th', { scope: 'col' }, t('entered')), h('td', {}))),
    h(
      'tbody',
      {},
      ...rows.map((row) => {
        const drawn = shape[row.state];
        const mark = h('td', { class: `mark ${drawn ?? 'off'}` }, drawn && sign(drawn));
        mark.setAttribute('aria-label', t(`row_${row.state}`));
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

/** Draws, and says so plainly when the background cannot be asked. */
async function show(): Promise<void> {
  try {
    await draw();
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Failed)) throw error;
    main.replaceChildren(state('could_not', t('state_could_not'), t('because_extension_failed')));
  }
}

browser.storage.session.onChanged.addListener(() => void show());
browser.storage.local.onChanged.addListener(() => void show());
void show();
