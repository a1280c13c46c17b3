import { browser } from 'wxt/browser';
import type { LookCounts, Told } from '../../lib/cases';
import { type Authorization, type CheckAnswer, issues } from '../../lib/checking';
import { Choice, failure as failedWords } from '../../lib/choice';
import { byPerson, h } from '../../lib/elements';
import { findingElement } from '../../lib/findings';
import { namedOn } from '../../lib/halves';
import { type Answer, ask, Failed, type Pairing, type PortalPermission, Refused } from '../../lib/messages';
import { filledNodes, headline, overriddenNodes, recordedNodes, shapeOf, undoNodes } from '../../lib/summary';
import { fieldName, localDate, t } from '../../lib/words';
import { caseNodes } from './case';
import { finder } from './finder';
import { lookNodes } from './looking';
import { noteForm, noteList } from './notes';
import { outboxNodes } from './outbox';
import { overrideForm } from './override';
import { pausedNodes, pauseForm } from './pause';
import { button, caseLines, failure, patientName, state } from './pieces';
import { Region } from './region';

/** What the popup knows of its tab. */
type TabView = Answer<'tab/view'>;

const main = element('main');
const choice = new Choice(() => {
  page.forget();
  void show();
});
const settings = element('options');
settings.textContent = t('options');
settings.addEventListener('click', () => void ask('open/options', {}));
const pauseButton = element('pause');
pauseButton.textContent = t('pause');
pauseButton.addEventListener('click', byPerson(() => {
  pausingOpen = !pausingOpen;
  void show();
}));
document.documentElement.lang = t('language');

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

/** The regions, from the top: what is paused, the search, the page's state, the case, its notes, the list. */
const pausePanel = new Region('pausing');
pausePanel.element.id = 'pausing';
const searching = new Region('find');
const page = new Region('page');
const theCase = new Region('the-case');
const notes = new Region('case-notes');
const writing = new Region('writing');
const looking = new Region('looking');
const waiting = new Region('waiting');
main.replaceChildren(...[searching, pausePanel, page, theCase, notes, writing, looking, waiting].map(({ element: one }) => one));

const search = finder((found) => void choose(found.id));
let pausingOpen = false;
let lookAt: string | null | undefined;
let drawn = 0;

async function choose(authorization_id: number | null): Promise<void> {
  const tab = await tabOf();
  if (tab) await ask('case/choose', { tab: tab.id, authorization_id });
  await show();
}

async function draw(): Promise<void> {
  drawn += 1;
  const mine = drawn;
  const isLatest = (): boolean => mine === drawn;
  const tab = await tabOf();
  const [{ pairing }, portals, view, pause, chosen] = await Promise.all([
    ask('device/pairing', {}),
    ask('portals/list', {}),
    tab ? ask('tab/view', { tab: tab.id }) : null,
    tab ? ask('pause/view', { tab: tab.id }) : null,
    tab ? ask('case/of_tab', { tab: tab.id }) : null,
  ]);
  if (!isLatest()) return;
  drawPausing(tab, pause);
  keepFor(view);
  const toGrant = portalToGrant(tab?.url, portals);
  searching.draw({ paired: pairing !== null }, () =>
    pairing ? [search.element] : [state('could_not', t('not_paired'), t('because_not_paired')), button('open_pairing', () => ask('open/options', {}))],
  );
  page.draw({ tab, view, pairing, toGrant, pause }, () => pageNodes(tab, view, pairing, pause, toGrant));
  const held = await outboxNodes();
  if (!isLatest()) return;
  waiting.forget();
  waiting.draw(null, () => held);
  if (!pairing) return;
  await Promise.all([drawCase(tab, view, pairing, chosen?.authorization_id ?? null, isLatest), drawLooking(pause?.portal?.slug ?? null, view?.answer != null, isLatest)]);
}

function drawPausing(tab: { id: number } | null, pause: Answer<'pause/view'> | null): void {
  const may = tab !== null && pause !== null && !pause.pause;
  if (!may) pausingOpen = false;
  pauseButton.hidden = !may;
  pauseButton.setAttribute('aria-expanded', String(pausingOpen));
  pausePanel.draw({ pausingOpen, pause, tab: tab?.id }, () => (may && pausingOpen ? pauseForm(tab.id, pause) : []));
}

/** What this page is and what was found on it. */
function pageNodes(
  tab: { id: number } | null,
  view: TabView | null,
  pairing: Pairing | null,
  pause: Answer<'pause/view'> | null,
  toGrant: PortalPermission | null,
): Node[] {
  if (tab && pause?.pause) return pausedNodes(tab.id, pause);
  if (toGrant) return grant(toGrant);
  if (!view || view.state === 'not_a_portal' || !tab) return [state('off', t('title_not_a_portal'), t('not_a_portal_long'))];
  if (!pairing) return [];
  const because = view.state === 'could_not' && view.because !== null ? t(`because_${view.because}`) : (view.portal ?? '');
  const nodes: Node[] = [state(shapeOf(view), headline(view), because)];
  if (view.message !== '') nodes.push(h('p', { class: 'quiet' }, view.message));
  if (view.recordable) return [...nodes, ...recording(tab.id, view)];
  if (view.because === 'not_recognised' || view.because === 'several_pages') nodes.push(...pageTold(view));
  if (view.answer) nodes.push(...answered(tab.id, view, view.answer));
  nodes.push(...filling(tab.id, view));
  if (view.state === 'could_not') nodes.push(button('check_again', () => ask('tab/check_again', { tab: tab.id }), true));
  return nodes;
}

/** The case that a person chose for this tab, else the one that the page names; several are offered. */
async function drawCase(tab: { id: number } | null, view: TabView | null, pairing: Pairing, chosen: number | null, isLatest: () => boolean): Promise<void> {
  const named = await namedHere(view);
  const only = named.length === 1 ? (named[0] ?? null) : null;
  const id = chosen ?? only?.id ?? null;
  const told = id === null ? null : await once(`file:${id}`, () => ask('case/file', { authorization_id: id }));
  if (!isLatest()) return;
  const file = told?.ok ? told.value : null;
  const fromPage = only?.id === id ? only : null;
  const authorization: Authorization | null = file?.authorization ?? fromPage;
  theCase.draw({ named, chosen, told, view, pairing, tab: tab?.id }, () => {
    const nodes: Node[] = [];
    // Somebody else's page under this tab's case is how a wrong patient happens.
    const [other] = chosen !== null && named.every((one) => one.id !== chosen) ? named : [];
    if (other) {
      const born = other.patient.birth_date;
      nodes.push(state('caution', t('case_other'), [patientName(other), born ? localDate(born) : ''].filter(Boolean).join(', ')));
      nodes.push(...(only ? [takeButton('case_change', only.id)] : [h('div', { class: 'choices' }, ...named.map(namedChoice))]));
    }
    if (told && !told.ok) nodes.push(failure(t('case_failed'), told));
    if (authorization && id !== null) {
      const acts = tab === null ? [] : [chosen === null ? takeButton('case_keep', id) : takeButton('case_leave', null)];
      nodes.push(...caseNodes({ authorization, file, chosen: chosen !== null }, view, pairing, acts));
    } else if (chosen === null && named.length > 1) {
      nodes.push(h('h2', {}, t('case_several')), h('div', { class: 'choices' }, ...named.map(namedChoice)));
    }
    return nodes;
  });
  notes.draw(file?.notes ?? null, () => (file ? [h('h2', {}, t('notes_title')), ...noteList(file.notes)] : []));
  const writes = file ? id : null;
  const form = writes === null || writes === writingFor ? null : await noteForm(writes, () => {
    kept.delete(`file:${writes}`);
    return show();
  });
  if (!isLatest()) return;
  writingFor = writes;
  if (writes === null || form) writing.draw(writes, () => (form ? [form] : []));
  if (firstDrawing && id === null && view?.state !== 'warning') search.focus();
  firstDrawing = false;
}
let writingFor: number | null = null;
let firstDrawing = true;

/** What the server told while this popup is open; a failure is asked for again at the next drawing. */
const kept = new Map<string, Told<unknown>>();
let keptFor = '';

/** Forgets what was told once something was recorded: the record may say something else now. */
function keepFor(view: TabView | null): void {
  const now = `${view?.recorded?.at} ${view?.recorded?.undone}`;
  if (now !== keptFor) kept.clear();
  keptFor = now;
}

async function once<T>(key: string, fresh: () => Promise<Told<T>>): Promise<Told<T>> {
  const before = kept.get(key) as Told<T> | undefined;
  if (before) return before;
  const told = await fresh();
  if (told.ok) kept.set(key, told);
  return told;
}

/** The cases that the page itself names: by the check's answer, else by the numbers that the reader found on it. */
async function namedHere(view: TabView | null): Promise<Authorization[]> {
  if (view?.page?.page == null) return [];
  if (view.answer?.authorization) return [view.answer.authorization];
  // The check has its own way of asking which of several is meant.
  if (view.because === 'several_authorizations') return [];
  for (const text of namedOn(view.page, view.part)) {
    const told = await once(`search:${text}`, () => ask('case/search', { text }));
    if (told.ok && told.value.items.length > 0) return told.value.items;
  }
  return [];
}

function takeButton(name: string, authorization_id: number | null): HTMLButtonElement {
  const made = button(name, () => choose(authorization_id), true);
  made.classList.add('slim');
  return made;
}

function namedChoice(one: Authorization): HTMLElement {
  const [first, second] = caseLines(one);
  return h(
    'button',
    { type: 'button', class: 'action second', 'data-name': `case-${one.id}`, onclick: byPerson(() => void choose(one.id)) },
    h('strong', {}, first),
    h('span', { class: 'small quiet' }, second),
  );
}

async function drawLooking(here: string | null, busy: boolean, isLatest: () => boolean): Promise<void> {
  const counts = await once('counts', () => ask('look/portals', {}));
  // Where the role does not allow it, or the server is gone (which the page's state says), there is no list.
  const due: LookCounts = counts.ok ? counts.value : { portals: [] };
  if (lookAt === undefined) lookAt = !busy && due.portals.some(({ slug }) => slug === here) ? here : null;
  const open = due.portals.some(({ slug }) => slug === lookAt) ? (lookAt ?? null) : null;
  const list = open === null ? null : await once(`list:${open}`, () => ask('look/list', { slug: open }));
  if (!isLatest()) return;
  looking.draw({ due, open, list }, () =>
    lookNodes(due, open, list, (slug) => {
      lookAt = slug;
      void show();
    }),
  );
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
    ...(view.recorded ? undoNodes(choice, view.recorded, (reading, why) => ask('tab/undo', { tab, reading, why })) : []),
    button(view.recorded ? 'record_again' : 'record_reading', () => ask('tab/record', { tab })),
  ];
}

/** The offer to fill the form's empty fields, and what came of it. */
function filling(tab: number, { fill_from, filled }: TabView): Node[] {
  const nodes: Node[] = filled ? filledNodes(filled) : [];
  if (fill_from === null) return nodes;
  const failed = h('p', { class: 'said small', role: 'alert' });
  const fill = async (): Promise<void> => {
    const done = await ask('tab/fill', { tab, authorization_id: fill_from.authorization_id });
    failed.textContent = done.ok ? '' : failedWords(done);
  };
  return [...nodes, button('fill_here', fill, true), failed];
}

function answered(tab: number, view: TabView, answer: CheckAnswer): Node[] {
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
  if (found.length > 0) nodes.push(h('div', { class: 'stack' }, ...found.flatMap((finding) => [findingElement(finding, false), overrideForm(tab, answer, finding)])));
  const allowed = answer.findings.filter((finding) => finding.severity === 'allowed');
  if (allowed.length > 0) nodes.push(h('p', { class: 'quiet' }, t('allowed', allowed.map((one) => `${fieldName(one.field)}: ${one.source ?? one.message}`).join('; '))));
  nodes.push(...overriddenNodes(answer));
  if (answer.unreadable.length > 0) nodes.push(h('p', { class: 'quiet' }, t('not_read', answer.unreadable.map((one) => fieldName(one.field)).join(', '))));
  return nodes;
}

/** Draws, and says so plainly when the background cannot be asked. */
async function show(): Promise<void> {
  try {
    await draw();
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Failed)) throw error;
    page.draw('failed', () => [state('could_not', t('state_could_not'), t('because_extension_failed'))]);
  }
}

browser.storage.session.onChanged.addListener((changes) => {
  // What is being written is no reason to draw.
  if (Object.keys(changes).some((key) => !key.startsWith('draft:'))) void show();
});
browser.storage.local.onChanged.addListener(() => void show());
void show();
