"""The one check engine: every checkpoint asks it, and it knows nothing but its arguments.

`check` holds a service against one authorization; `choose` ranks the authorizations that it may belong to;
`evaluate` does both and gives the verdict. All are pure: the same arguments give the same answer, in whatever
order the authorizations come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from portal_profiles.vocabulary import AuthorizationType, FieldName, NumberKind
from server.matching.compare import identifier_key
from server.matching.comparison import Asked, CodeFit, Comparison
from server.matching.facts import Authorization, Policy, Service
from server.matching.finding import Candidate, CheckResult, Choice, Finding, Severity, Verdict
from server.matching.rule import Agreement, Difference
from server.matching.rules import COMPARISON_RULES, SEARCH_RULES
from server.matching.search import Search

#: How much agreement on a field speaks for an authorization, and a denial against it. A caution counts a
#: quarter of a denial, a difference that the payer's rule allows three quarters of an agreement. Only their
#: order matters: the number before the procedure, that before the dates, those before everything else.
_FOR_AND_AGAINST: dict[FieldName, tuple[int, int]] = {
    FieldName.REFERENCE_NUMBER: (400, 16),
    FieldName.PROCEDURE_CODE: (40, 80),
    FieldName.SERVICE_FROM: (20, 40),
    FieldName.SERVICE_TO: (0, 24),
    FieldName.ADMISSION_DATE: (20, 40),
    FieldName.MEMBER_ID: (12, 24),
    FieldName.BIRTH_DATE: (8, 16),
    FieldName.PATIENT_LAST_NAME: (8, 16),
    FieldName.PATIENT_FIRST_NAME: (0, 16),
    FieldName.PATIENT_NAME: (0, 8),
    FieldName.PAYER: (8, 32),
    FieldName.PLAN: (4, 12),
    FieldName.RENDERING_NPI: (8, 8),
    FieldName.BILLING_NPI: (4, 8),
    FieldName.FACILITY_NPI: (8, 8),
    FieldName.PLACE_OF_SERVICE: (4, 8),
    FieldName.LEVEL_OF_CARE: (4, 8),
    FieldName.DIAGNOSES: (4, 8),
    FieldName.MODIFIERS: (8, 16),
    FieldName.COMPONENT: (8, 16),
    FieldName.QUANTITY: (4, 16),
    FieldName.UNIT: (4, 16),
    FieldName.DETERMINATION: (2, 20),
    FieldName.REFERRAL_NUMBER: (4, 8),
}
#: Of authorizations that are all for other procedures, only one that leads by this much is likely meant.
_CLEAR_LEAD = 20
_WEIGHTS = {name: _FOR_AND_AGAINST.get(name, (0, 0)) for name in FieldName}
#: An authorization whose number was entered, of whatever kind, comes before all others.
_OWN_NUMBER = 200

_PATIENT = frozenset(
    {
        FieldName.MEMBER_ID,
        FieldName.BIRTH_DATE,
        FieldName.PATIENT_NAME,
        FieldName.PATIENT_LAST_NAME,
        FieldName.PATIENT_FIRST_NAME,
    }
)
_DATES = frozenset({FieldName.SERVICE_FROM, FieldName.SERVICE_TO, FieldName.ADMISSION_DATE})
_ORDER = {Severity.DENIAL: 0, Severity.CAUTION: 1, Severity.ALLOWED: 2}
_SIDE = {
    Severity.DENIAL: "against: ",
    Severity.CAUTION: "caution: ",
    Severity.ALLOWED: "for, by payer rule: ",
}
_AGREES = {
    name: f"for: {name.value.replace('_', ' ').replace('npi', 'NPI').replace(' id', ' ID')} agrees"
    for name in FieldName
}


def check(service: Service, authorization: Authorization, policy: Policy) -> tuple[Finding, ...]:
    """The findings of every rule on one service and one authorization, denials first.

    Does not ask whether the authorization is the right one: that is `choose`. Empty when nothing that could
    be compared differs, which is not yet a match: see `checked_fields`.
    """
    comparison = Comparison(Asked(service), authorization, policy)
    line = comparison.line.number if comparison.line is not None else None
    findings = []
    for rule in COMPARISON_RULES:
        answer = rule.answer(comparison)
        if isinstance(answer, Difference):
            findings.append(rule.finding(answer, line))
    findings.sort(key=_severity_order)
    return tuple(findings)


def checked_fields(
    service: Service, authorization: Authorization, policy: Policy | None = None
) -> tuple[FieldName, ...]:
    """The fields that both sides know and that were compared, with or without a finding.

    Tells "checked and clear" from "not checked". Without a policy no payer rule counts. `evaluate` gives the
    same as `CheckResult.checked` without asking twice.
    """
    return _hold(Asked(service), authorization, policy or Policy(today=date.min)).checked()


def choose(service: Service, authorizations: Iterable[Authorization], policy: Policy) -> Choice:
    """Which authorization the service belongs to: candidates best first, each with its reasons.

    A candidate is an authorization of the patient, as far as the identifiers tell, or the one whose number
    was entered when the patient has none. Referrals are never candidates. Equal scores are a tie: none is
    chosen.
    """
    return _search(Asked(service), tuple(authorizations), policy)[0].choice


def evaluate(service: Service, authorizations: Iterable[Authorization], policy: Policy) -> CheckResult:
    """The whole check: the choice, the findings on the chosen authorization and on the choice, the verdict.

    Verdict: `no_authorization` when patient and procedure are known and nothing on file fits; `mismatch` with
    a denial among the findings; `undetermined` when none could be chosen, or the patient or the procedure is
    not known well enough to call anything a match; else `caution` or `match`. In a tie the findings are those
    that all of the tied share.
    """
    search, best = _search(Asked(service), tuple(authorizations), policy)
    none = search.finds_none()
    findings = [] if none else list(_shared(best))
    checked: dict[FieldName, None] = dict.fromkeys(name for held in best for name in held.checked())
    for rule in SEARCH_RULES:
        answer = rule.answer(search)
        if isinstance(answer, Difference):
            findings.append(rule.finding(answer, None))
            checked[answer.field] = None
        elif answer is not None:
            checked.update(dict.fromkeys(answer.fields))
    findings.sort(key=_severity_order)
    if none:
        verdict = Verdict.NO_AUTHORIZATION
    elif findings and findings[0].severity is Severity.DENIAL:
        verdict = Verdict.MISMATCH
    elif len(best) != 1 or not search.asked.has_code() or not best[0].ties_to_patient():
        verdict = Verdict.UNDETERMINED
    else:
        cautious = bool(findings) and findings[0].severity is Severity.CAUTION
        verdict = Verdict.CAUTION if cautious else Verdict.MATCH
    return CheckResult(verdict, search.choice, tuple(findings), tuple(checked))


def _severity_order(finding: Finding) -> int:
    return _ORDER[finding.severity]


@dataclass(slots=True, eq=False)
class _Held:
    """One service held against one authorization: what every rule answered, and what that weighs.

    findings: denials first. agreed: fields compared without a finding, in order. slips: fields whose finding
    looks like a typing error. has_number: the number entered is one of its numbers, of whatever kind.
    """

    authorization: Authorization
    comparison: Comparison
    findings: list[Finding]
    agreed: dict[FieldName, None]
    slips: frozenset[FieldName]
    score: int
    has_number: bool

    def severity_on(self, name: FieldName) -> Severity | None:
        """The worst severity found on a field, None without a finding."""
        for finding in self.findings:
            if finding.field is name:
                return finding.severity
        return None

    def checked(self) -> tuple[FieldName, ...]:
        """The fields that were compared, those with findings first."""
        return tuple(dict.fromkeys([*(finding.field for finding in self.findings), *self.agreed]))

    def is_clean(self) -> bool:
        """Whether nothing speaks against it, the number left aside (a rule on the choice asks about that)."""
        return all(
            finding.severity is Severity.ALLOWED or finding.field is FieldName.REFERENCE_NUMBER
            for finding in self.findings
        )

    def is_referral(self) -> bool:
        return self.authorization.type is AuthorizationType.REFERRAL

    def is_for_another_procedure(self) -> bool:
        return self.comparison.fit is CodeFit.DIFFERENT

    def patient_differences(self) -> set[FieldName]:
        """The patient's fields that disagree, slips included."""
        return {
            finding.field
            for finding in self.findings
            if finding.field in _PATIENT and finding.severity is not Severity.ALLOWED
        }

    def patient_is_compared(self) -> bool:
        return not _PATIENT.isdisjoint(self.agreed) or any(f.field in _PATIENT for f in self.findings)

    def ties_to_patient(self) -> bool:
        """Whether anything ties the service to this patient: an identifier compared, or the number."""
        return self.has_number or self.patient_is_compared()

    def is_of_patient(self) -> bool:
        """Whether the identifiers on both sides may be one person's.

        The member ID weighs most, but relatives can share it, so name and birth date both against it outweigh
        it. A birth date alone, or a member ID that is only close, names nobody.
        """
        member = self._points(FieldName.MEMBER_ID, agree=4, close=0)
        birth = self._points(FieldName.BIRTH_DATE, agree=2, close=1)
        name = self._name_points()
        close_member = FieldName.MEMBER_ID in self.slips and birth + name >= 2
        return member + birth + name >= 2 and (member > 0 or name > 0 or close_member)

    def _points(self, name: FieldName, *, agree: int, close: int) -> int:
        if name in self.agreed:
            return agree
        severity = self.severity_on(name)
        if severity is None:
            return 0
        if severity is Severity.ALLOWED:
            return agree
        return close if name in self.slips else -2

    def _name_points(self) -> int:
        for name in (FieldName.PATIENT_NAME, FieldName.PATIENT_LAST_NAME, FieldName.PATIENT_FIRST_NAME):
            if self.severity_on(name) is not None:
                return 1 if name in self.slips else -2
        return 2 if FieldName.PATIENT_LAST_NAME in self.agreed else 0

    def is_unrelated(self) -> bool:
        """Whether it is for another procedure at another time, and only the patient ties it."""
        if self.has_number or not self.is_for_another_procedure():
            return False
        outside = any(f.field in _DATES and f.severity is Severity.DENIAL for f in self.findings)
        tied = self.agreed.keys() & {FieldName.RENDERING_NPI, FieldName.FACILITY_NPI, FieldName.DIAGNOSES}
        return outside and not tied

    def candidate(self) -> Candidate:
        """As the answer shows it, with the reasons for and against in words."""
        reasons = ["for: the number entered is its own"] if self.has_number else []
        reasons += [_AGREES[name] for name in self.agreed]
        reasons += [_SIDE[finding.severity] + finding.message for finding in self.findings]
        line = self.comparison.line
        return Candidate(
            self.authorization.id, line.number if line is not None else None, self.score, tuple(reasons)
        )


def _hold(asked: Asked, authorization: Authorization, policy: Policy) -> _Held:
    comparison = Comparison(asked, authorization, policy)
    line = comparison.line.number if comparison.line is not None else None
    agreed: dict[FieldName, None] = {}
    slips = []
    findings = []
    score = int(comparison.fit)
    for rule in COMPARISON_RULES:
        answer = rule.answer(comparison)
        if answer is None:
            continue
        if isinstance(answer, Agreement):
            for name in answer.fields:
                if name not in agreed:
                    agreed[name] = None
                    score += _WEIGHTS[name][0]
            continue
        findings.append(rule.finding(answer, line))
        score += _weight(answer)
        if answer.slip:
            slips.append(answer.field)
    if findings:
        findings.sort(key=_severity_order)
        for finding in findings:
            agreed.pop(finding.field, None)
    number = asked.number
    has_number = bool(number) and any(
        identifier_key(issued.value) == number for issued in authorization.reference_numbers
    )
    if has_number:
        score += _OWN_NUMBER
    return _Held(authorization, comparison, findings, agreed, frozenset(slips), score, has_number)


def _weight(difference: Difference) -> int:
    speaks_for, against = _WEIGHTS[difference.field]
    if difference.severity is Severity.DENIAL:
        return -against
    return -against // 4 if difference.severity is Severity.CAUTION else speaks_for * 3 // 4


def _search(
    asked: Asked, authorizations: tuple[Authorization, ...], policy: Policy
) -> tuple[Search, list[_Held]]:
    """Everything on file held against the service, and the best: one, several that tie, or none."""
    held = [_hold(asked, authorization, policy) for authorization in authorizations]
    of_patient = frozenset(one.authorization.id for one in held if one.is_of_patient())
    candidates = [
        one
        for one in held
        if one.authorization.id in of_patient and not one.is_referral() and not one.is_unrelated()
    ]
    if not candidates:
        candidates = [one for one in held if one.has_number and _means_only(asked, one)]
    candidates.sort(key=lambda one: (-one.score, one.authorization.id))
    best = _best(candidates)
    listed = tuple(one.candidate() for one in candidates)
    search = Search(
        asked=asked,
        policy=policy,
        on_file=authorizations,
        choice=Choice(listed, chosen=listed[0] if len(best) == 1 else None, tie=len(best) > 1),
        of_patient=of_patient,
        other_patients=frozenset(
            one.authorization.id
            for one in held
            if one.authorization.id not in of_patient and one.patient_differences()
        ),
        clean=frozenset(one.authorization.id for one in candidates if one.is_clean()),
        near_patient=any(_is_near_patient(one) for one in held),
        only_other_procedures=len(best) > 1 and all(one.is_for_another_procedure() for one in best),
        unclear=not candidates
        and any(
            not one.patient_is_compared() and not one.is_for_another_procedure()
            for one in held
            if not one.is_referral()
        ),
    )
    return search, best


def _best(candidates: Sequence[_Held]) -> list[_Held]:
    """Those of the highest score; among other procedures also those close to it: none is the one asked."""
    if not candidates:
        return []
    lead = 0
    if all(one.is_for_another_procedure() and not one.has_number for one in candidates):
        lead = _CLEAR_LEAD - 1
    return [one for one in candidates if one.score >= candidates[0].score - lead]


def _is_near_patient(held: _Held) -> bool:
    """Whether the patient differs, and only by what looks like slips."""
    differing = held.patient_differences()
    return bool(differing) and differing <= held.slips


def _means_only(asked: Asked, held: _Held) -> bool:
    """Whether the number entered can only mean this authorization: a referral's number does not."""
    return not held.is_referral() and any(
        issued.kind is not NumberKind.REFERRAL and identifier_key(issued.value) == asked.number
        for issued in held.authorization.reference_numbers
    )


def _shared(best: Sequence[_Held]) -> Sequence[Finding]:
    """The findings on the chosen one; in a tie those that all of them have."""
    if len(best) <= 1:
        return best[0].findings if best else ()
    shared = []
    for finding in best[0].findings:
        alike = [f for one in best for f in one.findings if _says_the_same(f, finding)]
        if len(alike) == len(best):
            shared.append(_merged(alike))
    return shared


def _says_the_same(one: Finding, other: Finding) -> bool:
    return one.rule == other.rule and one.severity is other.severity and one.field is other.field


def _merged(alike: Sequence[Finding]) -> Finding:
    """One finding for several authorizations: what each approves, and only what all of them say."""
    first = alike[0]
    approved = dict.fromkeys(finding.approved for finding in alike if finding.approved is not None)
    same = all(finding.message == first.message for finding in alike)
    return replace(
        first,
        message=first.message if same else "This fits none of the authorizations that may be meant.",
        approved=" or ".join(approved) or None,
        line=None,
    )
