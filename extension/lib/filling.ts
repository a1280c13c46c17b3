// Filling an open request form from an authorization: the server says what, the form's own frame types it.
import { browser } from 'wxt/browser';
import { askServer } from './clinic';
import type { Done, ToFrame } from './messages';
import { freshText } from './recording';
import { type Frames, type FrameState, leading } from './state';
import { caseOf } from './tab-case';
import type { Filled, FillStep, LeftField } from './typing';

/** POST /api/v1/cases/{id}/filling answers this. */
interface Filling {
  steps: FillStep[];
  left: (LeftField & { where: string })[];
}

/** What an open request form can be filled from: what its check found, else the case that the person chose for the tab. */
export interface FillFrom {
  authorization_id: number;
  by: 'check' | 'case';
}

export async function fillFrom(tab: number, frames: readonly FrameState[]): Promise<FillFrom | null> {
  const frame = leading(frames);
  if (frame?.kind !== 'request_form') return null;
  const found = frame.answer?.authorization?.id;
  if (found !== undefined) return { authorization_id: found, by: 'check' };
  const chosen = await caseOf(tab);
  return chosen === null ? null : { authorization_id: chosen, by: 'case' };
}

/** Fills the empty fields of the tab's request form. Only ever called on a person's click. */
export async function fill(tab: number, authorization_id: number, frames: Frames): Promise<Done> {
  const frame = leading(await frames.of(tab));
  if (frame?.kind !== 'request_form') return { ok: false, because: 'not_recognised', message: '' };
  const page = await freshText(frame);
  if (page?.page == null || page.page !== frame.page?.page) return { ok: false, because: 'outdated', message: '' };
  const reply = await askServer<Filling>('POST', `/api/v1/cases/${authorization_id}/filling`, { portal: frame.portal, page });
  if (!reply.ok) return { ok: false, because: reply.because, message: reply.message };
  const message: ToFrame = { type: 'frame/fill', page: page.page, steps: reply.value.steps };
  const typed = await browser.tabs.sendMessage<ToFrame, Filled | null>(tab, message, { frameId: frame.frame });
  if (!typed) return { ok: false, because: 'outdated', message: '' };
  const left = [...typed.left, ...reply.value.left.map(({ field, why }) => ({ field, why }))];
  // What was typed has been reported meanwhile: the frame as it is now.
  const now = await frames.one(tab, frame.frame);
  if (now) await frames.put({ ...now, filled: { filled: typed.filled, left } });
  return { ok: true };
}
