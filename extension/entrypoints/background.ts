import { browser } from 'wxt/browser';
import { defineBackground } from 'wxt/utils/define-background';
import { portals } from 'virtual:portals';
import { answerer } from '../lib/answerer';
import { badgeOf } from '../lib/badge';
import { Checks } from '../lib/checks';
import { withoutPatient } from '../lib/checking';
import { askServer } from '../lib/clinic';
import { keptPairing } from '../lib/device';
import { follow, grantedPatterns, startInTab, startOnOpenTabs } from '../lib/hosts';
import { forgetLastCheck } from '../lib/last-check';
import { fillFrom } from '../lib/filling';
import { iconOf } from '../lib/icon';
import { offered } from '../lib/managed';
import type { ToFrame } from '../lib/messages';
import { type Item, Outbox } from '../lib/outbox';
import { Overrides } from '../lib/overrides';
import { forgetPauseOf, isPauseAlarm, pausing, wakeAtTheNextEnd } from '../lib/pausing';
import { patternOf, portalsOf } from '../lib/portals';
import { settled } from '../lib/recording';
import { sealingKey } from '../lib/sealing';
import { Frames, leading, PAUSED, viewOf } from '../lib/state';
import { inStore } from '../lib/store';
import { chooseCase } from '../lib/tab-case';

/** The alarm that rings every minute while recorded pages wait for the server. */
const OUTBOX = 'outbox';

export default defineBackground(() => {
  // The background may be stopped and started at any time: everything it knows is in storage, not here.
  const frames = new Frames(browser.storage.session);
  const overrides = new Overrides(browser.storage.session, frames, send);
  const outbox = new Outbox({
    key: sealingKey,
    items: {
      all: () => inStore('outbox', 'readonly', (store) => store.getAll() as IDBRequest<Item[]>),
      put: async (item) => {
        await inStore('outbox', 'readwrite', (store) => store.put(item, item.id));
      },
      remove: (id) => inStore('outbox', 'readwrite', (store) => store.delete(id)),
    },
    pairing: keptPairing,
    post: (path, body) => askServer('POST', path, body),
    alone: async (work, wait) => {
      await navigator.locks.request('outbox', { ifAvailable: !wait }, (lock) => (lock ? work() : undefined));
    },
    settled: async (id, outcome, seen) => {
      const tabs = await settled(frames, id, outcome, seen);
      await Promise.all(tabs.map(showTab));
      return tabs.length > 0;
    },
    changed: async (counts) => {
      await browser.storage.session.set({ outbox: counts });
      await (counts.waiting > 0 ? browser.alarms.create(OUTBOX, { periodInMinutes: 1 }) : browser.alarms.clear(OUTBOX));
    },
    now: () => Date.now(),
  });
  const checks = new Checks(frames, overrides, showTab);
  const pauses = pausing({
    frames,
    portals,
    showTab,
    stop: async (tab, frame) => {
      await send(tab, frame, { type: 'frame/stop' });
    },
    start: startAgain,
  });

  /** Only our own pages may read what is kept; Firefox has no other access level and no such function. */
  async function keepFromPages(): Promise<void> {
    const areas: { setAccessLevel?: (level: { accessLevel: 'TRUSTED_CONTEXTS' }) => Promise<void> }[] = [
      browser.storage.session,
      browser.storage.local,
    ];
    for (const area of areas) await area.setAccessLevel?.({ accessLevel: 'TRUSTED_CONTEXTS' });
  }

  /** false: nobody is there to take it; the frame went away, or never had a script of ours. */
  async function send(tab: number, frame: number, message: ToFrame): Promise<boolean> {
    try {
      await browser.tabs.sendMessage(tab, message, { frameId: frame });
      return true;
    } catch (error) {
      if (error instanceof Error && /receiving end|message port|no tab|invalid tab/i.test(error.message)) return false;
      throw error;
    }
  }

  /** Whether a host's portal is on offer here and was switched on. */
  async function isGranted(pattern: string): Promise<boolean> {
    return (await grantedPatterns(await offered(portals))).includes(pattern);
  }

  async function followPortals(): Promise<void> {
    await follow(await offered(portals));
  }

  /** Starts on a tab of a granted host, unless what it shows is the browser's own error page. */
  async function startAgain(tab: number): Promise<void> {
    const { url } = await browser.tabs.get(tab);
    if (url === undefined || !(await isGranted(patternOf(url)))) return;
    try {
      await startInTab(tab);
    } catch (error) {
      if (error instanceof Error && /cannot access|error page|no tab|missing host permission/i.test(error.message)) return;
      throw error;
    }
  }

  /** A new version, too, goes on in the tabs that are open: the old one's scripts no longer reach it. */
  async function installed(): Promise<void> {
    await followPortals();
    const origins = await grantedPatterns(await offered(portals));
    const tabs = origins.length === 0 ? [] : await browser.tabs.query({ url: origins });
    await Promise.all(tabs.map(({ id }) => (id === undefined ? Promise.resolve() : startAgain(id))));
  }

  async function toFrames(tab: number, message: ToFrame): Promise<void> {
    await Promise.all((await frames.of(tab)).map(({ frame }) => send(tab, frame, message)));
  }

  /** Brings icon and summary of a tab up to what is known of it. */
  async function showTab(tab: number): Promise<void> {
    const known = await frames.of(tab);
    const view = (await pauses.of(tab)) ? PAUSED : viewOf(known);
    await showBadge(tab, view);
    const { state, portal, because, answer, recordable, recorded, filled, busy } = view;
    if (state === 'not_a_portal' || state === 'paused') return;
    const fill_from = await fillFrom(tab, known);
    const message: ToFrame = {
      type: 'frame/show',
      view: { state, portal, because, answer: answer && withoutPatient(answer), recordable, recorded, fill_from, filled, busy },
    };
    if (await send(tab, 0, message)) return;
    // A portal inside a page that is none: its own frame shows the summary.
    const inner = leading(known);
    if (inner) await send(tab, inner.frame, message);
  }

  async function showBadge(tab: number, view: ReturnType<typeof viewOf>): Promise<void> {
    const badge = badgeOf(view);
    const title = browser.i18n.getMessage(badge.title, [String(badge.count)]);
    try {
      await Promise.all([
        browser.action.setBadgeText({ tabId: tab, text: badge.text }),
        browser.action.setBadgeBackgroundColor({ tabId: tab, color: badge.colour }),
        browser.action.setBadgeTextColor({ tabId: tab, color: '#ffffff' }),
        browser.action.setTitle({ tabId: tab, title: `Tallystick: ${title}` }),
        browser.action.setIcon({ tabId: tab, imageData: iconOf(badge.icon, badge.colour) }),
      ]);
    } catch (error) {
      // The tab was closed meanwhile: there is no icon left to set.
      if (error instanceof Error && /no tab|invalid tab/i.test(error.message)) return;
      throw error;
    }
  }

  async function revoked(): Promise<void> {
    await followPortals();
    for (const frame of await frames.all()) {
      if (await isGranted(patternOf(frame.origin))) continue;
      await send(frame.tab, frame.frame, { type: 'frame/stop' });
      await frames.drop(frame.tab, frame.frame);
      await showTab(frame.tab);
    }
  }

  const answer = answerer({
    known: { id: browser.runtime.id, origin: new URL(browser.runtime.getURL('/')).origin, portals, granted: isGranted },
    frames,
    checks,
    overrides,
    outbox,
    pausing: pauses,
    showTab,
    toFrames,
  });

  browser.runtime.onMessage.addListener((message: unknown, sender, respond) => {
    void answer(message, sender).then(respond);
    return true;
  });
  browser.permissions.onAdded.addListener(({ origins }) => {
    void followPortals().then(() => startOnOpenTabs(origins ?? []));
  });
  browser.permissions.onRemoved.addListener(() => void revoked());
  browser.storage.onChanged.addListener((_, area) => {
    if (area === 'managed') void revoked();
  });
  browser.runtime.onInstalled.addListener(({ reason }) => {
    void installed();
    if (reason === 'install' && portals.every(({ sandbox_origin }) => sandbox_origin === null)) void browser.runtime.openOptionsPage();
  });
  browser.runtime.onStartup.addListener(() => void followPortals());
  browser.tabs.onRemoved.addListener((tab) => {
    void frames.forget(tab);
    void overrides.forget(tab);
    void forgetLastCheck(tab);
    void chooseCase(tab, null);
    void forgetPauseOf(tab);
  });
  browser.alarms.onAlarm.addListener(({ name }) => {
    if (isPauseAlarm(name)) void wakeAtTheNextEnd().then(pauses.settle);
  });
  browser.tabs.onUpdated.addListener((tab, change, { url }) => {
    // A page that is not a portal's has no script of ours to say so.
    if (change.status === 'complete' && portalsOf(url ?? '', portals).length === 0) {
      void frames.forget(tab).then(() => showTab(tab));
    }
  });
  browser.commands.onCommand.addListener((command, tab) => {
    if (command !== 'next-issue' || tab?.id === undefined) return;
    void toFrames(tab.id, { type: 'frame/next_issue' });
  });

  browser.alarms.onAlarm.addListener(({ name }) => {
    if (name === OUTBOX) void outbox.send();
  });

  void keepFromPages().then(() => outbox.send());
});
