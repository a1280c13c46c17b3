import { describe, expect, it } from 'vitest';
import { issues, judge, withoutPatient } from '../lib/checking';
import { answer, finding, page } from './sample';

describe('the state of a check', () => {
  it('is clear when an authorization was found, something was compared and nothing differs', () => {
    expect(judge(answer(), page())).toEqual({ state: 'clear', because: null });
  });

  it('is a warning when something would be denied, whatever else could not be read', () => {
    const found = answer({ verdict: 'mismatch', findings: [finding('quantity')], unreadable: [{ field: 'unit', message: '' }] });
    expect(judge(found, page()).state).toBe('warning');
  });

  it('is not a warning when a payer rule allows the difference', () => {
    const allowed = answer({ findings: [finding('quantity', { severity: 'allowed', allowed_by: 'r1' })] });
    expect(judge(allowed, page()).state).toBe('clear');
    expect(issues(allowed)).toEqual([]);
  });

  it.each([
    ['no authorization fits', answer({ verdict: 'no_authorization', authorization: null }), 'no_authorization'],
    ['several fit equally', answer({ verdict: 'undetermined', tie: true, authorization: null }), 'several_authorizations'],
    ['too little is filled in', answer({ verdict: 'undetermined', checked: [] }), 'too_little'],
    ['nothing was compared, though the verdict is a match', answer({ checked: [] }), 'too_little'],
    ['the server could not read a field', answer({ unreadable: [{ field: 'birth_date', message: '' }] }), 'unreadable'],
    ['a caution came without a finding', answer({ verdict: 'caution' }), 'server_failed'],
  ])('is "could not check" and never clear when %s', (_, given, because) => {
    expect(judge(given, page())).toEqual({ state: 'could_not', because });
  });

  it('is "could not check" when the reader missed a required field', () => {
    const gap = page({ problems: [{ where: 'fields.member', problem: 'nothing', count: 0, candidates: [] }] });
    expect(judge(answer(), gap)).toEqual({ state: 'could_not', because: 'unreadable' });
  });

  it('does not mind a field that was read by a fallback', () => {
    const other = page({ problems: [{ where: 'fields.member', problem: 'fallback', count: 1, candidates: [] }] });
    expect(judge(answer(), other).state).toBe('clear');
  });
});

describe('what is shown in the page', () => {
  it('never holds the patient of the authorization', () => {
    const told = withoutPatient(
      answer({
        findings: [
          finding('member_id', { approved: 'XYZ100200301', message: 'XYZ100200301 is approved' }),
          finding('birth_date', { approved: '1961-03-12', why: 'born 1961-03-12' }),
          finding('patient_name', { approved: 'Ada Lindqvist', next_step: 'Ask for Ada.' }),
        ],
      }),
    );
    expect(JSON.stringify(told)).not.toMatch(/Lindqvist|Ada|1961|XYZ100200301/);
    expect(told.findings).toHaveLength(3);
  });

  it('keeps the approved value of everything else', () => {
    expect(withoutPatient(answer({ findings: [finding('quantity', { approved: '3 units' })] })).findings[0]?.approved).toBe('3 units');
  });
});
