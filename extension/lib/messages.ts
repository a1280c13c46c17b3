// Every message between the parts of the extension, in one table, with who may send it.
import { browser } from 'wxt/browser';
import type { TabView, FrameAnswer, Place } from './state';
import type { PageText, ReadingPart } from './reader';
import type { Because } from './checking';

/** Who a sender is: a frame of a portal whose host is granted, one of our own pages, or nobody. */
export type Trust = 'portal' | 'own';

/** What a frame of a portal is told when it starts. */
export interface Hello {
  portals: { slug: string; name: string; part: ReadingPart }[];
  place: Place | null;
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
  /** The person asked to record what this tab's page says. */
  'tab/record': { ask: { tab?: number }; answer: Done };
  /** The person asked to check again (the server is back, the device is paired). */
  'tab/check_again': { ask: { tab?: number }; answer: null };
  /** The person wants to be brought to a field that a finding is about. */
  'tab/go_to': { ask: { tab?: number; field: string }; answer: null };
  'open/options': { ask: Nothing; answer: null };
  'tab/view': { ask: { tab: number }; answer: TabView & { part: ReadingPart | null } };
  'device/pairing': { ask: Nothing; answer: { pairing: Pairing | null; managed_address: string | null } };
  'device/pair': { ask: { address: string; code: string; name: string }; answer: Done };
  'device/verify': { ask: Nothing; answer: Done };
  'device/forget': { ask: Nothing; answer: null };
  'portals/list': { ask: Nothing; answer: PortalPermission[] };
}

export type MessageType = keyof Messages;

/** Who may send what; a type that is not here is refused. A portal's frame can never reach pairing. */
export const TRUST: Readonly<Record<MessageType, readonly Trust[]>> = Object.freeze({
  'page/hello': ['portal'],
  'page/report': ['portal'],
  'page/gone': ['portal'],
  'panel/place': ['portal'],
  'tab/choose': ['portal', 'own'],
  'tab/record': ['portal', 'own'],
  'tab/check_again': ['portal', 'own'],
  'tab/go_to': ['portal', 'own'],
  'open/options': ['portal', 'own'],
  'tab/view': ['own'],
  'device/pairing': ['own'],
  'device/pair': ['own'],
  'device/verify': ['own'],
  'device/forget': ['own'],
  'portals/list': ['own'],
} as const);

/** From the background to a frame. */
export type ToFrame =
  | { type: 'frame/show'; view: PanelView }
  | { type: 'frame/read' }
  | { type: 'frame/check'; authorization_id: number | null }
  | { type: 'frame/conceal'; concealed: boolean }
  | { type: 'frame/go_to'; field: string }
  | { type: 'frame/next_issue' }
  | { type: 'frame/stop' };

/** What the summary in the page may show: never more about the patient than the page itself. */
export type PanelView = Pick<TabView, 'state' | 'portal' | 'because' | 'answer' | 'recordable' | 'recorded' | 'busy'>;

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
