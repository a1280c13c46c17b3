// Cases as the clinic's server keeps them: found, shown with their notes, written to; and what staff look at next.
import { browser } from 'wxt/browser';
import type { Authorization, Because, Finding } from './checking';
import { askServer } from './clinic';
import type { Messages, ToFrame } from './messages';
import { type Portal, portalsOf } from './portals';
import type { Reply } from './server';
import { caseOf, chooseCase } from './tab-case';

/** One authorization as the search and the case give it. */
export interface CaseAuthorization extends Authorization {
  portal: string | null;
  last_looked_at: string | null;
  last_outcome: string | null;
}

/** POST /api/v1/authorizations/search answers this. */
export interface Found {
  items: CaseAuthorization[];
  total: number;
}

export interface CaseNote {
  id: number;
  kind: 'note' | 'call';
  /** When the call was; ISO. */
  at: string;
  text: string;
  representative: string | null;
  call_reference: string | null;
  written_at: string;
  actor: string;
}

/** GET /api/v1/cases/<id> answers this. */
export interface CaseFile {
  authorization: CaseAuthorization;
  last_reading: { at: string; by: 'nightly' | 'check_now' | 'attended' | 'person'; reading_id: number } | null;
  last_check: { at: string; checkpoint: string; service: Record<string, unknown>; findings: Finding[] } | null;
  portal_name: string | null;
  notes: CaseNote[];
}

/** `sent_key`: random, the same for each try, so that the server keeps it once. */
export interface NoteToKeep {
  kind: 'note' | 'call';
  text: string;
  representative: string | null;
  call_reference: string | null;
  at: string | null;
  sent_key: string;
}

/** GET /api/v1/portals/to-look-at answers this. */
export interface LookCounts {
  portals: { slug: string; name: string; why: string; total: number }[];
}

export interface LookItem {
  authorization_id: number;
  last_name: string | null;
  first_name: string | null;
  payer_name: string | null;
  codes: string[];
  determination: string;
  due_since: string | null;
  address: string;
  /** What is typed into the portal's search: a query's field and its text. */
  typed: { field: string; text: string }[];
}

/** GET /api/v1/portals/<slug>/to-look-at answers this. */
export interface LookList {
  slug: string;
  name: string;
  why: string;
  pages_known: boolean;
  total: number;
  items: LookItem[];
  refreshed: { authorization_id: number | null; last_name: string | null; first_name: string | null; read_at: string; state: string }[];
}

export type Told<T> = { ok: true; value: T } | { ok: false; because: Because; message: string };

/** As many as a person looks through; what is more asks for more letters. */
const SHOWN = 8;

function told<T>(reply: Reply<T>): Told<T> {
  return reply.ok ? { ok: true, value: reply.value } : { ok: false, because: reply.because, message: reply.message };
}

type CaseMessages = 'case/search' | 'case/of_tab' | 'case/choose' | 'case/file' | 'case/note' | 'look/portals' | 'look/list' | 'look/open';
type Handlers = { [T in CaseMessages]: (what: Messages[T]['ask']) => Promise<Messages[T]['answer']> };

/** The background's side. What names a patient goes in a body, never in an address. */
export function caseHandlers(portals: readonly Portal[], toFrames: (tab: number, message: ToFrame) => Promise<void>): Handlers {
  return {
    'case/search': async ({ text }) =>
      told(await askServer<Found>('POST', '/api/v1/authorizations/search', { q: text, page_size: SHOWN })),
    'case/of_tab': async ({ tab }) => ({ authorization_id: await caseOf(tab) }),
    'case/choose': async ({ tab, authorization_id }) => {
      await chooseCase(tab, authorization_id);
      // A form that is open is compared with what the person chose.
      await toFrames(tab, { type: 'frame/check', authorization_id });
      return null;
    },
    'case/file': async ({ authorization_id }) => told(await askServer<CaseFile>('GET', `/api/v1/cases/${authorization_id}`, undefined)),
    'case/note': async ({ authorization_id, note }) =>
      told(await askServer<CaseNote>('POST', `/api/v1/cases/${authorization_id}/notes`, note)),
    'look/portals': async () => told(await askServer<LookCounts>('GET', '/api/v1/portals/to-look-at', undefined)),
    'look/list': async ({ slug }) => told(await askServer<LookList>('GET', `/api/v1/portals/${encodeURIComponent(slug)}/to-look-at`, undefined)),
    'look/open': async ({ address, authorization_id }) => {
      // Only a portal's own host: whoever speaks for the server leads nobody elsewhere.
      if (portalsOf(address, portals).length === 0) return { opened: false };
      const { id } = await browser.tabs.create({ url: address });
      if (id !== undefined) await chooseCase(id, authorization_id);
      return { opened: true };
    },
  };
}
