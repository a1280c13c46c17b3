// Who sent this message? Told from what the browser says of the sender, never from the message itself.
import { patternOf, type Portal, portalsOf } from './portals';

export type Sender =
  | { trust: 'own' }
  | { trust: 'portal'; tab: number; frame: number; origin: string; portals: Portal[] }
  | { trust: null; reason: string };

/** The parts of `runtime.MessageSender` that are looked at. */
export interface BrowserSender {
  id?: string | undefined;
  url?: string | undefined;
  origin?: string | undefined;
  frameId?: number | undefined;
  tab?: { id?: number | undefined } | undefined;
}

export interface Known {
  id: string;
  origin: string;
  portals: readonly Portal[];
  granted: (pattern: string) => Promise<boolean>;
}

/** Classifies a sender. A frame counts as a portal's only while its host is granted, so a revocation holds at once. */
export async function whoSent(sender: BrowserSender, known: Known): Promise<Sender> {
  if (sender.id !== known.id) return { trust: null, reason: 'another extension' };
  if (sender.url === undefined || !URL.canParse(sender.url)) return { trust: null, reason: 'no address' };
  const url = new URL(sender.url);
  if (`${url.protocol}//${url.host}` === known.origin) return { trust: 'own' };
  if (sender.origin !== undefined && sender.origin !== url.origin) {
    return { trust: null, reason: 'a frame with no origin of its own' };
  }
  if (sender.tab?.id === undefined || sender.frameId === undefined) return { trust: null, reason: 'not a tab' };
  const portals = portalsOf(sender.url, known.portals);
  if (portals.length === 0) return { trust: null, reason: 'not a portal' };
  if (!(await known.granted(patternOf(sender.url)))) return { trust: null, reason: 'not granted' };
  return { trust: 'portal', tab: sender.tab.id, frame: sender.frameId, origin: url.origin, portals };
}
