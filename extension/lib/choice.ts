// A control that asks for one of a few reasons before it acts: pressed twice, never once, and told where it failed.
import { byPerson, h } from './elements';
import type { Done } from './messages';
import { t } from './words';

/** What a failed act says to the person. */
export function failure(done: Exclude<Done, { ok: true }>): string {
  return [t(`because_${done.because}`), done.message].filter((part) => part !== '').join(' ');
}

function whenPressed(control: HTMLElement, act: () => void): void {
  control.addEventListener('click', byPerson(act));
}

/** The one such control that is open in a view that is drawn anew again and again. */
export class Choice {
  private open: { name: string; said: string } | null = null;

  /** `redraw` keeps the focus where it was, by name. `on`: how a press reaches what it does. */
  constructor(
    private readonly redraw: () => void,
    private readonly on: (control: HTMLElement, act: () => void) => void = whenPressed,
  ) {}

  /** The control; opened, each of `choices` ([value, words]) is a button that acts. Escape closes it. */
  nodes<T extends string>(name: string, label: string, legend: string, choices: [T, string][], act: (value: T) => Promise<Done>): HTMLElement {
    const open = this.open?.name === name ? this.open : null;
    const toggle = h('button', {
      type: 'button',
      class: 'link',
      'data-name': name,
      'aria-expanded': String(open !== null),
    }, label);
    this.on(toggle, () => { this.turn(open ? null : name); });
    if (!open) return h('div', { class: 'choice' }, toggle);
    const group = h('div', { class: 'choices', role: 'group', 'aria-label': legend }, h('p', { class: 'quiet' }, legend));
    for (const [value, words] of choices) {
      const button = h('button', { type: 'button', class: 'action second', 'data-name': `${name}-${value}` }, words);
      this.on(button, () => {
        for (const one of group.querySelectorAll('button')) one.disabled = true;
        void act(value).then((done) => {
          this.open = done.ok ? null : { name, said: failure(done) };
          this.redraw();
        });
      });
      group.append(button);
    }
    if (open.said !== '') group.append(h('p', { class: 'said', role: 'alert' }, open.said));
    const control = h('div', { class: 'choice' }, toggle, group);
    control.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      this.turn(null);
    });
    return control;
  }

  private turn(name: string | null): void {
    this.open = name === null ? null : { name, said: '' };
    this.redraw();
  }
}
