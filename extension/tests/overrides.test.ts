import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { judge } from '../lib/checking';
import { Overrides } from '../lib/overrides';
import type { Reply } from '../lib/server';
import { Frames, type FrameState } from '../lib/state';
import { answer, finding, page } from './sample';

const askServer = vi.hoisted(() => vi.fn<(...given: unknown[]) => Promise<Reply<unknown>>>());
vi.mock('../lib/clinic', () => ({ askServer }));

const differs = finding('quantity', { entered: '30 units', approved: '24 units' });
const checked = (entered = '30 units', id = 5) => answer({ id, verdict: 'mismatch', findings: [{ ...differs, entered }] });
const shown: FrameState = {
  tab: 7, frame: 2, born: 1, origin: 'https://portal.north.example', portal: 'north_plan', portal_name: 'North', page: page(),
  kind: 'request_form', form: true, sequence: 3, state: 'warning', because: null, message: '', answer: checked(),
  authorization_id: null, recorded: null, filled: null,
};

const send = vi.fn(() => Promise.resolve(true));
let frames: Frames;
let overrides: Overrides;

beforeEach(async () => {
  fakeBrowser.reset();
  send.mockResolvedValue(true);
  frames = new Frames(fakeBrowser.storage.session);
  overrides = new Overrides(fakeBrowser.storage.session, frames, send);
  askServer.mockResolvedValue({ ok: true, value: {}, status: 201 });
  await frames.put(shown);
});

const overrideIt = () => overrides.override(7, { check: 5, finding: 0, reason: 'payer_said_so' });

describe('an override', () => {
  it('is logged at the server with the check, the finding and the reason', async () => {
    expect(await overrideIt()).toEqual({ ok: true });
    expect(askServer).toHaveBeenCalledWith('POST', '/api/v1/overrides', { check_id: 5, finding: 0, reason: 'payer_said_so' });
  });

  it('takes the warning from the frame, which is told', async () => {
    await overrideIt();
    expect((await frames.one(7, 2))?.state).toBe('clear');
    expect(send.mock.calls[0]).toMatchObject([7, 2, { type: 'frame/answer', answer: { state: 'clear', sequence: 3 } }]);
  });

  it('holds for the same values in later checks, and not for others', async () => {
    await overrideIt();
    const same = await overrides.applied(7, 'north_plan', checked('30 units', 6));
    expect(same.findings[0]?.overridden).toBe('payer_said_so');
    const other = await overrides.applied(7, 'north_plan', checked('40 units', 6));
    expect(judge(other, page()).state).toBe('warning');
  });

  it.each([
    ['another tab', 8, 'north_plan', checked()],
    ['another portal', 7, 'south_plan', checked()],
    ['another authorization', 7, 'north_plan', answer({ findings: [differs], authorization: null })],
  ])('does not hold for %s', async (_, tab, portal, given) => {
    await overrideIt();
    expect((await overrides.applied(tab, portal, given)).findings[0]?.overridden).toBeUndefined();
  });

  it('that the server does not take changes nothing and says why', async () => {
    askServer.mockResolvedValue({ ok: false, because: 'server_not_reached', message: '', status: null });
    expect(await overrideIt()).toMatchObject({ ok: false, because: 'server_not_reached' });
    expect((await frames.one(7, 2))?.state).toBe('warning');
  });

  it.each([{ check: 4, finding: 0 }, { check: 5, finding: 1 }])('of %j, which is not shown, is not sent', async (what) => {
    expect(await overrides.override(7, { ...what, reason: 'payer_said_so' })).toMatchObject({ ok: false, because: 'outdated' });
    expect(askServer).not.toHaveBeenCalled();
  });

  it('is never taken over from what a server says', async () => {
    const claimed = answer({ findings: [{ ...differs, overridden: 'payer_said_so' }] });
    expect((await overrides.applied(7, 'north_plan', claimed)).findings[0]?.overridden).toBeUndefined();
  });
});
