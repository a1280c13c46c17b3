// A person goes on though a finding speaks against it: logged at the server, and quiet in this tab as long as it is the same.
import type { browser } from 'wxt/browser';
import { answerOf } from './checks';
import { type CheckAnswer, type Finding, judge, type Reason } from './checking';
import { askServer } from './clinic';
import type { Done, ToFrame } from './messages';
import type { Frames } from './state';

/** What makes a finding the same one; a value that is entered otherwise makes another. */
type Same = Pick<Finding, 'rule' | 'field' | 'line' | 'row' | 'entered' | 'approved'>;

interface Kept extends Same {
  portal: string;
  authorization_id: number | null;
  reason: Reason;
}

export interface Overriding {
  check: number;
  finding: number;
  reason: Reason;
  note?: string;
}

export class Overrides {
  constructor(
    private readonly area: Pick<typeof browser.storage.session, 'get' | 'set' | 'remove'>,
    private readonly frames: Frames,
    private readonly send: (tab: number, frame: number, message: ToFrame) => Promise<boolean>,
  ) {}

  /** The answer with what was overridden in this tab marked as such. */
  async applied(tab: number, portal: string, answer: CheckAnswer): Promise<CheckAnswer> {
    const kept = (await this.of(tab)).filter((one) => one.portal === portal && one.authorization_id === idOf(answer));
    const reasonOf = (finding: Finding): Reason | undefined => kept.find((one) => isSame(one, finding))?.reason;
    const findings = answer.findings.map((said) => {
      const finding = { ...said };
      delete finding.overridden;
      const reason = finding.severity === 'allowed' ? undefined : reasonOf(finding);
      return reason === undefined ? finding : { ...finding, overridden: reason };
    });
    return { ...answer, findings };
  }

  /** Overrides one finding of a check that a frame of the tab shows. Only ever called on a person's act. */
  async override(tab: number, { check, finding: position, reason, note }: Overriding): Promise<Done> {
    const shown = (await this.frames.of(tab)).find(({ answer }) => answer?.id === check);
    const finding = shown?.answer?.findings[position];
    if (!shown?.answer || !finding) return { ok: false, because: 'outdated', message: '' };
    const reply = await askServer('POST', '/api/v1/overrides', {
      check_id: check,
      finding: position,
      reason,
      ...(note === undefined ? {} : { note }),
    });
    if (!reply.ok) return { ok: false, because: reply.because, message: reply.message };
    const { rule, field, line, row, entered, approved } = finding;
    const kept: Kept = { portal: shown.portal, authorization_id: idOf(shown.answer), rule, field, line, row, entered, approved, reason };
    await this.area.set({ [keyOf(tab)]: [...(await this.of(tab)), kept] });
    await this.show(tab, shown.frame);
    return { ok: true };
  }

  async forget(tab: number): Promise<void> {
    await this.area.remove(keyOf(tab));
  }

  /** Judges anew what the frame shows now, which may be newer than what was overridden. */
  private async show(tab: number, frame: number): Promise<void> {
    const now = await this.frames.one(tab, frame);
    if (!now?.answer || !now.page) return;
    const answer = await this.applied(tab, now.portal, now.answer);
    const judged = { ...now, ...judge(answer, now.page), answer };
    await this.frames.put(judged);
    await this.send(tab, frame, { type: 'frame/answer', answer: answerOf(judged) });
  }

  private async of(tab: number): Promise<Kept[]> {
    return ((await this.area.get(keyOf(tab)))[keyOf(tab)] as Kept[] | undefined) ?? [];
  }
}

function keyOf(tab: number): string {
  return `overrides:${tab}`;
}

function idOf(answer: CheckAnswer): number | null {
  return answer.authorization?.id ?? null;
}

function isSame(a: Same, b: Same): boolean {
  return a.rule === b.rule && a.field === b.field && a.line === b.line && a.row === b.row && a.entered === b.entered && a.approved === b.approved;
}
