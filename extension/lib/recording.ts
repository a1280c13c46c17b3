// Recording what an open page says: fresh text, a picture where the browser allows one, and the server's answer.
import { browser } from 'wxt/browser';
import { askServer } from './clinic';
import { keptPairing } from './device';
import { lastCheck } from './last-check';
import type { Done, ToFrame } from './messages';
import type { Outbox, Outcome } from './outbox';
import type { PageText } from './reader';
import { type Frames, type FrameState, leading, RECORDABLE, type Recorded, type Why } from './state';

/** Records the page of a tab that is open: kept first, then sent. Only ever called on a person's click. */
export async function record(tab: number, frames: Frames, outbox: Pick<Outbox, 'keep' | 'send'>): Promise<Done> {
  const frame = leading(await frames.of(tab));
  if (!frame?.page || frame.kind === null || !RECORDABLE.has(frame.kind)) {
    return { ok: false, because: 'not_recognised', message: '' };
  }
  const page = await freshText(frame);
  if (page?.page !== frame.page.page) return { ok: false, because: 'not_recognised', message: '' };
  const picture = await pictureOf(tab);
  const check = frame.kind === 'confirmation' ? await lastCheck(tab, frame.portal) : null;
  const pairing = await keptPairing();
  if (!pairing) return { ok: false, because: 'not_paired', message: '' };
  const id = await outbox.keep(pairing, frame.portal_name, {
    portal: frame.portal,
    page,
    ...(picture === null ? {} : { picture }),
    ...(check === null ? {} : { check_id: check }),
  });
  const recorded: Recorded = {
    answer: null, because: null, message: '', picture: picture !== null, at: new Date().toISOString(), undone: false, kept: id, refused: false,
  };
  const now = (await frames.one(tab, frame.frame)) ?? frame;
  await frames.put({ ...now, page, recorded });
  await outbox.send(id, true);
  const { because, message, answer } = (await frames.one(tab, frame.frame))?.recorded ?? recorded;
  return answer ? { ok: true } : { ok: false, because: because ?? 'outdated', message };
}

/** Shows what became of a page where it was recorded; answers the tabs that show it. */
export async function settled(frames: Frames, id: string, outcome: Outcome, seen: boolean): Promise<number[]> {
  const tabs = new Set<number>();
  for (const frame of await frames.all()) {
    if (frame.recorded?.kept !== id) continue;
    await frames.put({ ...frame, recorded: { ...frame.recorded, ...became(outcome, id, seen) } });
    tabs.add(frame.tab);
  }
  return [...tabs];
}

function became(outcome: Outcome, id: string, seen: boolean): Partial<Recorded> {
  if (outcome.kind === 'sent') return { answer: outcome.answer, because: null, message: outcome.answer.message, kept: null, refused: false };
  const { because, message } = outcome;
  if (outcome.kind === 'kept') return { because, message };
  return { because, message, kept: seen ? null : id, refused: true };
}

/** Takes back a reading that the tab shows as recorded. Only ever called on a person's act. */
export async function undo(tab: number, reading: number, why: Why, frames: Frames): Promise<Done> {
  const ofReading = (frame: FrameState): boolean => frame.recorded?.answer?.reading.id === reading;
  if (!(await frames.of(tab)).some(ofReading)) return { ok: false, because: 'outdated', message: '' };
  const reply = await askServer('POST', `/api/v1/readings/${reading}/undo`, { why });
  if (!reply.ok) return { ok: false, because: reply.because, message: reply.message };
  for (const frame of await frames.of(tab)) {
    if (frame.recorded && ofReading(frame)) await frames.put({ ...frame, recorded: { ...frame.recorded, undone: true } });
  }
  return { ok: true };
}

/** What the frame shows now, not what it showed when it was last reported. */
export async function freshText(frame: FrameState): Promise<PageText | null> {
  const message: ToFrame = { type: 'frame/read' };
  return browser.tabs.sendMessage<ToFrame, PageText | null>(frame.tab, message, { frameId: frame.frame });
}

/**
 * The visible part of the tab as base64 PNG, without our own summary; null where the browser does not allow it:
 * the person must have opened the popup on this page (activeTab), a click in the page alone is not enough.
 */
async function pictureOf(tab: number): Promise<string | null> {
  const { active, windowId } = await browser.tabs.get(tab);
  if (!active) return null;
  await conceal(tab, true);
  try {
    const url = await browser.tabs.captureVisibleTab(windowId, { format: 'png' });
    return url.slice(url.indexOf(',') + 1);
  } catch (error) {
    if (error instanceof Error && /permission|activeTab|all_urls/i.test(error.message)) return null;
    throw error;
  } finally {
    await conceal(tab, false);
  }
}

async function conceal(tab: number, concealed: boolean): Promise<void> {
  const message: ToFrame = { type: 'frame/conceal', concealed };
  await browser.tabs.sendMessage(tab, message, { frameId: 0 });
}
