import { describe, expect, it } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { badgeOf } from '../lib/badge';
import { Frames, type FrameState, leading, viewOf } from '../lib/state';
import { answer, finding, page } from './sample';

const frame = (more: Partial<FrameState> = {}): FrameState => ({
  tab: 1,
  frame: 0,
  born: 100,
  origin: 'https://portal.north.example',
  portal: 'north_plan',
  portal_name: 'North Plan',
  page: page(),
  kind: 'request_form',
  form: true,
  sequence: 1,
  state: 'clear',
  because: null,
  message: '',
  answer: answer(),
  authorization_id: null,
  recorded: null,
  filled: null,
  ...more,
});

describe('a tab', () => {
  it('speaks with the frame whose page is known, not with the shell around it', () => {
    const shell = frame({ kind: null, page: null, state: 'could_not', because: 'not_recognised', answer: null });
    const form = frame({ frame: 4 });
    expect(leading([shell, form])).toBe(form);
    expect(viewOf([shell, form]).state).toBe('clear');
  });

  it('speaks with the graver of two known frames', () => {
    const bad = frame({ frame: 5, state: 'warning' });
    expect(leading([frame(), bad])).toBe(bad);
  });

  it('without frames is not a portal', () => {
    expect(viewOf([]).state).toBe('not_a_portal');
  });
});

describe('the kept frames', () => {
  const frames = new Frames(fakeBrowser.storage.session);

  it('do not overwrite each other, and a new page of the tab forgets the older ones only', async () => {
    fakeBrowser.reset();
    await Promise.all([frames.put(frame()), frames.put(frame({ frame: 3, born: 150 })), frames.put(frame({ tab: 2 }))]);
    expect(await frames.of(1)).toHaveLength(2);
    await frames.forget(1, 150);
    expect((await frames.of(1)).map(({ frame: id }) => id)).toEqual([3]);
    expect(await frames.of(2)).toHaveLength(1);
  });
});

describe('the badge', () => {
  it('counts the open issues', () => {
    const view = viewOf([frame({ state: 'warning', answer: answer({ findings: [finding('quantity'), finding('unit')] }) })]);
    expect(badgeOf(view)).toMatchObject({ text: '2', icon: 'denial' });
  });

  it('tells every state apart by the shape of its icon, without colour or text', () => {
    const views = [
      viewOf([]),
      viewOf([frame()]),
      viewOf([frame({ state: 'warning', answer: answer({ findings: [finding('unit')] }) })]),
      viewOf([frame({ state: 'could_not', because: 'server_not_reached', answer: null })]),
      viewOf([frame({ state: 'could_not', because: 'not_paired', answer: null })]),
      viewOf([frame({ state: 'checking', answer: null })]),
      viewOf([frame({ kind: 'home', state: 'nothing_to_check', answer: null })]),
    ];
    expect(new Set(views.map(badgeOf).map(({ icon }) => icon)).size).toBe(views.length);
  });
});
