// The last check in a tab in which a request was stated: the confirmation that follows it confirms that request.
import { browser } from 'wxt/browser';
import type { CheckAnswer } from './checking';

interface LastCheck {
  portal: string;
  id: number;
}

function keyOf(tab: number): string {
  return `check:${tab}`;
}

/** Keeps it; one of a form that was emptied (as portals do after sending) states nothing and is passed over. */
export async function keepLastCheck(tab: number, portal: string, { id, verdict }: CheckAnswer): Promise<void> {
  if (verdict === 'undetermined') return;
  const last: LastCheck = { portal, id };
  await browser.storage.session.set({ [keyOf(tab)]: last });
}

/** The check's id, or null where there was none at this portal in this tab. */
export async function lastCheck(tab: number, portal: string): Promise<number | null> {
  const last = (await browser.storage.session.get(keyOf(tab)))[keyOf(tab)] as LastCheck | undefined;
  return last?.portal === portal ? last.id : null;
}

export async function forgetLastCheck(tab: number): Promise<void> {
  await browser.storage.session.remove(keyOf(tab));
}
