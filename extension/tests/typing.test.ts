import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fill, isEmpty, writable, write } from '../lib/typing';
import { reading } from './sample';

const steps = [
  { where: 'member', field: 'member_id', texts: ['XYZ100200301'] },
  { where: 'last', field: 'patient_last_name', texts: ['Lindqvist'] },
  { where: 'procedures[0].procedure_code', field: 'procedure_code', texts: ['97110'] },
];

function input(label: string, value = '', into: Element = document.body): HTMLInputElement {
  const around = document.createElement('label');
  const box = document.createElement('input');
  box.value = value;
  around.append(label, box);
  into.append(around);
  return box;
}

const filledBy = (stopped = new AbortController().signal) => fill(document, reading, 'request', steps, () => undefined, stopped);

beforeEach(() => {
  document.body.replaceChildren();
  Element.prototype.scrollIntoView = () => undefined;
  const heading = document.createElement('h1');
  heading.textContent = 'New request';
  document.body.append(heading);
});

describe('filling a form', () => {
  it('writes into empty fields with the events of typing, and presses nothing', async () => {
    const member = input('Member ID');
    const form = document.createElement('form');
    form.append(...document.body.children);
    document.body.append(form);
    const heard: string[] = [];
    for (const kind of ['input', 'change', 'blur', 'click', 'submit', 'keydown']) {
      form.addEventListener(kind, ({ type }) => heard.push(type), true);
    }
    expect(await filledBy()).toEqual({
      filled: ['member_id'],
      left: [{ field: 'patient_last_name', why: 'not_here' }, { field: 'procedure_code', why: 'not_here' }],
    });
    expect(member.value).toBe('XYZ100200301');
    expect(heard).toEqual(['input', 'change', 'blur']);
  });

  it('never writes over what stands there, not even what came while it was on its way', async () => {
    const member = input('Member ID', 'somebody');
    const last = input('Last name');
    last.addEventListener('focus', () => { last.value = 'typed meanwhile'; });
    expect((await filledBy()).left).toEqual([
      { field: 'member_id', why: 'holds_something' },
      { field: 'patient_last_name', why: 'holds_something' },
      { field: 'procedure_code', why: 'not_here' },
    ]);
    expect([member.value, last.value]).toEqual(['somebody', 'typed meanwhile']);
  });

  it('stops where it is told to, and says what it left', async () => {
    const member = input('Member ID');
    const last = input('Last name');
    const over = new AbortController();
    member.addEventListener('change', () => { over.abort(); });
    expect((await filledBy(over.signal)).left.map(({ why }) => why)).toEqual(['stopped', 'stopped']);
    expect(last.value).toBe('');
  });

  it('says what the portal did not keep', async () => {
    const member = input('Member ID');
    member.addEventListener('change', () => { member.value = ''; });
    expect((await filledBy()).left[0]).toEqual({ field: 'member_id', why: 'not_taken' });
  });

  it('goes into the row that is meant, and finds a field again that the form drew anew', async () => {
    const member = input('Member ID');
    const row = document.body.appendChild(document.createElement('fieldset'));
    input('Procedure code', '', row);
    member.addEventListener('change', () => { row.replaceChildren(); input('Procedure code', '', row); });
    expect((await filledBy()).filled).toEqual(['member_id', 'procedure_code']);
    expect(row.querySelector('input')?.value).toBe('97110');
  });
});

describe('a control', () => {
  it.each<[keyof HTMLElementTagNameMap, Record<string, string>]>([
    ['input', { type: 'checkbox' }], ['input', { type: 'radio' }], ['input', { type: 'submit' }], ['input', { type: 'file' }],
    ['input', { role: 'combobox' }], ['input', { readonly: '' }], ['input', { disabled: '' }], ['div', { contenteditable: '' }], ['button', {}],
  ])('%s %j is left to the person', (tag, attributes) => {
    const element = document.body.appendChild(document.createElement(tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    expect(writable(element)).toBeNull();
  });

  it('with a list takes the one option that means the text, by its words or its value', () => {
    const select = document.body.appendChild(document.createElement('select'));
    for (const [value, text] of [['', 'Choose'], ['UN', 'Units'], ['VS', 'Visits']] as const) select.add(new Option(text, value));
    expect([isEmpty(select), write(select, ['days']), write(select, ['days', 'visits'])]).toEqual([true, false, true]);
    expect(select.value).toBe('VS');
  });

  it('that holds fewer letters is not given half a value', () => {
    const box = input('Member ID');
    box.maxLength = 4;
    const heard = vi.fn();
    box.addEventListener('input', heard);
    expect(write(box, ['XYZ100200301'])).toBe(false);
    expect([box.value, heard.mock.calls.length]).toEqual(['', 0]);
  });
});
