// Pauses: nothing is read or marked on one tab, one portal or everywhere, until a time or until resumed.
import { browser } from 'wxt/browser';
import type { Messages } from './messages';
import { type Portal, portalsOf } from './portals';
import type { Frames } from './state';

export type Scope = 'tab' | 'portal' | 'everywhere';

/** until: ms since 1970, null until a person resumes or the browser closes. */
export interface Pause {
  scope: Scope;
  until: number | null;
}

type Kept = Pick<Pause, 'until'>;

const ALARM = 'pause-ends';
const PREFIX = 'pause:';

/** Widest first: what is told is the one that holds longest over the most. */
function keysFor(tab: number | null, slugs: readonly string[]): [Scope, string][] {
  return [
    ['everywhere', `${PREFIX}everywhere`],
    ...slugs.map((slug): [Scope, string] => ['portal', `${PREFIX}portal:${slug}`]),
    ...(tab === null ? [] : [['tab', `${PREFIX}tab:${tab}`] as [Scope, string]]),
  ];
}

/** The pause that holds for a tab showing these portals; null when there is none. */
export async function pauseOf(tab: number, slugs: readonly string[], now = Date.now()): Promise<Pause | null> {
  const keys = keysFor(tab, slugs);
  const kept = await browser.storage.session.get(keys.map(([, key]) => key));
  for (const [scope, key] of keys) {
    const found = kept[key] as Kept | undefined;
    if (found && (found.until === null || found.until > now)) return { scope, until: found.until };
  }
  return null;
}

/** Begins a pause. minutes null: until it is ended. slug: of the portal, needed for that scope. */
export async function pause(scope: Scope, tab: number, slug: string | null, minutes: number | null): Promise<void> {
  if (scope === 'portal' && slug === null) throw new Error('no portal to pause on');
  const found = keysFor(tab, slug === null ? [] : [slug]).find(([one]) => one === scope);
  if (!found) throw new Error(`not a scope: ${scope}`);
  await browser.storage.session.set({ [found[1]]: { until: minutes === null ? null : Date.now() + minutes * 60_000 } satisfies Kept });
  await wakeAtTheNextEnd();
}

/** Ends every pause that holds for this tab. */
export async function resume(tab: number, slugs: readonly string[]): Promise<void> {
  await browser.storage.session.remove(keysFor(tab, slugs).map(([, key]) => key));
  await wakeAtTheNextEnd();
}

/** Forgets a tab that has gone. */
export async function forgetPauseOf(tab: number): Promise<void> {
  await browser.storage.session.remove(`${PREFIX}tab:${tab}`);
}

/** Takes away what is over, and has the background woken when the next one ends: it may be stopped till then. */
export async function wakeAtTheNextEnd(now = Date.now()): Promise<void> {
  const pauses = Object.entries(await browser.storage.session.get(null)).filter(([key]) => key.startsWith(PREFIX)) as [string, Kept][];
  const over = pauses.filter(([, { until }]) => until !== null && until <= now).map(([key]) => key);
  if (over.length > 0) await browser.storage.session.remove(over);
  const ends = pauses.flatMap(([, { until }]) => (until !== null && until > now ? [until] : []));
  await browser.alarms.clear(ALARM);
  if (ends.length > 0) await browser.alarms.create(ALARM, { when: Math.min(...ends) });
}

export function isPauseAlarm(name: string): boolean {
  return name === ALARM;
}

type PauseMessages = 'pause/view' | 'pause/begin' | 'pause/end';

/** What the background does about pauses. */
export interface Pausing {
  /** The pause that holds for a tab, whatever it shows. */
  of: (tab: number) => Promise<Pause | null>;
  /** Brings every tab to what holds now: quiet where it is paused, started again where it no longer is. */
  settle: () => Promise<void>;
  handlers: { [T in PauseMessages]: (what: Messages[T]['ask']) => Promise<Messages[T]['answer']> };
}

export interface PausingParts {
  frames: Frames;
  portals: readonly Portal[];
  stop: (tab: number, frame: number) => Promise<void>;
  /** Starts on a tab; where it already runs, or may not, nothing happens. */
  start: (tab: number) => Promise<void>;
  showTab: (tab: number) => Promise<void>;
}

export function pausing({ frames, portals, stop, start, showTab }: PausingParts): Pausing {
  /** The portals that a tab shows: by its address, or by frames of theirs inside another page. */
  async function shownIn(tab: number): Promise<Portal[]> {
    const { url } = await browser.tabs.get(tab);
    const slugs = (await frames.of(tab)).map(({ portal }) => portal);
    const byAddress = portalsOf(url ?? '', portals);
    return byAddress.length > 0 ? byAddress : portals.filter(({ slug }) => slugs.includes(slug));
  }

  const of = async (tab: number): Promise<Pause | null> => {
    try {
      return await pauseOf(tab, (await shownIn(tab)).map(({ slug }) => slug));
    } catch (error) {
      if (error instanceof Error && /no tab|invalid tab/i.test(error.message)) return null; // it was closed meanwhile
      throw error;
    }
  };

  const settle = async (): Promise<void> => {
    const running = await frames.all();
    for (const { id: tab } of await browser.tabs.query({})) {
      if (tab === undefined) continue;
      const own = running.filter((frame) => frame.tab === tab);
      if (await of(tab)) {
        await Promise.all(own.map(({ frame }) => stop(tab, frame)));
        await frames.forget(tab);
      } else if ((await shownIn(tab)).length > 0) await start(tab);
      await showTab(tab);
    }
  };

  return {
    of,
    settle,
    handlers: {
      'pause/view': async ({ tab }) => {
        const [portal] = await shownIn(tab);
        return { pause: await of(tab), portal: portal ? { slug: portal.slug, name: portal.name } : null };
      },
      'pause/begin': async ({ tab, scope, minutes }) => {
        const [portal] = await shownIn(tab);
        await pause(scope, tab, portal?.slug ?? null, minutes);
        await settle();
        return null;
      },
      'pause/end': async ({ tab }) => {
        await resume(tab, (await shownIn(tab)).map(({ slug }) => slug));
        await settle();
        return null;
      },
    },
  };
}
