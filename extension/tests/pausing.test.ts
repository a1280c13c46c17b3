import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { answerer, type Parts } from '../lib/answerer';
import { forgetPauseOf, pause, pauseOf, pausing, resume, wakeAtTheNextEnd } from '../lib/pausing';
import { Frames, type FrameState } from '../lib/state';
import { page, reading } from './sample';

const MINUTE = 60_000;

beforeEach(() => {
  fakeBrowser.reset();
});

describe('a pause', () => {
  it('of a tab holds for that tab alone', async () => {
    await pause('tab', 7, 'north_plan', null);
    expect(await pauseOf(7, [])).toEqual({ scope: 'tab', until: null });
    expect(await pauseOf(8, ['north_plan'])).toBeNull();
  });

  it('of a portal holds in every tab of it, and on no other portal', async () => {
    await pause('portal', 7, 'north_plan', null);
    expect(await pauseOf(8, ['north_plan'])).toEqual({ scope: 'portal', until: null });
    expect(await pauseOf(7, ['east_plan'])).toBeNull();
  });

  it('of everything holds everywhere and is the one that is told', async () => {
    await pause('tab', 7, null, null);
    await pause('everywhere', 7, null, 15);
    expect((await pauseOf(7, []))?.scope).toBe('everywhere');
    expect((await pauseOf(9, ['north_plan']))?.scope).toBe('everywhere');
  });

  it('is over when its time has come, to the millisecond', async () => {
    const before = Date.now();
    await pause('everywhere', 7, null, 15);
    const until = (await pauseOf(7, []))?.until ?? 0;
    expect(until).toBeGreaterThanOrEqual(before + 15 * MINUTE);
    expect(await pauseOf(7, [], until - 1)).not.toBeNull();
    expect(await pauseOf(7, [], until)).toBeNull();
  });

  it('wakes the background at the nearest end, and at none when nothing ends by itself', async () => {
    await pause('everywhere', 7, null, 60);
    await pause('tab', 7, null, 15);
    const nearest = (await fakeBrowser.storage.session.get('pause:tab:7'))['pause:tab:7'] as { until: number } | undefined;
    const [alarm] = await fakeBrowser.alarms.getAll();
    expect(alarm?.scheduledTime).toBe(nearest?.until);
    await resume(7, []);
    expect(await fakeBrowser.alarms.getAll()).toEqual([]);
  });

  it('that is over is forgotten', async () => {
    await pause('tab', 7, null, 15);
    await wakeAtTheNextEnd(Date.now() + 16 * MINUTE);
    expect(await fakeBrowser.storage.session.get(null)).toEqual({});
  });

  it('goes with its tab', async () => {
    await pause('tab', 7, null, null);
    await forgetPauseOf(7);
    expect(await pauseOf(7, [])).toBeNull();
  });

  it('of a portal needs one', async () => {
    await expect(pause('portal', 7, null, null)).rejects.toThrow('no portal');
  });
});

describe('while paused', () => {
  const portal = { slug: 'north_plan', name: 'North', fictional: false, hosts: ['https://portal.north.example'], sandbox_origin: null, reading_part: reading };
  const sender = { id: 'ours', url: 'https://portal.north.example/request', frameId: 0, tab: { id: 7 } };
  const shown: FrameState = {
    tab: 7, frame: 0, born: 1, origin: 'https://portal.north.example', portal: 'north_plan', portal_name: 'North', page: page(), kind: 'request_form',
    form: true, sequence: 1, state: 'clear', because: null, message: '', answer: null, authorization_id: null, recorded: null, filled: null,
  };

  function made() {
    const frames = new Frames(fakeBrowser.storage.session);
    const stop = vi.fn<(tab: number, frame: number) => Promise<void>>().mockResolvedValue();
    const start = vi.fn<(tab: number) => Promise<void>>().mockResolvedValue();
    const showTab = vi.fn<Parts['showTab']>().mockResolvedValue();
    const report = vi.fn<Parts['checks']['report']>();
    const pauses = pausing({ frames, portals: [portal], stop, start, showTab });
    const answer = answerer({
      outbox: { keep: vi.fn<Parts['outbox']['keep']>(), send: vi.fn<Parts['outbox']['send']>(), list: vi.fn<Parts['outbox']['list']>(), discard: vi.fn<Parts['outbox']['discard']>() },
      pausing: pauses, frames, showTab, checks: { report }, overrides: { override: vi.fn<Parts['overrides']['override']>() }, toFrames: vi.fn<Parts['toFrames']>().mockResolvedValue(),
      known: { id: 'ours', origin: 'chrome-extension://ours', portals: [portal], granted: () => Promise.resolve(true) },
    });
    return { frames, stop, start, showTab, report, pauses, answer };
  }

  it('a frame that starts is given nothing to read with', async () => {
    const { answer } = made();
    await pause('portal', 1, 'north_plan', null);
    expect(await answer({ type: 'page/hello', born: 1 }, sender)).toEqual({ answer: { portals: [], place: null, paused: true } });
  });

  it('what a frame still reports is refused and checked nowhere', async () => {
    const { answer, report } = made();
    await pause('tab', 7, null, null);
    expect(await answer({ type: 'page/report', page: page(), sequence: 1, born: 1 }, sender)).toEqual({ refused: 'paused' });
    expect(report).not.toHaveBeenCalled();
  });

  it('frames are stopped and what was known of them is forgotten, then they are started again', async () => {
    const { frames, stop, start, showTab, pauses } = made();
    const tab = await fakeBrowser.tabs.create({ url: sender.url });
    const id = tab.id ?? -1;
    await frames.put({ ...shown, tab: id });
    await pauses.handlers['pause/begin']({ tab: id, scope: 'tab', minutes: 15 });
    expect(stop).toHaveBeenCalledWith(id, 0);
    expect(await frames.of(id)).toEqual([]);
    expect(start).not.toHaveBeenCalledWith(id);
    expect((await pauses.handlers['pause/view']({ tab: id })).pause?.scope).toBe('tab');
    await pauses.handlers['pause/end']({ tab: id });
    expect(start).toHaveBeenCalledWith(id);
    expect(showTab).toHaveBeenLastCalledWith(id);
  });
});
