// Says when a page has settled after a change. It observes and never polls; open shadow roots are observed too.

/** Waits, ms. While somebody types, a half-typed code is not yet a mistake; a committed change is read at once. */
export const WAIT = { typing: 350, committed: 30, page: 100, pageAtMost: 2_000 } as const;

const ATTRIBUTES = [
  'value', 'checked', 'selected', 'disabled', 'readonly', 'hidden', 'class', 'style', 'open', 'id', 'for', 'title',
  'aria-hidden', 'aria-label', 'aria-labelledby', 'aria-expanded', 'aria-selected', 'aria-checked', 'data-testid', 'role',
];

export interface Observing {
  /** Settle now, e.g. after a person asked for it. */
  now: () => void;
  stop: () => void;
}

/**
 * Calls `settled` after changes have come to rest; it answers whether anything that matters had changed. As long as
 * it says no, changes of the page alone (a clock, an advertisement) are looked at less and less often, at most every
 * two seconds; what a person does is always looked at promptly.
 */
export function observe(document: Document, settled: () => boolean): Observing {
  const seen = new WeakSet<Node>();
  const over = new AbortController();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let due = Infinity;
  let pageWait: number = WAIT.page;

  const observer = new MutationObserver((records) => {
    for (const record of records) {
      for (const node of record.addedNodes) observeRootsIn(node);
    }
    soon(pageWait, false);
  });

  function settle(): void {
    timer = null;
    due = Infinity;
    pageWait = settled() ? WAIT.page : Math.min(pageWait * 2, WAIT.pageAtMost);
  }

  /** restart: typing goes on, so the wait begins anew; otherwise the earlier of two dues holds. */
  function soon(wait: number, restart: boolean): void {
    const at = performance.now() + wait;
    if (timer !== null) {
      if (!restart && due <= at) return;
      clearTimeout(timer);
    }
    due = at;
    timer = setTimeout(settle, wait);
  }

  const typed = (): void => {
    pageWait = WAIT.page;
    soon(WAIT.typing, true);
  };
  const committed = (): void => {
    pageWait = WAIT.page;
    soon(WAIT.committed, false);
  };

  function observeRoot(root: Document | ShadowRoot): void {
    if (seen.has(root)) return;
    seen.add(root);
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES });
    root.addEventListener('input', typed, { capture: true, passive: true, signal: over.signal });
    root.addEventListener('change', committed, { capture: true, passive: true, signal: over.signal });
    observeRootsIn(root);
  }

  function observeRootsIn(node: Node): void {
    const own = (node as Partial<Element>).shadowRoot;
    if (own) observeRoot(own);
    if (!node.hasChildNodes()) return;
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_ELEMENT);
    while (walker.nextNode()) {
      const { shadowRoot } = walker.currentNode as Element;
      if (shadowRoot) observeRoot(shadowRoot);
    }
  }

  const shownAgain = (event: PageTransitionEvent): void => {
    if (event.persisted) committed();
  };
  observeRoot(document);
  window.addEventListener('pageshow', shownAgain, { signal: over.signal });
  window.addEventListener('popstate', committed, { signal: over.signal });
  window.addEventListener('hashchange', committed, { signal: over.signal });

  return {
    now: committed,
    stop: () => {
      over.abort();
      observer.disconnect();
      if (timer !== null) clearTimeout(timer);
    },
  };
}
