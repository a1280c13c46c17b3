// Where Tallystick may read: content scripts follow the granted hosts, one portal at a time, and leave when revoked.
import { browser } from 'wxt/browser';
import type { PortalPermission } from './messages';
import { hostPatterns, type Portal, sandboxPattern } from './portals';

const SCRIPT = 'portals';
const FILE = '/portal.js';

export async function isGranted(pattern: string): Promise<boolean> {
  return browser.permissions.contains({ origins: [pattern] });
}

function patterns(portal: Portal, sandbox: boolean): string[] {
  return sandbox ? [...hostPatterns(portal), sandboxPattern(portal)] : hostPatterns(portal);
}

/** The patterns that are granted, of all portals. */
export async function grantedPatterns(portals: readonly Portal[], sandbox: boolean): Promise<string[]> {
  const all = [...new Set(portals.flatMap((portal) => patterns(portal, sandbox)))];
  const granted = await Promise.all(all.map(isGranted));
  return all.filter((_, i) => granted[i]);
}

/** Each portal with whether all of its hosts (or its sandbox) are granted. */
export async function permissions(portals: readonly Portal[], sandbox: boolean): Promise<PortalPermission[]> {
  return Promise.all(
    portals.map(async ({ slug, name, hosts }) => {
      const own = hostPatterns({ hosts });
      const real = (await Promise.all(own.map(isGranted))).every(Boolean);
      const stand_in = sandbox && (await isGranted(sandboxPattern({ slug })));
      return { slug, name, origins: sandbox ? [...own, sandboxPattern({ slug })] : own, granted: real || stand_in };
    }),
  );
}

/** Registers the content script for exactly the granted hosts. Safe to call at any time, again and again. */
export async function follow(portals: readonly Portal[], sandbox: boolean): Promise<void> {
  const matches = await grantedPatterns(portals, sandbox);
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
  await Promise.all(
    tabs.map(({ id }) =>
      id === undefined
        ? Promise.resolve()
        : browser.scripting.executeScript({ target: { tabId: id, allFrames: true }, files: [FILE] }),
    ),
  );
}
