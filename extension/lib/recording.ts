// Recording what an open page says: fresh text, a picture where the browser allows one, and the server's answer.
import { browser } from 'wxt/browser';
import { askServer } from './clinic';
import type { Done, ToFrame } from './messages';
import type { PageText } from './reader';
import { type Frames, type FrameState, leading, type ReadingAnswer, RECORDABLE, type Recorded } from './state';

/** Records the page of a tab that is open. Only ever called on a person's click. */
export async function record(tab: number, frames: Frames): Promise<Done> {
  const frame = leading(await frames.of(tab));
  if (!frame?.page || frame.kind === null || !RECORDABLE.has(frame.kind)) {
    return { ok: false, because: 'not_recognised', message: '' };
  }
  const page = await freshText(frame);
  if (page?.page !== frame.page.page) return { ok: false, because: 'not_recognised', message: '' };
  const picture = await pictureOf(tab);
  const reply = await askServer<ReadingAnswer>('POST', '/api/v1/readings', {
    portal: frame.portal,
    page,
    ...(picture === null ? {} : { picture }),
  });
  const recorded: Recorded = {
    answer: reply.ok ? reply.value : null,
    because: reply.ok ? null : reply.because,
    message: reply.ok ? reply.value.message : reply.message,
    picture: reply.ok && picture !== null,
    at: new Date().toISOString(),
  };
  await frames.put({ ...frame, page, recorded });
  return reply.ok ? { ok: true } : { ok: false, because: reply.because, message: reply.message };
}

/** What the frame shows now, not what it showed when it was last reported. */
async function freshText(frame: FrameState): Promise<PageText | null> {
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
