// Answers every message of the table, after asking who sent it.
import { browser } from 'wxt/browser';
import type { Checks } from './checks';
import { forget, pair, verify } from './clinic';
import { keptPairing, managedAddress } from './device';
import { permissions } from './hosts';
import { type Answer, type Ask, type Messages, type MessageType, type ToFrame, TRUST } from './messages';
import { record } from './recording';
import { type Frames, type Place, viewOf } from './state';
import { type BrowserSender, type Known, type Sender, whoSent } from './trust';

export interface Parts {
  known: Known;
  frames: Frames;
  checks: Pick<Checks, 'report'>;
  showTab: (tab: number) => Promise<void>;
  /** To every frame of a tab that has reported. */
  toFrames: (tab: number, message: ToFrame) => Promise<void>;
}

type Said = { answer: unknown } | { refused: string } | { failed: string };
type Trusted = Exclude<Sender, { trust: null }>;
type Handlers = { [T in MessageType]: (what: Messages[T]['ask'], from: Trusted) => Promise<Answer<T>> };

/** A message's answer, why it was refused, or that it failed. */
export function answerer(parts: Parts): (message: unknown, sender: BrowserSender) => Promise<Said> {
  const handlers = handlersOf(parts);
  return async (message, sender) => {
    const type = typeOf(message);
    if (type === null) return { refused: 'unknown message' };
    const from = await whoSent(sender, parts.known);
    if (from.trust === null) return { refused: from.reason };
    if (!TRUST[type].includes(from.trust)) return { refused: 'not for this sender' };
    try {
      const handle = handlers[type] as (what: unknown, from: Trusted) => Promise<unknown>;
      return { answer: await handle(message, from) };
    } catch (error) {
      return { failed: error instanceof Error ? `${type}: ${error.name}: ${error.message}` : type };
    }
  };
}

function typeOf(message: unknown): MessageType | null {
  if (typeof message !== 'object' || message === null) return null;
  const { type } = message as Partial<Ask<MessageType>>;
  return typeof type === 'string' && Object.hasOwn(TRUST, type) ? type : null;
}

/** The tab that is meant: a frame only ever speaks of its own. */
function tabOf(what: { tab?: number }, from: Trusted): number {
  if (from.trust === 'portal') return from.tab;
  if (what.tab === undefined) throw new Error('which tab is not said');
  return what.tab;
}

/** The frame that speaks. TRUST lets only portals' frames reach the handlers that ask for it. */
function frameOf(from: Trusted): Extract<Trusted, { trust: 'portal' }> {
  if (from.trust !== 'portal') throw new Error('not a frame of a portal');
  return from;
}

function handlersOf({ known, frames, checks, showTab, toFrames }: Parts): Handlers {
  return {
    'page/hello': async ({ born }, from) => {
      const frame = frameOf(from);
      if (frame.frame === 0) await frames.forget(frame.tab, born);
      const { place } = await browser.storage.local.get('place');
      return {
        portals: frame.portals.map(({ slug, name, reading_part }) => ({ slug, name, part: reading_part })),
        place: (place as Place | undefined) ?? null,
      };
    },
    'page/report': (what, from) => checks.report(frameOf(from), what),
    'page/gone': async (_, from) => {
      const frame = frameOf(from);
      await frames.drop(frame.tab, frame.frame);
      await showTab(frame.tab);
      return null;
    },
    'panel/place': async ({ place: { at, folded } }) => {
      await browser.storage.local.set({ place: { at, folded } });
      return null;
    },
    'tab/choose': async (what, from) => {
      await toFrames(tabOf(what, from), { type: 'frame/check', authorization_id: what.authorization_id });
      return null;
    },
    'tab/check_again': async (what, from) => {
      await toFrames(tabOf(what, from), { type: 'frame/check', authorization_id: null });
      return null;
    },
    'tab/record': async (what, from) => {
      const tab = tabOf(what, from);
      const done = await record(tab, frames);
      await showTab(tab);
      return done;
    },
    'tab/go_to': async (what, from) => {
      await toFrames(tabOf(what, from), { type: 'frame/go_to', field: what.field });
      return null;
    },
    'open/options': async () => {
      await browser.runtime.openOptionsPage();
      return null;
    },
    'tab/view': async ({ tab }) => {
      const view = viewOf(await frames.of(tab));
      return { ...view, part: known.portals.find(({ slug }) => slug === view.slug)?.reading_part ?? null };
    },
    'device/pairing': async () => ({ pairing: await keptPairing(), managed_address: await managedAddress() }),
    'device/pair': async ({ address, code, name }) => {
      const done = await pair(address, code, name);
      const tabs = done.ok ? new Set((await frames.all()).map(({ tab }) => tab)) : [];
      await Promise.all([...tabs].map((tab) => toFrames(tab, { type: 'frame/check', authorization_id: null })));
      return done;
    },
    'device/verify': () => verify(),
    'device/forget': async () => {
      await forget();
      return null;
    },
    'portals/list': () => permissions(known.portals),
  };
}
