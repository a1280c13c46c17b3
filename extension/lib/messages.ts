// Every message between the parts of the extension, in one table, with who may send it.
import { browser } from 'wxt/browser';
import type { TabView, FrameAnswer, Place, Why } from './state';
import type { FillStep } from './typing';
import type { Waiting } from './outbox';
import type { FillFrom } from './filling';
import type { PageText, ReadingPart } from './reader';
import type { Because, Reason } from './checking';
import type { CaseFile, CaseNote, Found, LookCounts, LookList, NoteToKeep, Told } from './cases';
import type { Pause, Scope } from './pausing';

/** Who a sender is: a frame of a portal whose host is granted, one of our own pages, or nobody. */
export type Trust = 'portal' | 'own';

/** What a frame of a portal is told when it starts. */
export interface Hello {
  portals: { slug: string; name: string; part: ReadingPart }[];
  place: Place | null;
  /** Nothing is to be read here for now. */
  paused: boolean;
}

/** The server that this browser is paired with. Nothing here is secret: the key cannot leave the browser. */
export interface Pairing {
  address: string;
  device_id: string;
  name: string;
  clinic: string;
  user: string;
}

export interface PortalPermission {
  slug: string;
  name: string;
  origins: string[];
  granted: boolean;
  /** Given with the installation (a sandbox), so it cannot be taken back here. */
  fixed: boolean;
}

/** Of a message that is only its type. */
interface Nothing {
  nothing?: never;
}

export type Done = { ok: true } | { ok: false; because: Because; message: string };

/** type -> what is asked, what is answered. */
export interface Messages {
  /** A frame starts. `born`: performance.timeOrigin, ms; older frames of the tab are gone when the top frame is newer. */
  'page/hello': { ask: { born: number }; answer: Hello };
  /** A frame's page after it settled. `sequence` grows; answers to older ones are dropped. */
  'page/report': {
    ask: {
      page: PageText | null;
      fits: number;
      form: boolean;
      sequence: number;
      born: number;
      authorization_id: number | null;
    };
    answer: FrameAnswer;
  };
  /** A frame's document goes away. */
  'page/gone': { ask: Nothing; answer: null };
  /** The person moved or folded the summary. */
  'panel/place': { ask: { place: Place }; answer: null };
  /** The person chose among authorizations that could not be told apart. */
  'tab/choose': { ask: { tab?: number; authorization_id: number }; answer: null };
  /** The person goes on though a finding speaks against it. check, finding: its check and its place in it, from 0. */
  'tab/override': { ask: { tab?: number; check: number; finding: number; reason: Reason; note?: string }; answer: Done };
  /** The person asked to record what this tab's page says. */
  'tab/record': { ask: { tab?: number }; answer: Done };
  /** The person asks to send what waits, now. */
  'outbox/send': { ask: Nothing; answer: null };
  /** The person throws away what the server refused; a portal's page only what it shows. */
  'outbox/discard': { ask: { id: string }; answer: null };
  'outbox/list': { ask: Nothing; answer: Waiting[] };
  /** The person asks to fill the form's empty fields; from a portal's page only out of what the tab's check found. */
  'tab/fill': { ask: { tab?: number; authorization_id: number }; answer: Done };
  /** The person takes back what was recorded. reading: its id at the server. */
  'tab/undo': { ask: { tab?: number; reading: number; why: Why }; answer: Done };
  /** The person asked to check again (the server is back, the device is paired). */
  'tab/check_again': { ask: { tab?: number }; answer: null };
  /** The person wants to be brought to a field that a finding is about. */
  'tab/go_to': { ask: { tab?: number; field: string }; answer: null };
  'open/options': { ask: Nothing; answer: null };
  'tab/view': { ask: { tab: number }; answer: TabView & { part: ReadingPart | null; fill_from: FillFrom | null } };
  'device/pairing': { ask: Nothing; answer: { pairing: Pairing | null; managed_address: string | null } };
  'device/pair': { ask: { address: string; code: string; name: string }; answer: Done };
  'device/verify': { ask: Nothing; answer: Done };
  'device/forget': { ask: Nothing; answer: null };
  'portals/list': { ask: Nothing; answer: PortalPermission[] };
  /** The person looks for a case. */
  'case/search': { ask: { text: string }; answer: Told<Found> };
  'case/of_tab': { ask: { tab: number }; answer: { authorization_id: number | null } };
  /** The person chose the tab's case, or (null) let it go. */
  'case/choose': { ask: { tab: number; authorization_id: number | null }; answer: null };
  'case/file': { ask: { authorization_id: number }; answer: Told<CaseFile> };
  'case/note': { ask: { authorization_id: number; note: NoteToKeep }; answer: Told<CaseNote> };
  'look/portals': { ask: Nothing; answer: Told<LookCounts> };
  'look/list': { ask: { slug: string }; answer: Told<LookList> };
  /** Opens a portal's search page in a tab of its own, whose case is this one. */
  'look/open': { ask: { address: string; authorization_id: number }; answer: { opened: boolean } };
  'pause/view': { ask: { tab: number }; answer: { pause: Pause | null; portal: { slug: string; name: string } | null } };
  /** minutes null: until the person resumes. */
  'pause/begin': { ask: { tab: number; scope: Scope; minutes: number | null }; answer: null };
  'pause/end': { ask: { tab: number }; answer: null };
}

export type MessageType = keyof Messages;

/** Who may send what; a type that is not here is refused. A portal's frame can never reach pairing. */
export const TRUST: Readonly<Record<MessageType, readonly Trust[]>> = Object.freeze({
  'page/hello': ['portal'],
  'page/report': ['portal'],
  'page/gone': ['portal'],
  'panel/place': ['portal'],
  'tab/choose': ['portal', 'own'],
  'tab/override': ['portal', 'own'],
  'tab/record': ['portal', 'own'],
  'tab/fill': ['portal', 'own'],
  'tab/undo': ['portal', 'own'],
  'outbox/send': ['portal', 'own'],
  'outbox/discard': ['portal', 'own'],
  'outbox/list': ['own'],
  'tab/check_again': ['portal', 'own'],
  'tab/go_to': ['portal', 'own'],
  'open/options': ['portal', 'own'],
  'tab/view': ['own'],
  'device/pairing': ['own'],
  'device/pair': ['own'],
  'device/verify': ['own'],
  'device/forget': ['own'],
  'portals/list': ['own'],
  'case/search': ['own'],
  'case/of_tab': ['own'],
  'case/choose': ['own'],
  'case/file': ['own'],
  'case/note': ['own'],
  'look/portals': ['own'],
  'look/list': ['own'],
  'look/open': ['own'],
  'pause/view': ['own'],
  'pause/begin': ['own'],
  'pause/end': ['own'],
} as const);

/** From the background to a frame. */
export type ToFrame =
  | { type: 'frame/show'; view: PanelView }
  | { type: 'frame/answer'; answer: FrameAnswer }
  | { type: 'frame/read' }
  | { type: 'frame/fill'; page: string; steps: FillStep[] }
  | { type: 'frame/check'; authorization_id: number | null }
  | { type: 'frame/conceal'; concealed: boolean }
  | { type: 'frame/go_to'; field: string }
  | { type: 'frame/next_issue' }
  | { type: 'frame/stop' };

/** What the summary in the page may show: never more about the patient than the page itself. */
export type PanelView = Pick<TabView, 'state' | 'portal' | 'because' | 'answer' | 'recordable' | 'recorded' | 'filled' | 'busy'> & { fill_from: FillFrom | null };

export type Ask<T extends MessageType> = { type: T } & Messages[T]['ask'];
export type Answer<T extends MessageType> = Messages[T]['answer'];

/** Sends one message to the background. Rejects when the background refuses or is being replaced. */
export async function ask<T extends MessageType>(type: T, what: Messages[T]['ask']): Promise<Answer<T>> {
  const answer = await browser.runtime.sendMessage<
    unknown,
    | { answer: Answer<T> }
    | { refused: string }
    | { failed: string }
    | undefined
  >({ ...what, type });
  if (answer && 'answer' in answer) return answer.answer;
  if (answer && 'failed' in answer) throw new Failed(answer.failed);
  throw new Refused(answer ? answer.refused : 'no answer');
}

/** The background did not take a message from this sender, or is no longer there. */
export class Refused extends Error {}

/** The background took a message and could not do what it asks. */
export class Failed extends Error {}
