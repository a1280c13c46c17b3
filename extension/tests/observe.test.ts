import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { observe, type Observing, WAIT } from '../lib/observe';

let observing: Observing;
const settled = vi.fn<() => boolean>();

beforeEach(() => {
  vi.useFakeTimers();
  document.body.replaceChildren();
  settled.mockReturnValue(true);
  observing = observe(document, settled);
});

afterEach(() => {
  observing.stop();
  vi.useRealTimers();
});

/** Mutation records are given out after the running task. */
const recorded = () => vi.advanceTimersByTimeAsync(0);
const input = (into: Element | ShadowRoot = document.body) => into.appendChild(document.createElement('input'));

describe('a page', () => {
  it('that does nothing costs nothing', () => {
    vi.advanceTimersByTime(60_000);
    expect(settled).not.toHaveBeenCalled();
  });

  it('is read once after many changes at once', async () => {
    for (let i = 0; i < 50; i += 1) input();
    await recorded();
    vi.advanceTimersByTime(WAIT.page);
    expect(settled).toHaveBeenCalledTimes(1);
  });

  it('is read ever less often while nothing of it matters, and at once when a person acts', async () => {
    settled.mockReturnValue(false);
    const clock = document.body.appendChild(document.createElement('p'));
    for (let second = 0; second < 100; second += 1) {
      clock.textContent = String(second);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(settled.mock.calls.length).toBeLessThan(12);
    settled.mockClear();
    clock.dispatchEvent(new Event('change', { bubbles: true }));
    vi.advanceTimersByTime(WAIT.committed);
    expect(settled).toHaveBeenCalledTimes(1);
  });
});

describe('typing', () => {
  it('is waited out, so that a half-typed code is not checked', async () => {
    const box = input();
    await recorded();
    vi.advanceTimersByTime(WAIT.page);
    settled.mockClear();
    for (let key = 0; key < 5; key += 1) {
      box.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
      vi.advanceTimersByTime(WAIT.typing - 50);
    }
    expect(settled).not.toHaveBeenCalled();
    vi.advanceTimersByTime(50);
    expect(settled).toHaveBeenCalledTimes(1);
  });

  it('that is committed is read at once', () => {
    document.body.dispatchEvent(new Event('input', { bubbles: true }));
    document.body.dispatchEvent(new Event('change', { bubbles: true }));
    vi.advanceTimersByTime(WAIT.committed);
    expect(settled).toHaveBeenCalledTimes(1);
  });
});

describe('an open shadow root', () => {
  it('that comes later is observed, and so are the roots inside it', async () => {
    const outer = document.createElement('div');
    const inner = outer.attachShadow({ mode: 'open' }).appendChild(document.createElement('div'));
    const box = input(inner.attachShadow({ mode: 'open' }));
    document.body.append(outer);
    await recorded();
    vi.advanceTimersByTime(WAIT.page);
    settled.mockClear();
    box.dispatchEvent(new Event('change', { bubbles: true })); // does not leave its root
    vi.advanceTimersByTime(WAIT.committed);
    expect(settled).toHaveBeenCalledTimes(1);
    input(inner.shadowRoot ?? undefined);
    await recorded();
    vi.advanceTimersByTime(WAIT.page);
    expect(settled).toHaveBeenCalledTimes(2);
  });
});

it('after it was stopped nothing is read any more', async () => {
  observing.stop();
  input().dispatchEvent(new Event('change', { bubbles: true }));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(settled).not.toHaveBeenCalled();
});
