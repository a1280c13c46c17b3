// Where Tallystick may read: content scripts follow the granted hosts, one portal at a time, and leave when revoked.
import { browser } from 'wxt/browser';
import type { PortalPermission } from './messages';
import { hostPatterns, patternOf, type Portal } from './portals';

const SCRIPT = 'portals';
const FILE = '/portal.js';

export async function isGranted(pattern: string): Promise<boolean> {
  return browser.permissions.contains({ origins: [pattern] });
}

/** The patterns that are granted, of all portals. */
export async function grantedPatterns(portals: readonly Portal[]): Promise<string[]> {
  const sandboxes = portals.flatMap(({ sandbox_origin }) => (sandbox_origin === null ? [] : [patternOf(sandbox_origin)]));
  const all = [...new Set([...portals.flatMap(hostPatterns), ...sandboxes])];
  const granted = await Promise.all(all.map(isGranted));
  return all.filter((_, i) => granted[i]);
}

/** Each portal with whether all of its hosts are granted; of a sandbox build, its sandbox is what counts. */
export async function permissions(portals: readonly Portal[]): Promise<PortalPermission[]> {
  return Promise.all(
    portals.map(async ({ slug, name, hosts, sandbox_origin }) => {
      const fixed = sandbox_origin !== null;
      const origins = sandbox_origin === null ? hostPatterns({ hosts }) : [patternOf(sandbox_origin)];
      return { slug, name, origins, granted: (await Promise.all(origins.map(isGranted))).every(Boolean), fixed };
    }),
  );
}

/** Registers the content script for exactly the granted hosts. Safe to call at any time, again and again. */
export async function follow(portals: readonly Portal[]): Promise<void> {
  const matches = await grantedPatterns(portals);
  const [registered] = await browser.scripting.getRegisteredContentScripts({ ids: [SCRIPT] });
  if (matches.length === 0) {
    if (registered) await browser.scripting.unregisterContentScripts({ ids: [SCRIPT] });
    return;
  }
  const same = registered?.matches && [...registered.matches].sort().join() === [...matches].sort().join();
  if (same) return;
  const script = { id: SCRIPT, js: [FILE], matches, allFrames: true, persistAcrossSessions: true, runAt: 'document_idle' } as const;
  await (registered
    ? browser.scripting.updateContentScripts([{ ...script, js: [FILE] }])
    : browser.scripting.registerContentScripts([{ ...script, js: [FILE] }]));
}

/** Starts on the tabs that are already open, so that nobody has to reload a half-filled form. */
export async function startOnOpenTabs(origins: readonly string[]): Promise<void> {
  const tabs = await browser.tabs.query({ url: [...origins] });
  await Promise.all(tabs.map(({ id }) => (id === undefined ? Promise.resolve() : startInTab(id))));
}

/** Starts in one tab that shows a granted host; where it already runs, it stays as it is. */
export async function startInTab(tab: number): Promise<void> {
  await browser.scripting.executeScript({ target: { tabId: tab, allFrames: true }, files: [FILE] });
}
