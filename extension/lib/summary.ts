// The summary in the page: which of the three states holds, what to do, and on a status page the offer to record.
import { type Because, type CheckAnswer, type Finding, issues, overridden, type Reason, REASONS } from './checking';
import { Choice, failure } from './choice';
import { byPerson, h, type Shape, sign } from './elements';
import { findingElement, grouped } from './findings';
import { Guard } from './guard';
import type { Done, PanelView } from './messages';
import { type Place, type Recorded, type Why, WHYS } from './state';
import { type Box, overlap } from './placing';
import type { Filled } from './typing';
import { hitAt, isUsableAt } from './usable';
import { ago, fieldName, localDate, t } from './words';

export interface Acts {
  choose: (authorization: number) => void;
  record: () => Promise<Done>;
  fill: (authorization: number) => Promise<Done>;
  sendNow: () => void;
  discard: (id: string) => void;
  undo: (reading: number, why: Why) => Promise<Done>;
  override: (check: number, finding: number, reason: Reason) => Promise<Done>;
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

/** Words of one's own are typed in the popup: what is typed into a page, the page's scripts can hear. */
const REASONS_IN_PAGE = REASONS.filter((reason) => reason !== 'other');

export class Summary {
  private readonly element = h('section', { class: 'summary', 'aria-label': 'Tallystick' });
  private readonly guard: Guard;
  private readonly choice: Choice;
  /** Live regions stand before they speak, or screen readers miss the first words. */
  private readonly calm = h('div', { class: 'unseen', role: 'status' });
  private readonly urgent = h('div', { class: 'unseen', role: 'alert' });
  private place: Place;
  private at = { right: EDGE, bottom: EDGE };
  private view: PanelView | null = null;
  private isFilling = false;
  private fillFailed = '';
  /** Asked for what a marked control and its mark need of the window, in window coordinates. */
  keepFree: () => readonly Box[] = () => [];

  constructor(
    private readonly root: ShadowRoot,
    private readonly host: Element,
    place: Place | null,
    private readonly acts: Acts,
  ) {
    this.place = place ?? { at: null, folded: null };
    const guard = new Guard(host.ownerDocument);
    this.guard = guard;
    this.choice = new Choice(() => { this.draw(); }, (control, act) => { guard.on(control, act); });
    this.element.hidden = true;
    root.append(this.element, this.calm, this.urgent);
  }

  /** Draws the view; says it aloud only when its words change. */
  show(view: PanelView): void {
    if (JSON.stringify(view) === JSON.stringify(this.view)) return;
    this.view = view;
    this.element.hidden = view.state === 'not_a_portal' || (view.state === 'nothing_to_check' && !view.recordable);
    this.draw();
    this.speak(view);
  }

  remove(): void {
    this.guard.remove();
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
    const text = [headline(view), ...standingNodes(view).map((node) => node.textContent)].join('. ');
    const hard = view.answer?.findings.some((finding) => finding.severity === 'denial') === true;
    const [speaks, silent] = hard ? [this.urgent, this.calm] : [this.calm, this.urgent];
    silent.textContent = '';
    if (speaks.textContent !== text) speaks.textContent = text;
  }

  /** Draws all of it anew; the focus stays on the control of the same name, or what that opened from. */
  private draw(): void {
    const focused = this.focusedName();
    this.drawAll();
    if (focused === null) return;
    const controls = [...this.element.querySelectorAll<HTMLElement>('[data-name]')];
    const named = (name: string): HTMLElement | undefined => controls.find(({ dataset }) => dataset.name === name);
    const opened = (name: string): HTMLElement | undefined => controls.find(({ dataset }) => name.startsWith(`${dataset.name ?? ''}-`));
    (named(focused) ?? opened(focused) ?? named('fold'))?.focus();
  }

  private drawAll(): void {
    const { view } = this;
    if (!view || this.element.hidden) return;
    const tells = view.recordable || view.state === 'could_not' || view.filled !== null || this.isFilling;
    const folded = this.place.folded ?? !tells;
    this.element.className = `summary ${shapeOf(view)}${folded ? ' folded' : ''}`;
    this.element.replaceChildren(
      h(
        'div',
        { class: 'bar' },
        sign(shapeOf(view), 20),
        h('span', { class: 'says' }, headline(view), ...standingNodes(view)),
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
            h(
              'li',
              {},
              ...group.flatMap((finding) => [findingElement(finding, true), this.override(answer, finding)]),
              this.goTo(group[0]?.field ?? ''),
            ),
          ),
        ),
      );
    }
    if (answer) nodes.push(...overriddenNodes(answer));
    if (answer && view.because === 'several_authorizations') {
      nodes.push(
        h(
          'div',
          { class: 'choices' },
          ...answer.candidates.map(({ authorization_id: id, label }) =>
            this.pressed(`choice-${id}`, 'action second', label, () => { this.acts.choose(id); }),
          ),
        ),
      );
    }
    nodes.push(...this.filling(view));
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

  private override(answer: CheckAnswer, finding: Finding): HTMLElement {
    const position = answer.findings.indexOf(finding);
    const reasons = REASONS_IN_PAGE.map((reason): [Reason, string] => [reason, t(`reason_${reason}`)]);
    const act = (reason: Reason): Promise<Done> => this.acts.override(answer.id, position, reason);
    return this.choice.nodes(`override-${position}`, t('override'), t('override_why', fieldName(finding.field)), reasons, act);
  }

  private goTo(field: string): HTMLButtonElement {
    const act = byPerson(() => {
      this.acts.goTo(field);
    });
    return h('button', { type: 'button', class: 'link', 'data-name': `go-${field}`, 'aria-label': t('go_to', fieldName(field)), onclick: act }, t('go_to_field'));
  }

  private offer(recorded: Recorded | null): Node[] {
    const button = h('button', { type: 'button', class: 'action', 'data-name': 'record' }, t(recorded ? 'record_again' : 'record_reading'));
    this.guard.on(button, () => {
      button.disabled = true;
      button.textContent = t('recording');
      void this.acts.record().finally(() => {
        button.disabled = false;
        button.textContent = t('record_again');
      });
    });
    if (!recorded) return [h('p', { class: 'quiet' }, t('record_offer')), button];
    if (recorded.kept !== null) return [...recordedNodes(recorded), ...this.keptTools(recorded.kept, recorded.refused), ...(recorded.refused ? [button] : [])];
    const act = (reading: number, why: Why): Promise<Done> => this.acts.undo(reading, why);
    return [...recordedNodes(recorded), ...undoNodes(this.choice, recorded, act), button];
  }

  /** The offer to fill what is empty, and what came of it. */
  private filling({ fill_from, filled }: PanelView): HTMLElement[] {
    const nodes = filled ? filledNodes(filled) : [];
    if (this.fillFailed !== '') nodes.push(h('p', { class: 'said', role: 'alert' }, this.fillFailed));
    if (fill_from === null) return nodes;
    const button = h('button', { type: 'button', class: 'action second', 'data-name': 'fill' }, t(this.isFilling ? 'filling' : fill_from.by === 'case' ? 'fill_case' : 'fill'));
    button.disabled = this.isFilling;
    this.guard.on(button, () => {
      [this.isFilling, this.fillFailed] = [true, ''];
      this.draw();
      void this.acts.fill(fill_from.authorization_id).then((done) => {
        [this.isFilling, this.fillFailed] = [false, done.ok ? '' : failure(done)];
        this.draw();
      });
    });
    return [...nodes, button];
  }

  private pressed(name: string, look: string, words: string, act: () => void): HTMLButtonElement {
    const button = h('button', { type: 'button', class: look, 'data-name': name }, words);
    this.guard.on(button, act);
    return button;
  }

  /** What a person can do about a page that waits, or that the server refused. */
  private keptTools(id: string, refused: boolean): HTMLElement[] {
    const [name, act] = refused ? ['discard', () => { this.acts.discard(id); }] as const : ['send_now', () => { this.acts.sendNow(); }] as const;
    return [this.pressed(name, 'action second', t(name), act)];
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

  /**
   * The corner of the window in which it covers the fewest marked controls, then the fewest other things that a person
   * uses; lower right when all are alike.
   */
  private freeCorner(widest: number, highest: number): { right: number; bottom: number } {
    const corners = [
      { right: EDGE, bottom: EDGE },
      { right: widest - EDGE, bottom: EDGE },
      { right: EDGE, bottom: highest - EDGE },
      { right: widest - EDGE, bottom: highest - EDGE },
    ];
    const keepFree = this.keepFree();
    const [first = { right: EDGE, bottom: EDGE }] = corners
      .map((corner) => ({ corner, marked: keepFree.filter((box) => overlap(box, this.boxAt(corner))).length, covers: this.covered(corner) }))
      .sort((a, b) => a.marked - b.marked || a.covers - b.covers)
      .map(({ corner }) => corner);
    return first;
  }

  private boxAt({ right, bottom }: { right: number; bottom: number }): Box {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    return { left: window.innerWidth - right - width, top: window.innerHeight - bottom - height, width, height };
  }

  private covered(corner: { right: number; bottom: number }): number {
    const { left, top, width, height } = this.boxAt(corner);
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
export function headline(view: Omit<PanelView, 'fill_from'>): string {
  if (view.recordable) {
    if (view.recorded?.undone) return t('undone');
    if (view.recorded?.answer) return t(`recorded_${view.recorded.answer.state}`);
    if (view.recorded?.kept != null && !view.recorded.refused) return t('kept');
    return view.recorded ? t('recorded_not') : t('record_title');
  }
  const found = view.answer ? grouped(issues(view.answer)).length : 0;
  switch (view.state) {
    case 'warning':
      return found === 1 ? t('state_warning_one') : t('state_warning', found);
    case 'clear':
      return view.answer && overridden(view.answer).length > 0 ? t('state_overridden', overridden(view.answer).length) : t('state_clear');
    case 'checking':
      return t('state_checking');
    case 'could_not':
      return t('state_could_not');
    case 'paused':
      return t('title_paused');
    case 'nothing_to_check':
    case 'not_a_portal':
      return t('title_nothing');
  }
}

/**
 * That the service is approved or asked for already: portals do not stop a second request, which is denied as a
 * duplicate. It may be meant (a renewal), so it is told in one line and is no finding.
 */
function standingNodes({ answer }: PanelView): HTMLElement[] {
  const [first, ...others] = answer?.before_request?.standing ?? [];
  if (!first) return [];
  const read = first.read_at === null ? '' : ` (${t('status_read', ago(first.read_at))})`;
  const more = others.length === 0 ? '' : ` ${t('already_more', others.length)}`;
  return [h('small', { class: 'standing' }, `${t('already_there', first.label)}${more}${read}`)];
}

/** The sign of a state. */
export function shapeOf(view: Omit<PanelView, 'fill_from'>): Shape {
  if (view.recordable) {
    if (!view.recorded) return 'record';
    if (view.recorded.undone) return 'overridden';
    return view.recorded.answer?.state === 'accepted' ? 'clear' : 'could_not';
  }
  if (view.state === 'warning') return view.answer?.findings.some((finding) => finding.severity === 'denial') ? 'denial' : 'caution';
  if (view.state === 'clear' && view.answer && overridden(view.answer).length > 0) return 'overridden';
  if (view.state === 'clear' || view.state === 'could_not' || view.state === 'checking') return view.state;
  return 'off';
}

/** What a person has overridden, told quietly: neither the page nor the popup forgets it. */
export function overriddenNodes(answer: Pick<CheckAnswer, 'findings'>): HTMLElement[] {
  return overridden(answer).map((finding) =>
    h('p', { class: 'quiet overridden' }, t('overridden', fieldName(finding.field), t(`reason_${finding.overridden}`))),
  );
}

/** What was filled in, and each field that stays the person's, with the reason. */
export function filledNodes({ filled, left }: Filled): HTMLElement[] {
  const rest = left.map(({ field, why }) => h('li', {}, t('left_field', fieldName(field), t(`left_${why}`))));
  return [
    h('p', { class: 'filled' }, filled.length === 1 ? t('filled_one') : t('filled', filled.length)),
    ...(rest.length === 0 ? [] : [h('details', {}, h('summary', {}, t('left', rest.length)), h('ul', { class: 'left' }, ...rest))]),
  ];
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
  if (recorded.undone) return [h('p', {}, t('undone_long'))];
  if (!answer && recorded.kept !== null && !recorded.refused) {
    return [h('p', {}, t('kept_long')), ...(recorded.because ? [h('p', { class: 'quiet' }, t(`unsent_${recorded.because}`))] : [])];
  }
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

/** The way back from what was recorded, where there is one. */
export function undoNodes(choice: Choice, { answer, undone }: Recorded, act: (reading: number, why: Why) => Promise<Done>): HTMLElement[] {
  if (undone || !answer?.reading.can_undo) return [];
  const { id } = answer.reading;
  const whys = WHYS.map((why): [Why, string] => [why, t(`undo_${why}`)]);
  return [choice.nodes(`undo-${id}`, t('undo'), t('undo_why'), whys, (why) => act(id, why))];
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
