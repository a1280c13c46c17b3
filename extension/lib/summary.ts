// The summary in the page: which of the three states holds, what to do, and on a status page the offer to record.
import { type Because, issues } from './checking';
import { byPerson, h, type Shape, sign } from './elements';
import { findingElement, grouped } from './findings';
import type { Done, PanelView } from './messages';
import type { Place, Recorded } from './state';
import { hitAt, isUsableAt } from './usable';
import { fieldName, localDate, t } from './words';

export interface Acts {
  choose: (authorization: number) => void;
  record: () => Promise<Done>;
  checkAgain: () => void;
  openOptions: () => void;
  goTo: (field: string) => void;
  placed: (place: Place) => void;
}

const STEP = 24;
const EDGE = 16;

/** Reasons that a person mends in the options, and those that another try may mend. */
const PAIRING: readonly Because[] = ['not_paired', 'access_refused'];
const AGAIN: readonly Because[] = ['server_not_reached', 'too_slow', 'server_failed'];

export class Summary {
  private readonly element = h('section', { class: 'summary', 'aria-label': 'Tallystick' });
  /** Live regions stand before they speak, or screen readers miss the first words. */
  private readonly calm = h('div', { class: 'unseen', role: 'status' });
  private readonly urgent = h('div', { class: 'unseen', role: 'alert' });
  private place: Place;
  private at = { right: EDGE, bottom: EDGE };
  private view: PanelView | null = null;

  constructor(
    private readonly root: ShadowRoot,
    private readonly host: Element,
    place: Place | null,
    private readonly acts: Acts,
  ) {
    this.place = place ?? { at: null, folded: null };
    this.element.hidden = true;
    root.append(this.element, this.calm, this.urgent);
  }

  /** Draws the view; says it aloud only when its words change. */
  show(view: PanelView): void {
    if (JSON.stringify(view) === JSON.stringify(this.view)) return;
    const focused = this.focusedName();
    this.view = view;
    this.element.hidden = view.state === 'not_a_portal' || (view.state === 'nothing_to_check' && !view.recordable);
    this.draw();
    this.speak(view);
    if (focused !== null) this.element.querySelector<HTMLElement>(`[data-name="${focused}"]`)?.focus();
  }

  remove(): void {
    this.element.remove();
    this.calm.remove();
    this.urgent.remove();
  }

  private focusedName(): string | null {
    const { activeElement } = this.root;
    return activeElement instanceof HTMLElement && this.element.contains(activeElement) ? (activeElement.dataset.name ?? null) : null;
  }

  private speak(view: PanelView): void {
    if (this.element.hidden) return;
    const text = headline(view);
    const hard = view.answer?.findings.some((finding) => finding.severity === 'denial') === true;
    const [speaks, silent] = hard ? [this.urgent, this.calm] : [this.calm, this.urgent];
    silent.textContent = '';
    if (speaks.textContent !== text) speaks.textContent = text;
  }

  private draw(): void {
    const { view } = this;
    if (!view || this.element.hidden) return;
    const folded = this.place.folded ?? !(view.recordable || view.state === 'could_not');
    this.element.className = `summary ${shapeOf(view)}${folded ? ' folded' : ''}`;
    this.element.replaceChildren(
      h(
        'div',
        { class: 'bar' },
        sign(shapeOf(view), 20),
        h('span', { class: 'says' }, headline(view)),
        this.moveTool(),
        h(
          'button',
          {
            type: 'button',
            class: 'tool',
            'data-name': 'fold',
            'aria-expanded': String(!folded),
            'aria-label': t(folded ? 'unfold' : 'fold'),
            title: t(folded ? 'unfold' : 'fold'),
            onclick: byPerson(() => {
              this.place = { ...this.place, folded: !folded };
              this.acts.placed(this.place);
              this.draw();
              this.element.querySelector<HTMLElement>('[data-name="fold"]')?.focus();
            }),
          },
          arrow(folded),
        ),
      ),
    );
    if (!folded) this.element.append(h('div', { class: 'body' }, ...this.body(view)));
    this.put();
  }

  private body(view: PanelView): Node[] {
    if (view.recordable) return this.offer(view.recorded);
    const { answer } = view;
    const nodes: Node[] = [];
    if (view.state === 'could_not') nodes.push(h('p', {}, t(`because_${view.because ?? 'server_failed'}`)));
    if (view.state === 'checking') nodes.push(h('p', { class: 'quiet' }, t('checking_long')));
    if (answer && view.state === 'warning') {
      nodes.push(
        h(
          'ul',
          {},
          ...grouped(issues(answer)).map((group) =>
            h('li', {}, ...group.map((finding) => findingElement(finding, true)), this.goTo(group[0]?.field ?? '')),
          ),
        ),
      );
    }
    if (answer && view.because === 'several_authorizations') {
      nodes.push(
        h(
          'div',
          { class: 'choices' },
          ...answer.candidates.map((candidate) =>
            h(
              'button',
              {
                type: 'button',
                class: 'action second',
                'data-name': `choice-${candidate.authorization_id}`,
                onclick: byPerson(() => { this.acts.choose(candidate.authorization_id); }),
              },
              candidate.label,
            ),
          ),
        ),
      );
    }
    if (answer && answer.unreadable.length > 0) {
      nodes.push(h('p', { class: 'quiet' }, t('not_read', answer.unreadable.map((one) => fieldName(one.field)).join(', '))));
    }
    if (answer && answer.checked.length > 0) nodes.push(checkedList(answer.checked));
    if (view.because !== null && PAIRING.includes(view.because)) {
      nodes.push(h('button', { type: 'button', class: 'action', 'data-name': 'options', onclick: byPerson(() => { this.acts.openOptions(); }) }, t('open_pairing')));
    }
    if (view.because !== null && AGAIN.includes(view.because)) {
      nodes.push(h('button', { type: 'button', class: 'action second', 'data-name': 'again', onclick: byPerson(() => { this.acts.checkAgain(); }) }, t('check_again')));
    }
    return nodes;
  }

  private goTo(field: string): HTMLButtonElement {
    const act = byPerson(() => {
      this.acts.goTo(field);
    });
    return h('button', { type: 'button', class: 'link', 'data-name': `go-${field}`, 'aria-label': t('go_to', fieldName(field)), onclick: act }, t('go_to_field'));
  }

  private offer(recorded: Recorded | null): Node[] {
    const button = h('button', { type: 'button', class: 'action', 'data-name': 'record' }, t(recorded ? 'record_again' : 'record_reading'));
    button.addEventListener(
      'click',
      byPerson(() => {
        button.disabled = true;
        button.textContent = t('recording');
        void this.acts.record().finally(() => {
          button.disabled = false;
          button.textContent = t('record_again');
        });
      }),
    );
    return [...(recorded ? recordedNodes(recorded) : [h('p', { class: 'quiet' }, t('record_offer'))]), button];
  }

  private moveTool(): HTMLButtonElement {
    const tool = h('button', { type: 'button', class: 'tool move', 'data-name': 'move', 'aria-label': t('move'), title: t('move') }, dots());
    tool.addEventListener('keydown', (event) => {
      if (!event.isTrusted) return;
      const [x, y] = ({ ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] } as Record<string, [number, number]>)[event.key] ?? [0, 0];
      if (x === 0 && y === 0) return;
      event.preventDefault();
      const { right, bottom } = this.at;
      this.moveTo({ right: right + x * STEP, bottom: bottom + y * STEP });
      this.acts.placed(this.place);
    });
    tool.addEventListener('pointerdown', (down) => {
      if (!down.isTrusted) return;
      const from = { ...this.at, x: down.clientX, y: down.clientY };
      tool.setPointerCapture(down.pointerId);
      const move = (event: PointerEvent): void => {
        this.moveTo({ right: from.right + from.x - event.clientX, bottom: from.bottom + from.y - event.clientY });
      };
      const up = (): void => {
        tool.removeEventListener('pointermove', move);
        this.acts.placed(this.place);
      };
      tool.addEventListener('pointermove', move);
      tool.addEventListener('pointerup', up, { once: true });
      tool.addEventListener('pointercancel', up, { once: true });
    });
    return tool;
  }

  /** Gives way to marks that find no place, unless a person put it where it is. Answers whether it moved. */
  makeRoom(): boolean {
    if (this.element.hidden || this.place.at !== null) return false;
    const before = this.at;
    this.put();
    return this.at.right !== before.right || this.at.bottom !== before.bottom;
  }

  private moveTo(at: { right: number; bottom: number }): void {
    this.place = { ...this.place, at };
    this.put();
  }

  /** Places the summary, kept wholly inside the window. */
  private put(): void {
    const widest = Math.max(0, window.innerWidth - this.element.offsetWidth);
    const highest = Math.max(0, window.innerHeight - this.element.offsetHeight);
    const at = this.place.at ?? this.freeCorner(widest, highest);
    this.at = { right: Math.min(Math.max(0, at.right), widest), bottom: Math.min(Math.max(0, at.bottom), highest) };
    this.element.style.right = `${this.at.right}px`;
    this.element.style.bottom = `${this.at.bottom}px`;
  }

  /** The corner of the window in which it covers the fewest things that a person uses; lower right when all are alike. */
  private freeCorner(widest: number, highest: number): { right: number; bottom: number } {
    const corners = [
      { right: EDGE, bottom: EDGE },
      { right: widest - EDGE, bottom: EDGE },
      { right: EDGE, bottom: highest - EDGE },
      { right: widest - EDGE, bottom: highest - EDGE },
    ];
    const [first = { right: EDGE, bottom: EDGE }] = corners
      .map((corner) => ({ corner, covers: this.covered(corner) }))
      .sort((a, b) => a.covers - b.covers)
      .map(({ corner }) => corner);
    return first;
  }

  private covered({ right, bottom }: { right: number; bottom: number }): number {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = window.innerWidth - right - width;
    const top = window.innerHeight - bottom - height;
    let covered = 0;
    for (let x = left; x <= left + width; x += 24) {
      for (let y = top; y <= top + height; y += 12) {
        const hit = hitAt(document, this.host, x, y);
        if (hit && isUsableAt(hit, x, y)) covered += 1;
      }
    }
    return covered;
  }
}

/** The state in one line. */
export function headline(view: PanelView): string {
  if (view.recordable) {
    if (view.recorded?.answer) return t(`recorded_${view.recorded.answer.state}`);
    return view.recorded ? t('recorded_not') : t('record_title');
  }
  const found = view.answer ? grouped(issues(view.answer)).length : 0;
  switch (view.state) {
    case 'warning':
      return found === 1 ? t('state_warning_one') : t('state_warning', found);
    case 'clear':
      return t('state_clear');
    case 'checking':
      return t('state_checking');
    case 'could_not':
      return t('state_could_not');
    case 'nothing_to_check':
    case 'not_a_portal':
      return t('title_nothing');
  }
}

/** The sign of a state. */
export function shapeOf(view: PanelView): Shape {
  if (view.recordable) {
    if (!view.recorded) return 'record';
    return view.recorded.answer?.state === 'accepted' ? 'clear' : 'could_not';
  }
  if (view.state === 'warning') return view.answer?.findings.some((finding) => finding.severity === 'denial') ? 'denial' : 'caution';
  if (view.state === 'clear' || view.state === 'could_not' || view.state === 'checking') return view.state;
  return 'off';
}

/** What was compared, folded away until it is wanted. */
export function checkedList(checked: readonly string[]): HTMLElement {
  return h(
    'details',
    {},
    h('summary', {}, checked.length === 1 ? t('checked_one') : t('checked_count', checked.length)),
    h('ul', {}, ...checked.map((field) => h('li', {}, fieldName(field)))),
  );
}

/** What the server made of a recorded page. */
export function recordedNodes(recorded: Recorded): Node[] {
  const { answer } = recorded;
  if (!answer) {
    return [h('p', {}, t(`because_${recorded.because ?? 'server_failed'}`)), ...(recorded.message ? [h('p', { class: 'quiet' }, recorded.message)] : [])];
  }
  const { values, determination, determination_text } = answer.reading;
  const value = (key: string): string | null => {
    const said = values[key];
    return typeof said === 'string' && said !== '' ? localDate(said) : null;
  };
  const numbers = Array.isArray(values.numbers) ? (values.numbers as { label?: string; value?: string }[]) : [];
  const rows: [string, string | null][] = [
    [fieldName('determination'), determination_text ?? determination],
    ...numbers.map(({ label, value: number }): [string, string | null] => [label ?? fieldName('reference_number'), number ?? null]),
    [fieldName('effective_date'), value('effective')],
    [fieldName('expiry_date'), value('expiry')],
  ];
  return [
    h('p', {}, answer.message),
    h('dl', { class: 'halves' }, ...rows.flatMap(([name, said]) => (said === null ? [] : [h('dt', {}, name), h('dd', {}, said)]))),
    h('p', { class: 'quiet' }, t(recorded.picture ? 'with_picture' : 'without_picture')),
  ];
}

function drawing(d: string): SVGSVGElement {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  for (const [name, value] of Object.entries({ viewBox: '0 0 16 16', width: '16', height: '16', 'aria-hidden': 'true', fill: 'none', stroke: 'currentColor', 'stroke-width': '2', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' })) {
    svg.setAttribute(name, value);
  }
  const path = document.createElementNS(ns, 'path');
  path.setAttribute('d', d);
  svg.append(path);
  return svg;
}

function arrow(up: boolean): SVGSVGElement {
  return drawing(up ? 'M4 10l4-4 4 4' : 'M4 6l4 4 4-4');
}

function dots(): SVGSVGElement {
  return drawing('M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01');
}
