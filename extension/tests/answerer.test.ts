import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { answerer, type Parts } from '../lib/answerer';
import { type MessageType, TRUST } from '../lib/messages';
import { pausing } from '../lib/pausing';
import { Frames } from '../lib/state';
import type { BrowserSender } from '../lib/trust';
import { reading } from './sample';

const page: BrowserSender = { id: 'ours', url: 'https://portal.north.example/request', frameId: 2, tab: { id: 7 } };
const own: BrowserSender = { id: 'ours', url: 'chrome-extension://ours/popup.html' };
const stranger: BrowserSender = { id: 'ours', url: 'https://evil.example/', frameId: 0, tab: { id: 7 } };

let parts: { [K in keyof Parts]: Parts[K] };
let answer: ReturnType<typeof answerer>;

beforeEach(() => {
  fakeBrowser.reset();
  const portal = { slug: 'north_plan', name: 'North', fictional: false, hosts: ['https://portal.north.example'], sandbox_origin: null, reading_part: reading };
  const frames = new Frames(fakeBrowser.storage.session);
  const done = vi.fn<Parts['showTab']>().mockResolvedValue();
  parts = {
    pausing: pausing({ frames, portals: [portal], showTab: done, start: done, stop: done }),
    known: { id: 'ours', origin: 'chrome-extension://ours', portals: [portal], granted: () => Promise.resolve(true) },
    frames,
    checks: { report: vi.fn<Parts['checks']['report']>() },
    overrides: { override: vi.fn<Parts['overrides']['override']>() },
    outbox: { keep: vi.fn<Parts['outbox']['keep']>(), send: vi.fn<Parts['outbox']['send']>().mockResolvedValue(), list: vi.fn<Parts['outbox']['list']>(), discard: vi.fn<Parts['outbox']['discard']>() },
    showTab: vi.fn<Parts['showTab']>().mockResolvedValue(),
    toFrames: vi.fn<Parts['toFrames']>().mockResolvedValue(),
  };
  answer = answerer(parts);
});

describe('a message', () => {
  it.each(Object.keys(TRUST) as MessageType[])('%s from a page that is no portal is refused', async (type) => {
    expect(await answer({ type }, stranger)).toHaveProperty('refused');
  });

  it.each((Object.keys(TRUST) as MessageType[]).filter((type) => !TRUST[type].includes('portal')))(
    "%s is not for a portal's page",
    async (type) => {
      expect(await answer({ type }, page)).toEqual({ refused: 'not for this sender' });
    },
  );

  it.each([null, 'page/hello', {}, { type: 7 }, { type: 'constructor' }, { type: '__proto__' }, { type: 'toString' }, []])(
    'that is not of the table (%j) is refused',
    async (message) => {
      expect(await answer(message, own)).toEqual({ refused: 'unknown message' });
    },
  );

  it('about another tab counts for our own pages only', async () => {
    await answer({ type: 'tab/choose', tab: 99, authorization_id: 5 }, page);
    expect(parts.toFrames).toHaveBeenLastCalledWith(7, { type: 'frame/check', authorization_id: 5 });
    await answer({ type: 'tab/choose', tab: 99, authorization_id: 5 }, own);
    expect(parts.toFrames).toHaveBeenLastCalledWith(99, { type: 'frame/check', authorization_id: 5 });
  });

  it('that fails is told as failed, not as refused', async () => {
    expect(await answer({ type: 'tab/choose', authorization_id: 5 }, own)).toHaveProperty('failed');
  });

  it('from a frame that starts gives it the reading parts of its own host, and nothing else', async () => {
    expect(await answer({ type: 'page/hello', born: 1 }, page)).toEqual({
      answer: { paused: false, portals: [{ slug: 'north_plan', name: 'North', part: reading }], place: null },
    });
  });
});
