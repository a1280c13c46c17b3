// The one element that Tallystick adds to a page: empty for the page's scripts, since its shadow root is closed.
import { h } from './elements';
import { STYLE } from './stage-style';

/** Times that the element is put back after the page removed it; a page that goes on removing it wins. */
const PUT_BACK_AT_MOST = 20;

export interface Stage {
  root: ShadowRoot;
  host: HTMLElement;
  conceal: (concealed: boolean) => void;
  remove: () => void;
}

/** Adds the element beside the page's body, so that re-rendering the body does not take it away. */
export function stage(document: Document): Stage {
  const host = h('div');
  // Inline and important: the page's own style sheets can neither move nor restyle nor hide it.
  for (const [name, value] of [
    ['all', 'initial'],
    ['position', 'fixed'],
    ['inset', '0 auto auto 0'],
    ['width', '0'],
    ['height', '0'],
    ['z-index', '2147483647'],
    ['display', 'block'],
  ] as const) {
    host.style.setProperty(name, value, 'important');
  }
  const root = host.attachShadow({ mode: 'closed' });
  root.append(h('style', {}, STYLE));
  document.documentElement.append(host);

  let putBack = 0;
  const keeper = new MutationObserver(() => {
    if (host.isConnected || putBack >= PUT_BACK_AT_MOST) return;
    putBack += 1;
    document.documentElement.append(host);
  });
  keeper.observe(document.documentElement, { childList: true });
  keeper.observe(document, { childList: true });

  return {
    root,
    host,
    conceal: (concealed) => {
      host.style.setProperty('display', concealed ? 'none' : 'block', 'important');
    },
    remove: () => {
      keeper.disconnect();
      host.remove();
    },
  };
}
