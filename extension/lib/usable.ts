// What of the page lies at a point, and whether it may be covered.

/** Things that must not be covered: whatever a person may use. Words that stand beside it count too. */
const USABLE =
  'input, select, textarea, button, a[href], summary, option, [role="button"], [role="combobox"], [role="option"], [contenteditable]';

/** The page's uppermost element at a point of the window, our own left out. */
export function hitAt(root: Document | ShadowRoot, host: Element, x: number, y: number): Element | null {
  return root.elementsFromPoint(x, y).find((element) => element !== host) ?? null;
}

/** Whether an element that was hit may not be covered at that point. */
export function isUsableAt(hit: Element, x: number, y: number): boolean {
  return hit.closest(USABLE) !== null || hasWordsAt(hit, x, y);
}

/** Whether an element's own words stand at a point; a wide label is mostly empty. */
function hasWordsAt(element: Element, x: number, y: number): boolean {
  const range = element.ownerDocument.createRange();
  return [...element.childNodes].some((node) => {
    if (!(node instanceof Text) || node.data.trim() === '') return false;
    range.selectNodeContents(node);
    return [...range.getClientRects()].some((box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
  });
}
