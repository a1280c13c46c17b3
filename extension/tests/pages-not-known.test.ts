import { beforeEach, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { Checks } from '../lib/checks';
import { Frames } from '../lib/state';
import { page, reading } from './sample';

const askServer = vi.hoisted(() => vi.fn());
vi.mock('../lib/clinic', () => ({ askServer }));

const portal = {
  slug: 'north_plan', name: 'North', fictional: false, hosts: [], sandbox_origin: null, reading_part: { ...reading, pages: {} },
};

beforeEach(() => {
  fakeBrowser.reset();
});

it.each([true, false])('a page of a portal that nobody has described could not be checked (a form: %s)', async (form) => {
  const frames = new Frames(fakeBrowser.storage.session);
  const report = { page: page({ page: null }), fits: 0, form, sequence: 1, born: 100, authorization_id: null };
  const from = { tab: 7, frame: 0, origin: 'https://portal.north.example', portals: [portal] };
  const told = await new Checks(frames, { applied: (_tab, _portal, given) => Promise.resolve(given) }, () => Promise.resolve()).report(from, report);
  expect(told).toMatchObject({ state: 'could_not', answer: null });
  expect((await frames.one(7, 0))?.because).toBe('pages_not_known');
  expect(askServer).not.toHaveBeenCalled();
});
