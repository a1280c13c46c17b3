// The case of each tab: chosen by a person, the tab's until it is changed or the tab goes. Only its number is kept.
import { browser } from 'wxt/browser';

const key = (tab: number): string => `case:${tab}`;

/** The authorization that a person chose for this tab; null when nobody did. */
export async function caseOf(tab: number): Promise<number | null> {
  const kept = (await browser.storage.session.get(key(tab)))[key(tab)];
  return typeof kept === 'number' ? kept : null;
}

export async function chooseCase(tab: number, authorization: number | null): Promise<void> {
  if (authorization === null) await browser.storage.session.remove(key(tab));
  else await browser.storage.session.set({ [key(tab)]: authorization });
}
