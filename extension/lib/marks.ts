// Marks beside the fields that do not match. They lie over the page and change nothing in it.
import { issues, type CheckAnswer, type Finding } from './checking';
import { byPerson, h, sign } from './elements';
import { findingElement, grouped, level } from './findings';
import { type Box, place, placeCard, probes, withRoom } from './placing';
import { hitAt, isUsableAt } from './usable';
import { t } from './words';

interface Mark {
  control: Element;
  findings: Finding[];
  frame: HTMLElement;
  button: HTMLButtonElement;
}

const SMALL = { width: 24, height: 24 };

export class Marks {
  private marks: Mark[] = [];
  private card: { element: HTMLElement; mark: Mark } | null = null;
  private readonly layer = h('div', { class: 'layer' });
  private readonly pointer = h('div', { class: 'frame pointer', hidden: true });
  private frameAsked = 0;
  private readonly over = new AbortController();
  /** Asked when a mark finds no place; answers whether the summary has made room. */
  makeRoom: () => boolean = () => false;

  constructor(
    private readonly document: Document,
    private readonly root: ShadowRoot,
    private readonly host: HTMLElement,
  ) {
    root.append(this.layer, h('div', { class: 'layer' }, this.pointer));
    const moved = (): void => {
      this.placeSoon();
    };
    const { signal } = this.over;
    document.addEventListener('scroll', moved, { capture: true, passive: true, signal });
    window.addEventListener('resize', moved, { passive: true, signal });
    root.addEventListener('keydown', (event) => {
      if ((event as KeyboardEvent).key === 'Escape' && this.card) {
        const { button } = this.card.mark;
        this.closeCard();
        button.focus();
      }
    }, { signal });
  }

  /** Draws the marks of an answer; `find` gives the control of a finding, or null when it has none on this page. */
  show(answer: CheckAnswer | null, find: (finding: Finding) => Element | null): void {
    const wanted: { control: Element; findings: Finding[] }[] = [];
    for (const group of grouped(answer ? issues(answer) : [])) {
      const [first] = group;
      const control = first ? find(first) : null;
      if (!control) continue;
      const same = wanted.find((one) => one.control === control);
      if (same) same.findings.push(...group);
      else wanted.push({ control, findings: group });
    }
    if (this.unchanged(wanted)) {
      this.placeSoon();
      return;
    }
    const openOn = this.card?.mark.control ?? null;
    this.closeCard();
    this.layer.replaceChildren();
    this.marks = wanted.map((one) => this.made(one.control, one.findings));
    this.placeAll();
    const again = this.marks.find((mark) => mark.control === openOn);
    if (again) this.openCard(again);
  }

  /** Brings the next marked control after the one in use to the person: focus on it, its card open. */
  next(): void {
    const at = this.marks.findIndex((mark) => mark.control === this.document.activeElement || mark === this.card?.mark);
    const mark = this.marks[(at + 1) % Math.max(1, this.marks.length)];
    if (mark) this.goTo(mark);
  }

  /** Goes to the control of a finding. */
  goToField(field: string): void {
    const mark = this.marks.find((one) => one.findings.some((finding) => finding.field === field));
    if (mark) this.goTo(mark);
  }

  /** Whether the page has replaced a marked control, e.g. by rendering it anew. */
  get stale(): boolean {
    return this.marks.some(({ control }) => !control.isConnected);
  }

  /** What must not be covered, or a mark finds no place: the marked controls that are seen, with room for a mark. */
  keepFree(): Box[] {
    const boxes = this.marks.map(({ control }) => ({ control, box: boxOf(control) }));
    return boxes.filter(({ control, box }) => this.isSeen(control, box)).map(({ box }) => withRoom(box, SMALL));
  }

  /** Puts every mark where its control now is. */
  placeSoon(): void {
    if (this.frameAsked !== 0 || this.marks.length === 0) return;
    this.frameAsked = requestAnimationFrame(() => {
      this.frameAsked = 0;
      this.placeAll();
    });
  }

  /** Frames the control that is being filled; null: none. */
  point(control: Element | null): void {
    this.pointer.hidden = control === null;
    if (!control) return;
    const { left, top, width, height } = boxOf(control);
    Object.assign(this.pointer.style, { left: `${left - 3}px`, top: `${top - 3}px`, width: `${width + 6}px`, height: `${height + 6}px` });
  }

  remove(): void {
    this.over.abort();
    this.pointer.remove();
    this.layer.remove();
    this.closeCard();
  }

  private unchanged(wanted: { control: Element; findings: Finding[] }[]): boolean {
    return (
      wanted.length === this.marks.length &&
      this.marks.every((mark, i) => {
        const other = wanted[i];
        return other?.control === mark.control && JSON.stringify(other.findings) === JSON.stringify(mark.findings);
      })
    );
  }

  private made(control: Element, findings: Finding[]): Mark {
    const kind = findings.some((finding) => finding.severity === 'denial') ? 'denial' : 'caution';
    const approved = findings.find((finding) => level(finding) === kind)?.approved;
    const words = approved ? t('mark_approved', approved) : t('mark_differs');
    const button = h(
      'button',
      { type: 'button', class: `mark ${kind}`, 'aria-expanded': 'false', title: words, onclick: byPerson(() => { this.toggle(mark); }) },
      sign(kind),
      h('span', { class: 'words' }, h('span', { class: 'unseen' }, `${t(`level_${kind}`)}. `), words, findings.length > 1 && ` (${findings.length})`),
    );
    const mark: Mark = { control, findings, frame: h('div', { class: `frame ${kind}` }), button };
    this.layer.append(mark.frame, button);
    return mark;
  }

  private toggle(mark: Mark): void {
    const open = this.card?.mark === mark;
    this.closeCard();
    if (!open) this.openCard(mark);
  }

  private goTo(mark: Mark): void {
    mark.control.scrollIntoView({ block: 'center', inline: 'nearest' });
    if (mark.control instanceof HTMLElement) mark.control.focus({ preventScroll: true });
    this.placeAll();
    this.closeCard();
    this.openCard(mark);
  }

  private openCard(mark: Mark): void {
    const element = h('div', { class: 'card', role: 'group', 'aria-label': t('card_label') }, ...mark.findings.map((finding) => findingElement(finding, true)));
    this.root.append(element);
    mark.button.setAttribute('aria-expanded', 'true');
    this.card = { element, mark };
    this.placeOpenCard();
  }

  private closeCard(): void {
    this.card?.element.remove();
    this.card?.mark.button.setAttribute('aria-expanded', 'false');
    this.card = null;
  }

  private placeOpenCard(): void {
    if (!this.card) return;
    const { element, mark } = this.card;
    const at = mark.button.hidden ? boxOf(mark.control) : boxOf(mark.button);
    const { left, top } = placeCard(at, { width: element.offsetWidth, height: element.offsetHeight }, this.window());
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
  }

  private placeAll(mayAsk = true): void {
    // Reads first, writes after: one layout for all marks.
    for (const mark of this.marks) {
      mark.button.classList.remove('small');
      mark.button.hidden = false;
    }
    const sizes = this.marks.map(({ button }) => ({ width: button.offsetWidth, height: button.offsetHeight }));
    const boxes = this.marks.map(({ control }) => boxOf(control));
    const seen = this.marks.map(({ control }, i) => this.isSeen(control, boxes[i]));
    const placed: Box[] = [];
    for (const [i, mark] of this.marks.entries()) {
      const control = boxes[i];
      const size = sizes[i];
      const visible = seen[i] === true && control !== undefined && size !== undefined;
      const spot = visible ? place(control, size, SMALL, this.window(), (x, y) => this.isTaken(x, y, placed, mark.control)) : null;
      mark.button.hidden = spot === null;
      mark.frame.hidden = !visible;
      if (visible) {
        mark.frame.style.left = `${control.left - 3}px`;
        mark.frame.style.top = `${control.top - 3}px`;
        mark.frame.style.width = `${control.width + 6}px`;
        mark.frame.style.height = `${control.height + 6}px`;
      }
      if (!spot) continue;
      placed.push(spot.box);
      mark.button.classList.toggle('small', spot.small);
      mark.button.style.left = `${spot.box.left}px`;
      mark.button.style.top = `${spot.box.top}px`;
    }
    const crowded = this.marks.some(({ button }, i) => button.hidden && seen[i] === true);
    if (mayAsk && crowded && this.makeRoom()) this.placeAll(false);
    else this.placeOpenCard();
  }

  /** Not scrolled away inside the page, and nothing of the page (a dialog) lies over it. */
  private isSeen(control: Element, box: Box | undefined): boolean {
    if (!box || box.width === 0 || box.height === 0) return false;
    return probes(box).some(([x, y]) => {
      const hit = hitAt(control.getRootNode() as Document | ShadowRoot, this.host, x, y);
      return hit !== null && (control.contains(hit) || hit.contains(control) || hit.closest('label')?.contains(control) === true);
    });
  }

  private isTaken(x: number, y: number, placed: readonly Box[], control: Element): boolean {
    const inside = (box: Box): boolean => x >= box.left && x <= box.left + box.width && y >= box.top && y <= box.top + box.height;
    if (placed.some(inside)) return true;
    if (this.root.elementsFromPoint(x, y).some((element) => element.closest('.summary') !== null)) return true;
    const hit = hitAt(control.getRootNode() as Document | ShadowRoot, this.host, x, y);
    return hit !== null && hit !== control && isUsableAt(hit, x, y);
  }

  private window(): { width: number; height: number } {
    const { clientWidth: width, clientHeight: height } = this.document.documentElement;
    return { width, height: Math.min(height, window.innerHeight) };
  }
}

function boxOf(element: Element): Box {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { left, top, width, height };
}
