// Fills empty fields of a portal's form as a person would type them: one visible step at a time, never over anything.
import { locateField, type ReadingPart } from './reader';

/** One empty field and the texts that mean its value there, the likeliest first; as the server gives it. */
export interface FillStep {
  where: string;
  field: string;
  texts: string[];
}

/** A field that stays the person's. */
export interface LeftField {
  field: string;
  why: 'unknown' | 'several' | 'not_here' | 'no_row' | 'cannot_write' | 'holds_something' | 'not_taken' | 'stopped';
}

export interface Filled {
  filled: string[];
  left: LeftField[];
}

/** Between two fields, ms: long enough to follow with the eyes. */
const PACE_MS = 180;

const TEXTUAL = new Set(['text', 'search', 'tel', 'url', 'email', 'number', 'date', '']);

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** A control that takes a text; a list of its own, a radio or a button of the portal would need a click. */
export function writable(element: Element | null): Control | null {
  if (element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement) return usable(element);
  if (element instanceof HTMLInputElement && TEXTUAL.has(element.type) && element.getAttribute('role') !== 'combobox') return usable(element);
  return null;
}

function usable(control: Control): Control | null {
  const readOnly = !(control instanceof HTMLSelectElement) && control.readOnly;
  return control.disabled || readOnly || control.matches(':disabled') ? null : control;
}

/** Whether nothing stands in it; a select that shows its "choose one" stands empty. */
export function isEmpty(control: Control): boolean {
  return control.value.trim() === '';
}

/** Writes the first text that the control takes, with the events of typing; whether it then holds something. */
export function write(control: Control, texts: readonly string[]): boolean {
  for (const text of texts) {
    const value = control instanceof HTMLSelectElement ? optionFor(control, text) : fitting(control, text);
    if (value === null) continue;
    control.value = value;
    if (isEmpty(control)) continue;
    control.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true, inputType: 'insertText', data: value }));
    control.dispatchEvent(new Event('change', { bubbles: true }));
    return !isEmpty(control);
  }
  return false;
}

/** Typing stops at the control's own limit; half a value is none. */
function fitting(control: HTMLInputElement | HTMLTextAreaElement, text: string): string | null {
  if (control.maxLength >= 0 && text.length > control.maxLength) return null;
  return text;
}

function optionFor(select: HTMLSelectElement, text: string): string | null {
  const fold = (one: string): string => one.replaceAll(/\s+/g, ' ').trim().toLowerCase();
  const all = [...select.options].filter(({ disabled, value }) => !disabled && value !== '');
  const same = all.filter((option) => fold(option.text) === fold(text) || fold(option.value) === fold(text));
  return same.length === 1 ? (same[0]?.value ?? null) : null;
}

/** Each step in turn. `showing` is told of the control that is filled next; `stopped` ends it before the next field. */
export async function fill(
  root: Document,
  part: ReadingPart,
  page: string,
  steps: readonly FillStep[],
  showing: (control: Element | null) => void,
  stopped: AbortSignal,
): Promise<Filled> {
  const done: Filled = { filled: [], left: [] };
  const visited: Control[] = [];
  for (const { where, field, texts } of steps) {
    const why = stopped.aborted ? 'stopped' : await one(where, texts);
    if (why === null) done.filled.push(field);
    else done.left.push({ field, why });
  }
  // Forms often look at a field only when it is left.
  visited.at(-1)?.blur();
  showing(null);
  return done;

  async function one(where: string, texts: readonly string[]): Promise<LeftField['why'] | null> {
    // Found anew each time: an earlier field may have made the form draw itself again.
    const element = locateField(root, part, page, where);
    if (!element) return 'not_here';
    const control = writable(element);
    if (!control) return 'cannot_write';
    if (!isEmpty(control)) return 'holds_something';
    control.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    control.focus({ preventScroll: true });
    showing(control);
    await pause();
    if (stopped.aborted) return 'stopped';
    if (!control.isConnected || !isEmpty(control)) return control.isConnected ? 'holds_something' : 'not_here';
    visited.push(control);
    if (!write(control, texts)) return 'not_taken';
    await pause();
    const after = writable(locateField(root, part, page, where));
    return after && isEmpty(after) ? 'not_taken' : null;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PACE_MS);
  });
}
