// Answers every message of the table, after asking who sent it.
import { browser } from 'wxt/browser';
import { caseHandlers } from './cases';
import type { Checks } from './checks';
import { forget, pair, verify } from './clinic';
import { keptPairing } from './device';
import { fill, fillFrom } from './filling';
import { permissions } from './hosts';
import { managedAddress, offered } from './managed';
import { type Answer, type Ask, type Messages, type MessageType, type ToFrame, TRUST } from './messages';
import type { Overrides } from './overrides';
import type { Outbox } from './outbox';
import { type Pausing, pauseOf } from './pausing';
import { record, undo } from './recording';
import { type Frames, PAUSED, type Place, viewOf } from './state';
import { type BrowserSender, type Known, type Sender, whoSent } from './trust';

export interface Parts {
  known: Known;
  frames: Frames;
  checks: Pick<Checks, 'report'>;
  overrides: Pick<Overrides, 'override'>;
  outbox: Pick<Outbox, 'keep' | 'send' | 'list' | 'discard'>;
  showTab: (tab: number) => Promise<void>;
  pausing: Pick<Pausing, 'of' | 'handlers'>;
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
    // A frame that is refused leaves the page as if it had never been there.
    if (from.trust === 'portal' && !ALSO_PAUSED.has(type) && (await pausedFor(from))) return { refused: 'paused' };
    try {
      const handle = handlers[type] as (what: unknown, from: Trusted) => Promise<unknown>;
      return { answer: await handle(message, from) };
    } catch (error) {
      return { failed: error instanceof Error ? `${type}: ${error.name}: ${error.message}` : type };
    }
  };
}

/** What a frame may still say while nothing is read: that it is there, and that it goes. */
const ALSO_PAUSED = new Set<MessageType>(['page/hello', 'page/gone', 'open/options']);

async function pausedFor(from: Extract<Trusted, { trust: 'portal' }>): Promise<boolean> {
  return (await pauseOf(from.tab, from.portals.map(({ slug }) => slug))) !== null;
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

function handlersOf({ known, frames, checks, overrides, outbox, pausing, showTab, toFrames }: Parts): Handlers {
  return {
    ...caseHandlers(known.portals, toFrames),
    ...pausing.handlers,
    'page/hello': async ({ born }, from) => {
      const frame = frameOf(from);
      if (frame.frame === 0) await frames.forget(frame.tab, born);
      const { place } = await browser.storage.local.get('place');
      if (await pausedFor(frame)) {
        await showTab(frame.tab);
        return { portals: [], place: null, paused: true };
      }
      return {
        paused: false,
        portals: frame.portals.map(({ slug, name, reading_part }) => ({ slug, name, part: reading_part })),
        place: (place as Place | undefined) ?? null,
      };
    },
    'page/report': async (what, from) => {
      const answer = await checks.report(frameOf(from), what);
      // The server has just answered: what waits for it can go.
      if (answer.state === 'clear' || answer.state === 'warning') void outbox.send();
      return answer;
    },
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
      const done = await record(tab, frames, outbox);
      await showTab(tab);
      return done;
    },
    'outbox/send': async () => {
      await outbox.send();
      return null;
    },
    'outbox/discard': async ({ id }, from) => {
      const shown = (await frames.all()).filter(({ recorded }) => recorded?.kept === id);
      if (from.trust === 'portal' && !shown.some(({ tab }) => tab === from.tab)) throw new Error('not shown in this tab');
      await outbox.discard(id);
      for (const frame of shown) {
        await frames.put({ ...frame, recorded: null });
        await showTab(frame.tab);
      }
      return null;
    },
    'outbox/list': () => outbox.list(),
    'tab/fill': async (what, from) => {
      const tab = tabOf(what, from);
      const offered = await fillFrom(tab, await frames.of(tab));
      if (from.trust === 'portal' && offered?.authorization_id !== what.authorization_id) throw new Error('not of what this tab shows');
      const done = await fill(tab, what.authorization_id, frames);
      await showTab(tab);
      return done;
    },
    'tab/undo': async (what, from) => {
      const tab = tabOf(what, from);
      const done = await undo(tab, what.reading, what.why, frames);
      await showTab(tab);
      return done;
    },
    'tab/override': async (what, from) => {
      const tab = tabOf(what, from);
      const done = await overrides.override(tab, what);
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
      const paused = await pausing.of(tab);
      const shown = paused ? [] : await frames.of(tab);
      const view = paused ? PAUSED : viewOf(shown);
      return { ...view, fill_from: await fillFrom(tab, shown), part: known.portals.find(({ slug }) => slug === view.slug)?.reading_part ?? null };
    },
    'device/pairing': async () => ({ pairing: await keptPairing(), managed_address: await managedAddress() }),
    'device/pair': async ({ address, code, name }) => {
      const done = await pair(address, code, name);
      if (done.ok) void outbox.send();
      const tabs = done.ok ? new Set((await frames.all()).map(({ tab }) => tab)) : [];
      await Promise.all([...tabs].map((tab) => toFrames(tab, { type: 'frame/check', authorization_id: null })));
      return done;
    },
    'device/verify': () => verify(),
    'device/forget': async () => {
      await forget();
      return null;
    },
    'portals/list': async () => permissions(await offered(known.portals)),
  };
}
