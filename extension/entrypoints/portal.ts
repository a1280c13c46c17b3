import { browser } from 'wxt/browser';
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { Frame } from '../lib/frame';
import { ask, type ToFrame } from '../lib/messages';

async function start(): Promise<void> {
  const world = globalThis as { tallystick?: true };
  if (world.tallystick) return;
  world.tallystick = true;

  const hello = await ask('page/hello', { born: performance.timeOrigin });
  if (hello.paused) {
    // Nothing is read; when the pause ends, the background starts this script anew.
    delete world.tallystick;
    return;
  }
  const frame = new Frame(document, hello, () => {
    delete world.tallystick;
    browser.runtime.onMessage.removeListener(take);
  });

  function take(message: unknown, sender: { id?: string; tab?: unknown }, respond: (answer: unknown) => void): boolean {
    if (sender.id !== browser.runtime.id || sender.tab !== undefined) return false;
    void frame.take(message as ToFrame).then(respond);
    return true;
  }
  browser.runtime.onMessage.addListener(take);
}

// Not a WXT content script: those announce themselves to the page by an event, and no page should notice us.
export default defineUnlistedScript(() => {
  void start();
});
