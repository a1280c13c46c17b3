import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { caseHandlers } from '../lib/cases';
import { halvesOfCheck, halvesOfPage, namedOn } from '../lib/halves';
import { caseOf, chooseCase } from '../lib/tab-case';
import { answer, finding, page, reading } from './sample';

const portal = { slug: 'north_plan', name: 'North', fictional: false, hosts: ['https://portal.north.example'], sandbox_origin: null, reading_part: reading };
const authorization = answer().authorization;

beforeEach(() => {
  fakeBrowser.reset();
});

describe('the case of a tab', () => {
  it('is nobody until a person chooses, then that tab\'s alone, until it is let go', async () => {
    expect(await caseOf(7)).toBeNull();
    await chooseCase(7, 12);
    expect([await caseOf(7), await caseOf(8)]).toEqual([12, null]);
    await chooseCase(7, null);
    expect(await caseOf(7)).toBeNull();
    expect(await fakeBrowser.storage.local.get(null)).toEqual({});
  });

  it('is what an open form of the tab is compared with from then on', async () => {
    const toFrames = vi.fn<Parameters<typeof caseHandlers>[1]>().mockResolvedValue();
    await caseHandlers([portal], toFrames)['case/choose']({ tab: 7, authorization_id: 12 });
    expect(toFrames).toHaveBeenCalledWith(7, { type: 'frame/check', authorization_id: 12 });
  });
});

describe('a search page', () => {
  const open = (address: string) => caseHandlers([portal], () => Promise.resolve())['look/open']({ address, authorization_id: 12 });

  it('of a known portal opens in a tab of its own, with its case', async () => {
    expect(await open('https://portal.north.example/search')).toEqual({ opened: true });
    const tab = (await fakeBrowser.tabs.query({})).find(({ url }) => url === 'https://portal.north.example/search');
    expect(await caseOf(tab?.id ?? -1)).toBe(12);
  });

  it.each(['https://portal.north.example.evil.example/search', 'http://portal.north.example/search', 'javascript:alert(1)', 'file:///etc/passwd', ''])(
    'at %s is no portal\'s, so it is not opened',
    async (address) => {
      const before = (await fakeBrowser.tabs.query({})).length;
      expect(await open(address)).toEqual({ opened: false });
      expect(await fakeBrowser.tabs.query({})).toHaveLength(before);
    },
  );
});

describe('the other half', () => {
  it('on a page that nothing was compared on claims no agreement', () => {
    if (!authorization) throw new Error('the sample has one');
    const rows = halvesOfPage(authorization, page(), reading);
    expect(rows).toContainEqual({ field: 'member_id', approved: 'XYZ100200301', entered: 'XYZ100200301', state: 'not_compared' });
    expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['not_compared']));
  });

  it('is the service last compared, with what was found then', () => {
    if (!authorization) throw new Error('the sample has one');
    const rows = halvesOfCheck(authorization, {
      service: { procedure_code: '72149', quantity: '2', unit: 'units', birth_date: '1961-03-12', diagnoses: ['M54.16'] },
      findings: [finding('procedure_code')],
    });
    expect(rows).toContainEqual({ field: 'procedure_code', approved: '72148', entered: '72149', state: 'denial' });
    expect(rows).toContainEqual({ field: 'quantity', approved: '3 units', entered: '2 units', state: 'not_compared' });
    expect(rows.find(({ field }) => field === 'birth_date')?.entered).toBe(rows.find(({ field }) => field === 'birth_date')?.approved);
  });

  it('of several lines none of which is meant shows their codes, and no quantity as if it were all', () => {
    if (!authorization) throw new Error('the sample has one');
    const [line] = authorization.lines;
    if (!line) throw new Error('the sample has one');
    const two = { ...authorization, lines: [line, { ...line, number: 2, code: '97140' }] };
    const rows = halvesOfCheck(two, { service: { procedure_code: '1', quantity: '9' }, findings: [] });
    expect(rows.map(({ field, approved }) => [field, approved])).toEqual([['procedure_code', '72148, 97140']]);
  });

  it('names the patient by reference numbers before the member ID', () => {
    const control = (text: string) => ({ text, shown: true, editable: true, way: 0 });
    const shown = page({ fields: { member: control('XYZ1'), reference_number: control('A-7') } });
    expect(namedOn(shown, reading)).toEqual(['A-7', 'XYZ1']);
  });
});
