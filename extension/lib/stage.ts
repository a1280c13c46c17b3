// The one element that Tallystick adds to a page: empty for the page's scripts, since its shadow root is closed.
import { h } from './elements';
import { STYLE } from './stage-style';

/** Times that the element is put right after the page removed or changed it; a page that goes on doing so wins. */
const PUT_BACK_AT_MOST = 20;

/** What keeps the element over the page and out of its layout. */
const LOOK = [
  ['all', 'initial'],
  ['position', 'fixed'],
  ['inset', '0 auto auto 0'],
  ['width', '0'],
  ['height', '0'],
  ['z-index', '2147483647'],
] as const;

export interface Stage {
  root: ShadowRoot;
  host: HTMLElement;
  conceal: (concealed: boolean) => void;
  remove: () => void;
}

/** Adds the element beside the page's body, so that re-rendering the body does not take it away. */
export function stage(document: Document): Stage {
  const host = h('div');
  let concealed = false;
  let worn = '';
  const root = host.attachShadow({ mode: 'closed' });
  root.append(h('style', {}, STYLE));

  // Inline and important: the page's own style sheets can neither move nor restyle nor hide it.
  function dress(): void {
    for (const { name } of [...host.attributes]) host.removeAttribute(name);
    for (const [name, value] of LOOK) host.style.setProperty(name, value, 'important');
    host.style.setProperty('display', concealed ? 'none' : 'block', 'important');
    worn = host.style.cssText;
  }
  dress();
  document.documentElement.append(host);

  let putBack = 0;
  const keeper = new MutationObserver(() => {
    const inPlace = host.parentNode === document.documentElement;
    const asMade = host.attributes.length === 1 && host.style.cssText === worn;
    if ((inPlace && asMade) || putBack >= PUT_BACK_AT_MOST) return;
    putBack += 1;
    if (!asMade) dress();
    if (!inPlace) document.documentElement.append(host);
  });
  keeper.observe(document.documentElement, { childList: true });
  keeper.observe(document, { childList: true });
  keeper.observe(host, { attributes: true });

  return {
    root,
    host,
    conceal: (hidden) => {
      concealed = hidden;
      dress();
    },
    remove: () => {
      keeper.disconnect();
      host.remove();
    },
  };
}
