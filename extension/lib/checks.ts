// What a frame reports -> a check at the server -> the frame's state, kept, and answered for its marks.
import { judge, type CheckAnswer, withoutPatient } from './checking';
import { askServer } from './clinic';
import { keepLastCheck } from './last-check';
import type { Messages } from './messages';
import type { Overrides } from './overrides';
import type { Portal } from './portals';
import type { ReadingPart } from './reader';
import { type FrameAnswer, type Frames, type FrameState } from './state';

/** A frame's page beyond this many characters of JSON is not sent: no portal's form comes near it. */
const LARGEST_PAGE = 400_000;

/** How long a check may be under way before the earlier answer is taken down, ms. */
const SAY_CHECKING_AFTER_MS = 400;

type Report = Messages['page/report']['ask'];

export interface FrameOf {
  tab: number;
  frame: number;
  origin: string;
  portals: Portal[];
}

/** Runs the checks that frames ask for; newer input of a frame stops and outdates its older check. */
export class Checks {
  private readonly latest = new Map<string, { born: number; sequence: number; stop: AbortController }>();

  constructor(
    private readonly frames: Frames,
    private readonly overrides: Pick<Overrides, 'applied'>,
    private readonly changed: (tab: number) => Promise<void>,
  ) {}

  /** Answers one report. The answer for the page leaves the authorization's patient out. */
  async report(from: FrameOf, report: Report): Promise<FrameAnswer> {
    const name = `${from.tab}:${from.frame}`;
    const before = this.latest.get(name);
    if (before?.born === report.born && before.sequence > report.sequence) return superseded(report.sequence);
    before?.stop.abort();
    const mine = { born: report.born, sequence: report.sequence, stop: new AbortController() };
    this.latest.set(name, mine);
    const isLatest = (): boolean => this.latest.get(name) === mine;

    const earlier = await this.frames.one(from.tab, from.frame);
    const state = started(from, report, earlier?.born === report.born ? earlier : null);
    if (from.frame === 0) await this.frames.forget(from.tab, report.born);
    if (state.kind !== 'request_form' || state.page === null) return this.settle(state, isLatest);

    const waiting = setTimeout(() => {
      if (isLatest()) void this.settle({ ...state, state: 'checking', because: null, answer: null }, isLatest);
    }, SAY_CHECKING_AFTER_MS);
    const reply = await askServer<CheckAnswer>(
      'POST',
      '/api/v1/checks',
      {
        checkpoint: 'portal_entry',
        portal: state.portal,
        page: state.page,
        ...(report.authorization_id === null ? {} : { authorization_id: report.authorization_id }),
      },
      mine.stop.signal,
    );
    clearTimeout(waiting);
    if (!isLatest()) return superseded(report.sequence);
    if (!reply.ok) {
      return this.settle({ ...state, state: 'could_not', because: reply.because, message: reply.message, answer: null }, isLatest);
    }
    await keepLastCheck(from.tab, state.portal, reply.value);
    const answer = await this.overrides.applied(from.tab, state.portal, reply.value);
    return this.settle({ ...state, ...judge(answer, state.page), message: '', answer }, isLatest);
  }

  private async settle(state: FrameState, isLatest: () => boolean): Promise<FrameAnswer> {
    await this.frames.put(state);
    if (!isLatest()) return superseded(state.sequence);
    await this.changed(state.tab);
    return answerOf(state);
  }
}

/** What a frame is told of its own state. */
export function answerOf(state: FrameState): FrameAnswer {
  return { superseded: false, sequence: state.sequence, state: state.state, answer: state.answer && withoutPatient(state.answer) };
}

function superseded(sequence: number): FrameAnswer {
  return { superseded: true, sequence, state: 'checking', answer: null };
}

/** What is to be said of a page of which nothing is read; of a form, and of a portal without pages, always. */
function unread(parts: ReadingPart['pages'], kind: string | null, { form, fits }: Report): Pick<FrameState, 'state' | 'because'> {
  if (Object.keys(parts).length === 0) return { state: 'could_not', because: 'pages_not_known' };
  if (kind !== null || !form) return { state: 'nothing_to_check', because: null };
  return { state: 'could_not', because: fits > 1 ? 'several_pages' : 'not_recognised' };
}

/** The frame's state before anything is asked of the server. */
function started(from: FrameOf, report: Report, earlier: FrameState | null): FrameState {
  const portal = from.portals.find((one) => one.slug === report.page?.slug) ?? from.portals[0];
  if (!portal) throw new Error('a report from a frame of no portal');
  const ours = report.page?.slug === portal.slug && JSON.stringify(report.page).length <= LARGEST_PAGE;
  const page = ours ? report.page : null;
  const parts = portal.reading_part.pages;
  const kind = page?.page != null && Object.hasOwn(parts, page.page) ? (parts[page.page]?.kind ?? null) : null;
  const samePage = earlier !== null && earlier.kind === kind && earlier.page?.url_path === page?.url_path;
  const sameText = samePage && JSON.stringify(earlier.page) === JSON.stringify(page);
  return {
    tab: from.tab,
    frame: from.frame,
    born: report.born,
    origin: from.origin,
    portal: portal.slug,
    portal_name: portal.name,
    page,
    kind,
    form: report.form,
    sequence: report.sequence,
    ...unread(parts, kind, report),
    message: '',
    answer: null,
    authorization_id: report.authorization_id,
    recorded: sameText ? earlier.recorded : null,
    filled: samePage ? earlier.filled : null,
  };
}
