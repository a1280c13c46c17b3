// A part of the popup that is drawn anew only when what it shows has changed, so that nothing typed is lost.
import { h } from '../../lib/elements';

export class Region {
  readonly element: HTMLElement;
  private shown: string | null = null;

  constructor(name: string) {
    this.element = h('div', { class: `region ${name}` });
    this.element.hidden = true;
  }

  /** `what`: all that `make` draws from. The focus stays on the control of the same name. */
  draw(what: unknown, make: () => (Node | null)[]): void {
    const now = JSON.stringify(what);
    if (now === this.shown) return;
    this.shown = now;
    const { activeElement } = document;
    const focused = activeElement instanceof HTMLElement && this.element.contains(activeElement) ? activeElement.dataset.name : undefined;
    const nodes = make().filter((node) => node !== null);
    this.element.replaceChildren(...nodes);
    this.element.hidden = nodes.length === 0;
    if (focused !== undefined) this.element.querySelector<HTMLElement>(`[data-name="${focused}"]`)?.focus();
  }

  /** Draws at the next call whatever it is given: something in it changed by itself. */
  forget(): void {
    this.shown = null;
  }
}
