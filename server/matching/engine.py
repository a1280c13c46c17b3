"""The one check engine: every checkpoint asks it, and it knows nothing but its arguments.

`check` holds a service against one authorization; `choose` ranks the authorizations it may belong to;
`evaluate` does both and gives the verdict. All are pure: the same arguments give the same answer, in whatever
order the authorizations come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from portal_profiles.vocabulary import AuthorizationType, FieldName, NumberKind
from server.matching.compare import identifier_key
from server.matching.comparison import Asked, CodeFit, Comparison
from server.matching.facts import Authorization, Policy, Service
from server.matching.finding import Candidate, CheckResult, Choice, Finding, Severity, Verdict
from server.matching.rule import Agreement, Difference
from server.matching.rules import COMPARISON_RULES, SEARCH_RULES
from server.matching.search import Search

#: How much agreement on a field speaks for an authorization and a denial against it. A caution counts a
#: quarter of what a denial does, a difference that the payer's rule allows three quarters of an agreement.
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
}
_PATIENT = frozenset(
    {
        FieldName.MEMBER_ID,
        FieldName.BIRTH_DATE,
        FieldName.PATIENT_NAME,
        FieldName.PATIENT_LAST_NAME,
        FieldName.PATIENT_FIRST_NAME,
    }
)
_ORDER = {Severity.DENIAL: 0, Severity.CAUTION: 1, Severity.ALLOWED: 2}
_WORDS = {
    name: name.value.replace("_", " ").replace("npi", "NPI").replace(" id", " ID") for name in FieldName
}


@dataclass(slots=True)
class _Held:
    """One service held against one authorization: what every rule answered, and what that weighs."""

    authorization: Authorization
    comparison: Comparison
    findings: tuple[Finding, ...]
    agreed: dict[FieldName, None]
    slips: frozenset[FieldName]
    score: int
    has_number: bool

    @property
    def line(self) -> int | None:
        line = self.comparison.line
        return line.number if line is not None else None

    def severity_on(self, field: FieldName) -> Severity | None:
        """The worst severity found on a field, None without a finding."""
        return next((finding.severity for finding in self.findings if finding.field is field), None)

    @property
    def is_clean(self) -> bool:
        """Whether nothing speaks against it, the number left aside (a rule on the choice asks that)."""
        return all(
            finding.severity is Severity.ALLOWED or finding.field is FieldName.REFERENCE_NUMBER
            for finding in self.findings
        )

    @property
    def is_for_another_procedure(self) -> bool:
        return self.comparison.fit is CodeFit.DIFFERENT

    def candidate(self) -> Candidate:
        """As the answer shows it, with the reasons for and against in words."""
        reasons = ["for: the number entered is its own"] if self.has_number else []
        reasons += [f"for: {_WORDS[field]} agrees" for field in self.agreed]
        reasons += [f"{_SIDE[finding.severity]}: {finding.message}" for finding in self.findings]
        return Candidate(self.authorization.id, self.line, self.score, tuple(reasons))


_SIDE = {Severity.DENIAL: "against", Severity.CAUTION: "caution", Severity.ALLOWED: "for, by payer rule"}


def check(service: Service, authorization: Authorization, policy: Policy) -> tuple[Finding, ...]:
    """The findings of every rule on one service and one authorization, denials first.

    Does not ask whether the authorization is the right one: that is `choose`. Empty when nothing that could
    be compared differs, which is not yet a match: see `checked_fields`.
    """
    return _findings(Comparison(Asked(service), authorization, policy))


def checked_fields(
    service: Service, authorization: Authorization, policy: Policy | None = None
) -> tuple[FieldName, ...]:
    """The fields that both sides know and that were compared, with or without a finding.

    Tells "checked and clear" from "not checked". Without a policy no payer rule counts.
    """
    held = _hold(Asked(service), authorization, policy or Policy(today=date.min))
    return _checked(held)


def choose(service: Service, authorizations: Iterable[Authorization], policy: Policy) -> Choice:
    """Which authorization the service belongs to: candidates best first, each with its reasons.

    A candidate is an authorization of the patient (as far as the identifiers tell), or the one whose number
    was entered when the patient has none. Referrals are never candidates. Equal scores are a tie: none is
    chosen.
    """
    return _search(Asked(service), tuple(authorizations), policy)[0].choice


def evaluate(service: Service, authorizations: Iterable[Authorization], policy: Policy) -> CheckResult:
    """The whole check: the choice, the findings on the chosen authorization and on the choice itself, the
    verdict.

    Verdict: `no_authorization` when patient and procedure are known and nothing on file fits; `mismatch` with
    a denial among the findings; `undetermined` when none could be chosen, or the patient or the procedure is
    not known well enough to call anything a match; `caution`; `match`. In a tie the findings are those common
    to all that tie.
    """
    search, best = _search(Asked(service), tuple(authorizations), policy)
    findings = list(_common(best))
    checked: dict[FieldName, None] = dict.fromkeys(field for held in best for field in _checked(held))
    for rule in SEARCH_RULES:
        answer = rule.answer(search)
        if isinstance(answer, Difference):
            findings.append(rule.finding(answer, None))
            checked[answer.field] = None
        elif isinstance(answer, Agreement):
            checked.update(dict.fromkeys(answer.fields))
    findings.sort(key=_severity_order)
    return CheckResult(_verdict(search, best, findings), search.choice, tuple(findings), tuple(checked))


def _findings(comparison: Comparison) -> tuple[Finding, ...]:
    line = comparison.line.number if comparison.line is not None else None
    findings = []
    for rule in COMPARISON_RULES:
        answer = rule.answer(comparison)
        if isinstance(answer, Difference):
            findings.append(rule.finding(answer, line))
    if len(findings) > 1:
        findings.sort(key=_severity_order)
    return tuple(findings)


def _severity_order(finding: Finding) -> int:
    return _ORDER[finding.severity]


def _hold(asked: Asked, authorization: Authorization, policy: Policy) -> _Held:
    comparison = Comparison(asked, authorization, policy)
    line = comparison.line.number if comparison.line is not None else None
    agreed: dict[FieldName, None] = {}
    slips = set()
    findings = []
    score = int(comparison.fit)
    for rule in COMPARISON_RULES:
        answer = rule.answer(comparison)
        if answer is None:
            continue
        if isinstance(answer, Agreement):
            for field in answer.fields:
                if field not in agreed:
                    agreed[field] = None
                    score += _FOR_AND_AGAINST[field][0] if field in _FOR_AND_AGAINST else 0
            continue
        findings.append(rule.finding(answer, line))
        if answer.slip:
            slips.add(answer.field)
        score += _weight(answer)
    findings.sort(key=_severity_order)
    for finding in findings:
        agreed.pop(finding.field, None)
    number = asked.number
    has_number = bool(number) and any(
        identifier_key(issued.value) == number for issued in authorization.reference_numbers
    )
    if has_number and FieldName.REFERENCE_NUMBER not in agreed:
        score += _FOR_AND_AGAINST[FieldName.REFERENCE_NUMBER][0] // 2
    return _Held(authorization, comparison, tuple(findings), agreed, frozenset(slips), score, has_number)


def _weight(difference: Difference) -> int:
    speaks_for, against = _FOR_AND_AGAINST.get(difference.field, (0, 0))
    if difference.severity is Severity.DENIAL:
        return -against
    return -against // 4 if difference.severity is Severity.CAUTION else speaks_for * 3 // 4


def _checked(held: _Held) -> tuple[FieldName, ...]:
    return tuple(dict.fromkeys([finding.field for finding in held.findings] + list(held.agreed)))


def _is_of_patient(held: _Held) -> bool:
    """Whether the identifiers on both sides may be one person's.

    The member ID weighs most, but relatives can share it, so name and birth date both against it outweigh it.
    A birth date alone, or a member ID that is only close, names nobody.
    """
    member = _points(held, FieldName.MEMBER_ID, agree=4, close=0)
    birth = _points(held, FieldName.BIRTH_DATE, agree=2, close=1)
    name = _name_points(held)
    close_member = FieldName.MEMBER_ID in held.slips and birth + name >= 2
    return member + birth + name >= 2 and (member > 0 or name > 0 or close_member)


def _points(held: _Held, field: FieldName, *, agree: int, close: int) -> int:
    if field in held.agreed:
        return agree
    severity = held.severity_on(field)
    if severity is None:
        return 0
    if severity is Severity.ALLOWED:
        return agree
    return close if field in held.slips else -2


def _name_points(held: _Held) -> int:
    for field in (FieldName.PATIENT_NAME, FieldName.PATIENT_LAST_NAME, FieldName.PATIENT_FIRST_NAME):
        if held.severity_on(field) is not None:
            return 1 if field in held.slips else -2
    return 2 if FieldName.PATIENT_LAST_NAME in held.agreed else 0


def _is_near_patient(held: _Held) -> bool:
    return bool(held.slips & _PATIENT)


def _is_unrelated(held: _Held) -> bool:
    """Whether it is for another procedure at another time, and nothing but the patient ties it to the
    service.
    """
    if held.has_number or not held.is_for_another_procedure:
        return False
    outside = any(
        held.severity_on(field) is Severity.DENIAL
        for field in (FieldName.SERVICE_FROM, FieldName.SERVICE_TO, FieldName.ADMISSION_DATE)
    )
    tied = held.agreed.keys() & {FieldName.RENDERING_NPI, FieldName.FACILITY_NPI, FieldName.DIAGNOSES}
    return outside and not tied


def _search(
    asked: Asked, authorizations: tuple[Authorization, ...], policy: Policy
) -> tuple[Search, list[_Held]]:
    """Everything on file held against the service, and the best: one, several that tie, or none."""
    held = [_hold(asked, authorization, policy) for authorization in authorizations]
    of_patient = [one for one in held if _is_of_patient(one)]
    candidates = [
        one
        for one in of_patient
        if one.authorization.type is not AuthorizationType.REFERRAL and not _is_unrelated(one)
    ]
    if not candidates:
        candidates = [one for one in held if one.has_number and _has_authorization_number(asked, one)]
    candidates.sort(key=lambda one: (-one.score, one.authorization.id))
    best = [one for one in candidates if one.score == candidates[0].score]
    listed = tuple(one.candidate() for one in candidates)
    chosen = listed[0] if len(best) == 1 else None
    search = Search(
        asked=asked,
        policy=policy,
        on_file=authorizations,
        choice=Choice(candidates=listed, chosen=chosen, tie=len(best) > 1),
        of_patient=frozenset(one.authorization.id for one in of_patient),
        clean=frozenset(one.authorization.id for one in candidates if one.is_clean),
        near_patient=any(_is_near_patient(one) for one in held),
        only_other_procedures=len(best) > 1 and all(one.is_for_another_procedure for one in best),
    )
    return search, best


def _has_authorization_number(asked: Asked, held: _Held) -> bool:
    """Whether the number entered is one that only this authorization can mean: referrals do not count."""
    return held.authorization.type is not AuthorizationType.REFERRAL and any(
        issued.kind is not NumberKind.REFERRAL and identifier_key(issued.value) == asked.number
        for issued in held.authorization.reference_numbers
    )


def _common(best: Sequence[_Held]) -> tuple[Finding, ...]:
    """The findings on the chosen one; in a tie those that each of them has, without what one of them
    approves.
    """
    if not best:
        return ()
    if len(best) == 1:
        return best[0].findings
    shared = []
    for finding in best[0].findings:
        alike = [next((f for f in other.findings if _says_the_same(f, finding)), None) for other in best[1:]]
        if all(other is not None and other.approved == finding.approved for other in alike):
            shared.append(finding)
    return tuple(shared)


def _says_the_same(one: Finding, other: Finding) -> bool:
    return one.rule == other.rule and one.severity is other.severity and one.field is other.field


def _verdict(search: Search, best: Sequence[_Held], findings: Sequence[Finding]) -> Verdict:
    if search.finds_none():
        return Verdict.NO_AUTHORIZATION
    severities = {finding.severity for finding in findings}
    if Severity.DENIAL in severities:
        return Verdict.MISMATCH
    if len(best) != 1 or not search.asked.has_code() or not _patient_is_known(best[0]):
        return Verdict.UNDETERMINED
    return Verdict.CAUTION if Severity.CAUTION in severities else Verdict.MATCH


def _patient_is_known(held: _Held) -> bool:
    """Whether something ties the service to this patient: an identifier that was compared, or the number."""
    return held.has_number or bool(_PATIENT & {*held.agreed, *(f.field for f in held.findings)})
