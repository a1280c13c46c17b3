// The toolbar icon's state, by its text and shape; colour only repeats it.
import { type Because, issues, overridden } from './checking';
import type { Shape } from './elements';
import type { TabView } from './state';

export interface Badge {
  /** At most three characters. */
  text: string;
  colour: string;
  /** What the icon shows: its shape tells the state where colours are not seen. */
  icon: Shape;
  title: 'title_not_a_portal' | 'title_fine' | 'title_overridden' | 'title_issues' | 'title_could_not' | 'title_not_paired' | 'title_not_reached' | 'title_checking' | 'title_nothing' | 'title_paused';
  count: number;
}

const SLATE = '#475569';
const AMBER = '#92400e';
const GRAVITY = { denial: { colour: '#9f1239', icon: 'denial' }, caution: { colour: AMBER, icon: 'caution' } } as const;

/** Why nothing can be said until the server answers. */
const UNREACHED: ReadonlySet<Because> = new Set(['server_not_reached', 'too_slow']);
/** Why nothing can be said until this browser is paired, for the first time or again. */
const UNPAIRED: ReadonlySet<Because> = new Set(['not_paired', 'access_refused']);

function hard(view: TabView): boolean {
  return view.answer !== null && issues(view.answer).some(({ severity }) => severity === 'denial');
}

/** One tab's badge. */
export function badgeOf(view: TabView): Badge {
  const count = view.answer ? issues(view.answer).length : 0;
  switch (view.state) {
    case 'not_a_portal':
      return { text: '', colour: SLATE, icon: 'off', title: 'title_not_a_portal', count: 0 };
    case 'paused':
      return { text: '⏸', colour: SLATE, icon: 'paused', title: 'title_paused', count: 0 };
    case 'nothing_to_check':
      return { text: '', colour: SLATE, icon: 'idle', title: 'title_nothing', count: 0 };
    case 'checking':
      return { text: '…', colour: SLATE, icon: 'checking', title: 'title_checking', count: 0 };
    case 'clear':
      if (view.answer && overridden(view.answer).length > 0) {
        return { text: '–', colour: SLATE, icon: 'overridden', title: 'title_overridden', count: overridden(view.answer).length };
      }
      return { text: '✓', colour: '#166534', icon: 'clear', title: 'title_fine', count: 0 };
    case 'warning':
      return { text: count > 99 ? '99+' : String(count), ...GRAVITY[hard(view) ? 'denial' : 'caution'], title: 'title_issues', count };
    case 'could_not':
      if (view.because !== null && UNPAIRED.has(view.because)) return { text: '?', colour: SLATE, icon: 'unpaired', title: 'title_not_paired', count: 0 };
      if (view.because !== null && UNREACHED.has(view.because)) return { text: '×', colour: AMBER, icon: 'unreached', title: 'title_not_reached', count: 0 };
      return { text: '!', colour: AMBER, icon: 'could_not', title: 'title_could_not', count: 0 };
  }
}
