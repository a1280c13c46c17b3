// A control in the page acts only where the person could see what they pressed: nothing over it, nothing made faint.
import { h } from './elements';
import { t } from './words';

/** What was covered must have been in the open for this long, ms: an overlay that is whisked away at the click. */
const IN_THE_OPEN_MS = 250;

/** How long the browser may take to say for the first time whether a control is seen, ms. */
const PATIENCE_MS = 1_000;

/** `trackVisibility` (Chromium): whether nothing lies over an element and no style makes it faint or moves it. */
interface VisibilityOptions extends IntersectionObserverInit {
  trackVisibility: true;
  delay: number;
}
type VisibilityEntry = IntersectionObserverEntry & { isVisible?: boolean };

interface Known {
  visible: boolean;
  /** performance.now() when it came out from under something; -Infinity when nothing was ever over it. */
  since: number;
}

export class Guard {
  /** By the control's name: drawing it anew does not make it a new one. */
  private readonly known = new Map<string, Known>();
  private readonly coveredAt = new Map<string, number>();
  private readonly asking = new Map<string, () => void>();
  private readonly observer: IntersectionObserver | null;

  constructor(private readonly document: Document) {
    const options: VisibilityOptions = { trackVisibility: true, delay: 100 };
    const observer = typeof IntersectionObserver === 'function' ? new IntersectionObserver((entries) => { this.take(entries); }, options) : null;
    this.observer = observer && 'trackVisibility' in observer ? observer : null;
  }

  /** Lets `act` happen on a person's click on the control, unless something hides it from them: then it says so. */
  on(control: HTMLElement, act: () => void): void {
    this.observer?.observe(control);
    // The browser tells of what lies over a control a moment late; on the way to a press it is looked at, too.
    for (const way of ['pointerenter', 'pointermove', 'pointerdown', 'focus']) control.addEventListener(way, () => this.look(control));
    control.addEventListener('click', (event) => {
      if (!event.isTrusted) return;
      void this.isSeen(control).then((seen) => {
        if (control.nextElementSibling?.classList.contains('covered')) control.nextElementSibling.remove();
        if (seen) act();
        else control.after(h('p', { class: 'said covered', role: 'alert' }, t('covered')));
      });
    });
  }

  remove(): void {
    this.observer?.disconnect();
  }

  private async isSeen(control: HTMLElement): Promise<boolean> {
    const name = nameOf(control);
    const at = performance.now();
    if (this.look(control) || at - (this.coveredAt.get(name) ?? -Infinity) < IN_THE_OPEN_MS) return false;
    if (!this.observer) return true;
    this.take(this.observer.takeRecords());
    if (!this.known.has(name)) {
      await new Promise<void>((resolve) => {
        this.asking.set(name, resolve);
        setTimeout(resolve, PATIENCE_MS);
      });
    }
    const known = this.known.get(name);
    return known !== undefined && known.visible && at - known.since >= IN_THE_OPEN_MS;
  }

  /** Whether it is hidden at this moment, as far as that can be told at once; kept for the press that may follow. */
  private look(control: HTMLElement): boolean {
    const hidden = covered(this.document, control);
    if (hidden) this.coveredAt.set(nameOf(control), performance.now());
    return hidden;
  }

  private take(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting, isVisible } of entries as VisibilityEntry[]) {
      if (!target.isConnected) this.observer?.unobserve(target);
      // Not drawn yet, or scrolled away: that hides nothing from anybody.
      if (!target.isConnected || !isIntersecting) continue;
      const name = nameOf(target as HTMLElement);
      const before = this.known.get(name);
      const visible = isVisible === true;
      const cameOut = visible && before?.visible === false;
      this.known.set(name, { visible, since: cameOut ? performance.now() : (before?.since ?? -Infinity) });
      this.asking.get(name)?.();
      this.asking.delete(name);
    }
  }
}

function nameOf(control: HTMLElement): string {
  return control.dataset.name ?? '';
}

/** What every browser can tell at once: a top layer over the control, or a page that is faint, filtered or moved as a whole. */
function covered(document: Document, control: HTMLElement): boolean {
  const root = document.documentElement;
  const { opacity, filter, transform, mixBlendMode } = getComputedStyle(root);
  if (opacity !== '1' || filter !== 'none' || transform !== 'none' || mixBlendMode !== 'normal') return true;
  const own = control.getBoundingClientRect();
  return [...document.querySelectorAll(':popover-open, dialog:modal, :fullscreen')].some((over) => {
    const box = over.getBoundingClientRect();
    return over !== root && box.left < own.right && own.left < box.right && box.top < own.bottom && own.top < box.bottom;
  });
}
