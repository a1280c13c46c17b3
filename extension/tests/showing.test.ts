import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import english from '../public/_locales/en/messages.json';
import { controlOf } from '../lib/locating';
import { findingElement, grouped } from '../lib/findings';
import { halves } from '../lib/halves';
import { daysUntil } from '../lib/words';
import { answer, finding, page, reading } from './sample';

beforeEach(() => {
  const messages: Record<string, { message: string; placeholders?: Record<string, { content: string }> }> = english;
  vi.spyOn(fakeBrowser.i18n, 'getMessage').mockImplementation(((key: string, values: string[] = []) => {
    const { message = '' } = messages[key] ?? {};
    return message.replaceAll(/\$VALUE(\d)\$/g, (_, n: string) => values[Number(n) - 1] ?? '');
  }) as typeof fakeBrowser.i18n.getMessage);
});

describe('a finding', () => {
  it('shows field, both values, why, likely denial code and next step', () => {
    const text = findingElement(finding('quantity', { approved: '3 units', entered: '9 units' }), true).textContent;
    for (const part of ['Quantity', 'Would be denied', '3 units', '9 units', 'The payer compares it.', 'Next: Correct it.', 'CARC 15']) {
      expect(text).toContain(part);
    }
  });

  it('is text and never markup, whatever a page or a server says', () => {
    const evil = '<img src=x onerror=alert(1)>';
    const element = findingElement(finding('quantity', { message: evil, approved: evil, why: evil }), false);
    expect(element.querySelector('img')).toBeNull();
    expect(element.textContent).toContain(evil);
  });

  it('comes before one that only needs a look, and repeats of a field stand together', () => {
    const groups = grouped([finding('unit', { severity: 'caution' }), finding('quantity'), finding('unit', { severity: 'caution', rule: 'other' })]);
    expect(groups.map((group) => [group[0]?.field, group.length])).toEqual([['quantity', 1], ['unit', 2]]);
  });
});

describe('the control of a finding', () => {
  beforeEach(() => {
    document.body.replaceChildren();
    const heading = document.createElement('h1');
    heading.textContent = 'New request';
    document.body.append(heading);
    for (const code of ['97110', '72149']) {
      const row = document.createElement('fieldset');
      const label = document.createElement('label');
      const box = document.createElement('input');
      box.value = code;
      label.append('Procedure code', box);
      row.append(label);
      document.body.append(row);
    }
  });

  it('is the one of the row whose value was entered', () => {
    const text = (value: string) => ({ procedure_code: { text: value, shown: true, editable: true, way: 0 } });
    const shown = page({ rows: { procedures: [text('97110'), text('72149')] } });
    const control = controlOf(document, reading, shown, finding('procedure_code', { entered: '72149' }));
    expect((control as HTMLInputElement | null)?.value).toBe('72149');
  });

  it('is none when the page does not show the field', () => {
    expect(controlOf(document, reading, page(), finding('plan'))).toBeNull();
  });
});

describe('the two halves', () => {
  it('stand side by side with what each comparison found', () => {
    const rows = halves(answer({ verdict: 'mismatch', findings: [finding('procedure_code')], checked: ['member_id', 'procedure_code'] }), page(), reading);
    expect(rows).toContainEqual({ field: 'member_id', approved: 'XYZ100200301', entered: 'XYZ100200301', state: 'agrees' });
    expect(rows).toContainEqual({ field: 'procedure_code', approved: '72148', entered: '72149', state: 'denial' });
  });

  it('never offer a number of another kind as the authorization number', () => {
    const tracked = answer();
    if (tracked.authorization) tracked.authorization.reference_numbers = [{ value: 'T77120', kind: 'tracking', label: 'Tracking ID' }];
    const rows = halves(tracked, page({ fields: { reference_number: { text: 'T77120', shown: true, editable: true, way: 0 } } }), reading);
    expect(rows.find(({ field }) => field === 'reference_number')?.approved).toBe('–');
  });

  it('are not shown without an authorization', () => {
    expect(halves(answer({ authorization: null }), page(), reading)).toEqual([]);
  });
});

it('the days left count the last day as 0 and end below it', () => {
  const now = new Date(2026, 10, 23, 23, 59);
  expect([daysUntil('2026-11-23', now), daysUntil('2026-11-24', now), daysUntil('2026-11-20', now)]).toEqual([0, 1, -3]);
});
