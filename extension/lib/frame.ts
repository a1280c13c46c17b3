// One frame of a portal's page: observed, read by the shared reader, reported when it changed, marked by the answer.
import { controlOf } from './locating';
import { Marks } from './marks';
import { type Answer, ask, type Done, Failed, type Hello, type Messages, type MessageType, type ToFrame } from './messages';
import { observe, type Observing } from './observe';
import { type PageText, read, type ReadingPart } from './reader';
import { type Stage, stage } from './stage';
import type { FrameAnswer } from './state';
import { Summary } from './summary';
import { fill, type Filled, type FillStep } from './typing';

/** What stands on the page now, and how it is read. */
export interface Seen {
  page: PageText;
  part: ReadingPart;
  fits: number;
}

/** Reads the page with each portal of this host; the one whose page fits speaks, and none does when several fit. */
export function see(root: Document, portals: Hello['portals']): Seen | null {
  const all = portals.map(({ part }) => ({ page: read(root, part), part }));
  const known = all.filter(({ page }) => page.page !== null);
  const [only] = known;
  const fits = all.reduce((sum, { page }) => sum + page.fits.length, 0);
  if (only && known.length === 1) return { ...only, fits };
  const [first] = all;
  return first ? { page: { ...first.page, page: null }, part: first.part, fits } : null;
}

/** Controls that a person could be filling; two or more make a form that must not pass for checked. */
export function isForm(root: Document): boolean {
  let found = 0;
  for (const control of root.querySelectorAll<HTMLElement>('input:not([type=hidden], [type=submit], [type=button], [type=search]), select, textarea')) {
    if (control.checkVisibility() && ++found >= 2) return true;
  }
  return false;
}

/** The background takes nothing from this page any more. */
const GONE: Done = { ok: false, because: 'switched_off', message: '' };

export class Frame {
  private readonly born = performance.timeOrigin;
  private sequence = 0;
  private reported = '';
  private authorization: number | null = null;
  private member: string | null = null;
  private seen: Seen | null = null;
  private answer: FrameAnswer | null = null;
  private on: { stage: Stage; marks: Marks; summary: Summary | null } | null = null;
  private readonly observing: Observing;
  private stopped = false;

  constructor(
    private readonly document: Document,
    private readonly hello: Hello,
    private readonly onStop: () => void,
  ) {
    this.observing = observe(document, () => this.settled());
    window.addEventListener('pagehide', this.gone);
    this.settled();
  }

  /** A message from the background. */
  async take(message: ToFrame): Promise<unknown> {
    switch (message.type) {
      case 'frame/show':
        if (message.view.state !== 'nothing_to_check' || message.view.recordable || this.on?.summary) this.summary().show(message.view);
        return null;
      case 'frame/answer':
        if (message.answer.sequence !== this.sequence) return null;
        this.answer = message.answer;
        this.mark(message.answer);
        return null;
      case 'frame/read':
        return see(this.document, this.hello.portals)?.page ?? null;
      case 'frame/fill':
        return this.fill(message.page, message.steps);
      case 'frame/check':
        this.authorization = message.authorization_id;
        this.reported = '';
        this.settled();
        return null;
      case 'frame/conceal':
        this.on?.stage.conceal(message.concealed);
        if (message.concealed) await painted();
        return null;
      case 'frame/go_to':
        this.on?.marks.goToField(message.field);
        return null;
      case 'frame/next_issue':
        this.on?.marks.next();
        return null;
      case 'frame/stop':
        this.stop();
        return null;
    }
  }

  /** Types what fills the empty fields; Escape stops it. null: the page is another one by now. */
  private async fill(page: string, steps: FillStep[]): Promise<Filled | null> {
    const { seen } = this;
    if (seen?.page.page !== page) return null;
    const over = new AbortController();
    const escape = (event: KeyboardEvent): void => {
      if (event.isTrusted && event.key === 'Escape') over.abort();
    };
    window.addEventListener('keydown', escape, { capture: true, signal: over.signal });
    const { marks } = this.stage();
    try {
      return await fill(this.document, seen.part, page, steps, (control) => { marks.point(control); }, over.signal);
    } finally {
      window.removeEventListener('keydown', escape, { capture: true });
    }
  }

  /** Leaves the page as if it had never been there. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.observing.stop();
    window.removeEventListener('pagehide', this.gone);
    this.on?.marks.remove();
    this.on?.summary?.remove();
    this.on?.stage.remove();
    this.on = null;
    this.onStop();
  }

  private readonly gone = (): void => {
    this.reported = '';
    void this.tell('page/gone', {});
  };

  /** Reads the settled page; answers whether it says something else than before. */
  private settled(): boolean {
    this.seen = see(this.document, this.hello.portals);
    const page = this.seen?.page ?? null;
    const form = isForm(this.document);
    const text = JSON.stringify([page, form]);
    if (text === this.reported) {
      if (this.on?.marks.stale) this.mark(this.answer);
      this.on?.marks.placeSoon();
      return false;
    }
    this.reported = text;
    const member = page?.fields.member_id?.text ?? null;
    // A chosen authorization holds for this patient only.
    if (member !== this.member) this.authorization = null;
    this.member = member;
    this.sequence += 1;
    void this.report(page, form, this.sequence);
    return true;
  }

  private async report(page: PageText | null, form: boolean, sequence: number): Promise<void> {
    const answer = await this.tell('page/report', {
      page,
      fits: this.seen?.fits ?? 0,
      form,
      sequence,
      born: this.born,
      authorization_id: this.authorization,
    });
    if (!answer || answer.superseded || answer.sequence !== this.sequence) return;
    this.answer = answer;
    this.mark(answer);
  }

  private mark(answer: FrameAnswer | null): void {
    const { seen } = this;
    if (!answer || (!this.on && answer.state !== 'warning')) return;
    this.stage().marks.show(answer.state === 'warning' ? answer.answer : null, (finding) =>
      seen ? controlOf(this.document, seen.part, seen.page, finding) : null,
    );
  }

  private stage(): { stage: Stage; marks: Marks; summary: Summary | null } {
    if (!this.on) {
      const made = stage(this.document);
      this.on = { stage: made, marks: new Marks(this.document, made.root, made.host), summary: null };
    }
    return this.on;
  }

  private summary(): Summary {
    const on = this.stage();
    on.summary ??= new Summary(on.stage.root, on.stage.host, this.hello.place, {
      choose: (authorization_id) => void this.tell('tab/choose', { authorization_id }),
      record: async () => (await this.tell('tab/record', {})) ?? GONE,
      fill: async (authorization_id) => (await this.tell('tab/fill', { authorization_id })) ?? GONE,
      sendNow: () => void this.tell('outbox/send', {}),
      discard: (id) => void this.tell('outbox/discard', { id }),
      undo: async (reading, why) => (await this.tell('tab/undo', { reading, why })) ?? GONE,
      override: async (check, finding, reason) => (await this.tell('tab/override', { check, finding, reason })) ?? GONE,
      checkAgain: () => void this.tell('tab/check_again', {}),
      openOptions: () => void this.tell('open/options', {}),
      goTo: (field) => void this.tell('tab/go_to', { field }),
      placed: (place) => void this.tell('panel/place', { place }),
    });
    const { summary } = on;
    on.marks.makeRoom = () => summary.makeRoom();
    summary.keepFree = () => on.marks.keepFree();
    return summary;
  }

  /** Asks the background; when it no longer takes our word (revoked, replaced by an update), the frame is left alone. */
  private async tell<T extends MessageType>(type: T, what: Messages[T]['ask']): Promise<Answer<T> | null> {
    if (this.stopped) return null;
    try {
      return await ask(type, what);
    } catch (error) {
      if (error instanceof Failed) {
        // Never nothing where a state is expected: what failed is said as "could not check".
        const { hello } = this;
        const portal = hello.portals[0]?.name ?? null;
        this.summary().show({ state: 'could_not', because: 'extension_failed', portal, answer: null, recordable: false, recorded: null, fill_from: null, filled: null, busy: false });
        return null;
      }
      this.stop();
      return null;
    }
  }
}

/** After the next paint, so that a picture taken now shows what was just changed. */
function painted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => {
      requestAnimationFrame(() => {
        resolve();
      });
    });
  });
}
