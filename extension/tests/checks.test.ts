import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { Checks } from '../lib/checks';
import type { Reply } from '../lib/server';
import { Frames } from '../lib/state';
import { answer, finding, page, reading } from './sample';

const askServer = vi.hoisted(() => vi.fn<(...given: unknown[]) => Promise<Reply<unknown>>>());
vi.mock('../lib/clinic', () => ({ askServer }));

const portal = { slug: 'north_plan', name: 'North', fictional: false, hosts: [], sandbox_origin: null, reading_part: reading };
const from = { tab: 7, frame: 0, origin: 'https://portal.north.example', portals: [portal] };
const report = { page: page(), fits: 1, form: true, sequence: 1, born: 100, authorization_id: null };
const said = (value: unknown): Reply<unknown> => ({ ok: true, value, status: 200 });

let frames: Frames;
let checks: Checks;

beforeEach(() => {
  fakeBrowser.reset();
  frames = new Frames(fakeBrowser.storage.session);
  checks = new Checks(frames, { applied: (_tab, _portal, given) => Promise.resolve(given) }, () => Promise.resolve());
});

const state = async () => (await frames.one(7, 0))?.state;

describe('a report of a request form', () => {
  it('is checked at the server as portal entry, and its answer kept', async () => {
    askServer.mockResolvedValue(said(answer({ verdict: 'mismatch', findings: [finding('quantity')] })));
    const told = await checks.report(from, report);
    expect(askServer.mock.calls[0]?.slice(0, 3)).toEqual([
      'POST', '/api/v1/checks', { checkpoint: 'portal_entry', portal: 'north_plan', page: page() },
    ]);
    expect(told).toMatchObject({ superseded: false, state: 'warning' });
    expect(await state()).toBe('warning');
  });

  it('tells the page nothing of the patient that it does not show', async () => {
    askServer.mockResolvedValue(said(answer({ findings: [finding('member_id', { approved: 'XYZ100200301' })] })));
    expect(JSON.stringify(await checks.report(from, report))).not.toMatch(/XYZ100200301|Lindqvist/);
  });

  it('outdates the check of older input, whose answer is dropped and whose request is stopped', async () => {
    let late: (reply: Reply<unknown>) => void = () => undefined;
    askServer.mockReturnValueOnce(new Promise((resolve) => { late = resolve; }));
    askServer.mockResolvedValueOnce(said(answer()));
    const older = checks.report(from, report);
    await vi.waitFor(() => { expect(askServer).toHaveBeenCalledTimes(1); });
    await checks.report(from, { ...report, sequence: 2 });
    expect((askServer.mock.calls[0]?.[3] as AbortSignal).aborted).toBe(true);
    late(said(answer({ verdict: 'mismatch', findings: [finding('quantity')] })));
    expect((await older).superseded).toBe(true);
    expect(await state()).toBe('clear');
  });

  it('that arrives after newer input is not even asked', async () => {
    askServer.mockResolvedValue(said(answer()));
    await checks.report(from, { ...report, sequence: 5 });
    expect((await checks.report(from, { ...report, sequence: 4 })).superseded).toBe(true);
    expect(askServer).toHaveBeenCalledTimes(1);
  });

  it('of a new document begins to count anew', async () => {
    askServer.mockResolvedValue(said(answer()));
    await checks.report(from, { ...report, sequence: 5 });
    expect((await checks.report(from, { ...report, sequence: 1, born: 200 })).superseded).toBe(false);
  });

  it('is "could not check" when the server was not reached, and keeps no older answer', async () => {
    askServer.mockResolvedValueOnce(said(answer()));
    await checks.report(from, report);
    askServer.mockResolvedValueOnce({ ok: false, because: 'server_not_reached', message: '', status: null });
    await checks.report(from, { ...report, sequence: 2 });
    expect(await frames.one(7, 0)).toMatchObject({ state: 'could_not', because: 'server_not_reached', answer: null });
  });
});

describe('a report of another page', () => {
  it('asks the server nothing', async () => {
    const told = await checks.report(from, { ...report, page: page({ page: 'status' }) });
    expect(told.state).toBe('nothing_to_check');
    expect(askServer).not.toHaveBeenCalled();
  });

  it.each([
    ['an unknown form', page({ page: null }), 0, 'not_recognised'],
    ['a form that fits several pages', page({ page: null }), 2, 'several_pages'],
    ["a page that speaks for another portal's profile", page({ slug: 'south_plan' }), 1, 'not_recognised'],
    ['a page named as something inherited', page({ page: 'constructor' }), 1, 'not_recognised'],
    ['a page that is too large', page({ url_path: 'x'.repeat(500_000) }), 1, 'not_recognised'],
  ])('says of %s that it was not checked', async (_, given, fits, because) => {
    await checks.report(from, { ...report, page: given, fits });
    expect(await frames.one(7, 0)).toMatchObject({ state: 'could_not', because });
    expect(askServer).not.toHaveBeenCalled();
  });

  it('of an unknown page with nothing to fill in says nothing', async () => {
    expect((await checks.report(from, { ...report, page: page({ page: null }), fits: 0, form: false })).state).toBe('nothing_to_check');
  });
});
