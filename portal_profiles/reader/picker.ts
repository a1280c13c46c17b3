/**
 * For `tallystick profile record`: a click with Alt held picks an element and does nothing else on the page. What
 * was picked is handed to the program that started the browser; no value of the page is in it.
 */

import { isElement } from "./dom";
import { propose, type Proposed } from "./propose";
import { snapshot } from "./snapshot";

declare global {
  var tallystickPicked: ((picked: Proposed) => Promise<void>) | undefined;
}

const MARK = "2px solid #b3261e";

function picked(event: MouseEvent): void {
  const [element] = event.composedPath();
  if (!event.altKey || !event.isTrusted || !(element instanceof Node) || !isElement(element)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.type !== "click") return;
  const proposed = propose(document, element);
  if (element instanceof HTMLElement) element.style.outline = MARK;
  void globalThis.tallystickPicked?.(proposed);
}

for (const name of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"] as const) {
  window.addEventListener(name, picked as EventListener, { capture: true });
}

Object.defineProperty(globalThis, "TallystickPicker", {
  value: Object.freeze({ propose, snapshot: () => snapshot(document) }),
  configurable: true,
});
