// What is known of each frame and tab. It lives in session storage, because the background may be stopped at any time.
import type { browser } from 'wxt/browser';
import type { Because, CheckAnswer, State } from './checking';
import type { PageText } from './reader';
import type { Filled } from './typing';

/**
 * Where the person left the summary. at: distance of its lower right corner from the window's, in CSS pixels; null
 * until it is moved, then it takes the corner where it covers least. folded: null until the person folds or unfolds
 * it; then warnings keep out of the way, and what needs a person does not.
 */
export interface Place {
  at: { right: number; bottom: number } | null;
  folded: boolean | null;
}

/** POST /api/v1/readings answers this. */
export interface ReadingAnswer {
  state: 'accepted' | 'waiting' | 'rejected';
  outcome: string;
  reading: {
    id: number;
    /** It changed the record, and that can be taken back as long as nothing newer has. */
    can_undo: boolean;
    determination: string | null;
    determination_text: string | null;
    /** Typed values by name, as the server interpreted the page; empty when the page was rejected. */
    values: Record<string, unknown>;
  };
  changes: string[];
  message: string;
}

/** Why a reading is taken back: the server's short list. */
export type Why = (typeof WHYS)[number];
export const WHYS = ['recorded_by_mistake', 'misread', 'wrong_record'] as const;

/**
 * What was made of a page that a person recorded. picture: whether one could be taken. kept: its name in the outbox,
 * where it waits to be sent, or was refused and waits for the person.
 */
export interface Recorded {
  answer: ReadingAnswer | null;
  because: Because | null;
  message: string;
  picture: boolean;
  at: string;
  undone: boolean;
  kept: string | null;
  refused: boolean;
}

export interface FrameState {
  tab: number;
  frame: number;
  born: number;
  origin: string;
  portal: string;
  portal_name: string;
  page: PageText | null;
  kind: string | null;
  /** Has controls that a person can fill: an unknown page like this must say that it was not checked. */
  form: boolean;
  sequence: number;
  state: State;
  because: Because | null;
  message: string;
  answer: CheckAnswer | null;
  authorization_id: number | null;
  recorded: Recorded | null;
  /** What was filled in on this form, and what was not. */
  filled: Filled | null;
}

/** One tab as the popup and the summary show it. */
export interface TabView {
  state: State | 'not_a_portal' | 'paused';
  because: Because | null;
  message: string;
  slug: string | null;
  portal: string | null;
  page: PageText | null;
  answer: CheckAnswer | null;
  recordable: boolean;
  recorded: Recorded | null;
  filled: Filled | null;
  busy: boolean;
}

/** What a frame needs to draw its marks. `superseded`: newer input was sent meanwhile, so there is nothing to draw. */
export interface FrameAnswer {
  superseded: boolean;
  sequence: number;
  state: State;
  answer: CheckAnswer | null;
}

const NOT_A_PORTAL: TabView = {
  state: 'not_a_portal',
  because: null,
  message: '',
  slug: null,
  portal: null,
  page: null,
  answer: null,
  recordable: false,
  recorded: null,
  filled: null,
  busy: false,
};

/** A tab of which nothing is read for now. */
export const PAUSED: TabView = { ...NOT_A_PORTAL, state: 'paused' };

/** Kinds of page whose content can be recorded as a reading. */
export const RECORDABLE = new Set(['detail', 'confirmation']);

const WEIGHT: Record<State, number> = { warning: 4, could_not: 3, checking: 2, clear: 1, nothing_to_check: 0 };

/** Which frame of a tab speaks for it: a known page first, then the graver state, then the outer frame. */
export function leading(frames: readonly FrameState[]): FrameState | null {
  const order = (frame: FrameState): number[] => [
    frame.kind === null ? 0 : 1,
    WEIGHT[frame.state],
    frame.form ? 1 : 0,
    -frame.frame,
  ];
  let best: FrameState | null = null;
  for (const frame of frames) {
    if (best === null || later(order(frame), order(best))) best = frame;
  }
  return best;
}

function later(a: readonly number[], b: readonly number[]): boolean {
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0;
    if (value !== other) return value > other;
  }
  return false;
}

/** The whole tab, from its frames. */
export function viewOf(frames: readonly FrameState[]): TabView {
  const frame = leading(frames);
  if (!frame) return NOT_A_PORTAL;
  return {
    state: frame.state,
    because: frame.because,
    message: frame.message,
    slug: frame.portal,
    portal: frame.portal_name,
    page: frame.page,
    answer: frame.answer,
    recordable: frame.kind !== null && RECORDABLE.has(frame.kind),
    recorded: frame.recorded,
    filled: frame.filled,
    busy: frame.state === 'checking',
  };
}

/** Session storage of frames, a key each, so that two frames that report at once do not overwrite each other. */
export class Frames {
  constructor(private readonly area: Pick<typeof browser.storage.session, 'get' | 'set' | 'remove'>) {}

  private static key(tab: number, frame: number): string {
    return `frame:${tab}:${frame}`;
  }

  async of(tab: number): Promise<FrameState[]> {
    return (await this.all()).filter((frame) => frame.tab === tab);
  }

  async all(): Promise<FrameState[]> {
    const stored = await this.area.get(null);
    return Object.entries(stored)
      .filter(([key]) => key.startsWith('frame:'))
      .map(([, value]) => value as FrameState);
  }

  async one(tab: number, frame: number): Promise<FrameState | null> {
    const key = Frames.key(tab, frame);
    return ((await this.area.get(key))[key] as FrameState | undefined) ?? null;
  }

  async put(state: FrameState): Promise<void> {
    await this.area.set({ [Frames.key(state.tab, state.frame)]: state });
  }

  async drop(tab: number, frame: number): Promise<void> {
    await this.area.remove(Frames.key(tab, frame));
  }

  /** Forgets a tab, or only those frames of it that are older than `before` (ms, as performance.timeOrigin). */
  async forget(tab: number, before = Infinity): Promise<void> {
    const old = (await this.of(tab)).filter((frame) => frame.born < before);
    await this.area.remove(old.map((frame) => Frames.key(frame.tab, frame.frame)));
  }
}
