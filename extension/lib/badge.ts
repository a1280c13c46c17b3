// The toolbar icon's state, by its text and shape; colour only repeats it.
import { issues } from './checking';
import type { TabView } from './state';

export interface Badge {
  /** At most three characters. */
  text: string;
  colour: string;
  /** The icon: whole where Tallystick is at work, outlined where it is not. */
  icon: 'on' | 'off';
  title: 'title_not_a_portal' | 'title_fine' | 'title_issues' | 'title_could_not' | 'title_not_paired' | 'title_checking' | 'title_nothing';
  count: number;
}

const SLATE = '#475569';

/** One tab's badge. */
export function badgeOf(view: TabView): Badge {
  const count = view.answer ? issues(view.answer).length : 0;
  switch (view.state) {
    case 'not_a_portal':
      return { text: '', colour: SLATE, icon: 'off', title: 'title_not_a_portal', count: 0 };
    case 'nothing_to_check':
      return { text: '', colour: SLATE, icon: 'on', title: 'title_nothing', count: 0 };
    case 'checking':
      return { text: '…', colour: SLATE, icon: 'on', title: 'title_checking', count: 0 };
    case 'clear':
      return { text: '✓', colour: '#166534', icon: 'on', title: 'title_fine', count: 0 };
    case 'warning':
      return { text: count > 99 ? '99+' : String(count), colour: '#9f1239', icon: 'on', title: 'title_issues', count };
    case 'could_not':
      return view.because === 'not_paired'
        ? { text: '?', colour: SLATE, icon: 'on', title: 'title_not_paired', count: 0 }
        : { text: '!', colour: '#92400e', icon: 'on', title: 'title_could_not', count: 0 };
  }
}
